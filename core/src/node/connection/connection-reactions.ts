import type { Reaction } from '../../channel/index.ts'
import { utf8Encode } from '../../lib/bytes.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { WarningMessage } from '../../wire/messages/setup.ts'
import type { CloseReason, EstablishFailure, InboundFailure } from './connection-failure.ts'

/** BOLT 1: a message about no channel in particular. */
const NO_CHANNEL = new Uint8Array(32)

/** Every end of a connection, made or in the making, in the form of `REACTIONS`. An end without a row does not compile. */
export const ENDS: { readonly [Code in (CloseReason | InboundFailure)['code']]: Reaction } = {
  // Before `init` has come.
  'handshake-act-length': silent('BOLT 8, acts: one of another length is aborted'),
  'handshake-version': silent('BOLT 8, acts: one of an unknown version is aborted'),
  'handshake-public-key': silent('BOLT 8, acts: one with a key that is none is aborted'),
  'handshake-ciphertext': silent('BOLT 8, act three: one whose static key does not decrypt is aborted'),
  'handshake-tag': silent('BOLT 8, acts: one with a wrong MAC is aborted'),
  'handshake-timeout': silent('Ours: a socket costs memory until its handshake is done'),
  'init-not-first': silent('BOLT 1, init: the first message; nothing else is sent before it has come'),
  'too-many-pending-handshakes': silent('Ours: no address may keep others out'),
  'too-many-calls': silent('Ours: each call costs a handshake'),

  // By `init`.
  'unknown-even-feature': warn('BOLT 1, init: a required feature that is unknown closes the connection'),
  'missing-feature-dependency': warn(
    'BOLT 1, init: features without those that they depend on may close the connection',
  ),
  'wrong-chain': warn('BOLT 1, init: without a chain in common the connection may be closed'),

  // Afterwards.
  'malformed-message': warn('BOLT 1, type-length-value format and fundamental types: it cannot be parsed'),
  'unknown-even-message': warn('BOLT 1, message format: one of an unknown even type closes the connection'),
  'unexpected-init': silent('BOLT 1, init: the first message, and only that'),
  'transport-tag': silent('BOLT 8, decryption: a wrong MAC ends the connection'),
  'ping-timeout': silent('BOLT 1, ping: without a pong the connection may be closed; no channel fails for it'),
  flooding: warn('Ours: who is held up all the time has gone, or sends more than a stranger may'),
  'peer-too-slow': silent('Ours: what the peer does not read is kept in memory'),
  'closed-by-peer': silent('Ours: the node calls again if it has a reason to'),
  'closed-by-us': silent('Ours: why is in the row of the fault, or is known to the operator'),
  'socket-error': silent('Ours: the node calls again if it has a reason to'),
  internal: silent('Ours: a bug ends the connection that it was met on, and nothing else'),
}

function warn(clause: string): Reaction {
  return { scope: 'connection', answer: 'warning', clause }
}

function silent(clause: string): Reaction {
  return { scope: 'connection', answer: 'none', clause }
}

/** Tells the peer why we close, for its log, if `ENDS` has it told. */
export const farewell = (end: CloseReason | EstablishFailure): WarningMessage | undefined => {
  if (ENDS[end.code].answer === 'none') return undefined
  if (end.code === 'unknown-even-message') return warning(`${end.code}: ${end.messageType}`)
  if (end.code !== 'malformed-message') return warning(end.code)
  const { code, error, channelId } = end
  return warning(`${code}: ${error.code} at ${error.path}`, channelId)
}

const warning = (text: string, channelId: ChannelId = NO_CHANNEL): WarningMessage => ({
  type: 'warning',
  channelId,
  data: utf8Encode(text),
})
