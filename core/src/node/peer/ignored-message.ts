import type { Reaction } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { IgnoredMessage as IgnoredOfChannel } from '../channel/channel-rations.ts'
import type { IgnoredByConnection } from '../connection/connection.ts'
import type { RationedLog } from '../rationed-log.ts'

/** A message that is neither acted on nor answered: its kind and why, never what it says. */
export type IgnoredMessage =
  | IgnoredByConnection
  | { readonly message: 'unknown'; readonly why: 'beyond-ration'; readonly type: number; readonly bytes: number }
  | { readonly message: 'announcement_signatures' | 'channel_update'; readonly why: 'not-of-our-channels' }
  | { readonly message: 'peer_storage'; readonly why: 'without-channel' }
  | { readonly message: 'peer_storage_retrieval'; readonly why: 'repeated' }

/** Why a message is passed over, by the connection, the peer's actor or a channel; in the form of `REACTIONS`. */
export const PASSED_OVER: { readonly [Why in (IgnoredMessage | IgnoredOfChannel)['why']]: Reaction } = {
  'no-use': passOver('BOLT 1, message format: an odd type that is unknown; BOLT 7: gossip that we have no use for'),
  'beyond-ration': passOver('Ours: of each peer, a room takes as many messages as its ration has'),
  'wants-no-pong': passOver('BOLT 1, ping: num_pong_bytes of 65532 or above'),
  'not-awaited': passOver('BOLT 1, pong: it answers no ping of ours'),
  'not-announced': passOver('BOLT 7, announcement_signatures: the channel is not to be announced, or closes'),
  'not-of-our-channels': passOver(
    'BOLT 7, announcement_signatures and channel_update: of a channel that we do not know',
  ),
  'other-channel': passOver('BOLT 7, channel_update: of another chain, channel or direction'),
  'not-newer': passOver('BOLT 7, channel_update: its timestamp is not greater than that of the last'),
  'bad-signature': passOver('BOLT 7, channel_update: the signature is not that of the origin'),
  'not-understood': passOver('BOLT 1, type-length-value format: it has a record that must be understood, or none'),
  'too-many': passOver('BOLT 7, channel_update: those that come too often need not be acted on'),
  'without-channel': passOver('BOLT 1, peer storage: a node may keep it for those only with whom it has channels'),
  'channel-is-over': passOver('BOLT 2, message retransmission: of a channel that has failed, but for a preimage'),
  'fee-is-agreed': passOver('BOLT 2, closing_signed: once a fee is agreed on, another is not signed'),
  'at-rest': passOver(
    'Ours: the channel rests, so that the others can go on, and hears the peer on the next connection',
  ),
  quarantined: passOver('Ours: a channel that threw takes no more part in the protocol'),
  repeated: passOver('BOLT 1 and 2: it says what was said before, on this connection or for this channel'),
}

function passOver(clause: string): Reaction {
  return { scope: 'message', answer: 'none', clause }
}

export const logIgnored = (lines: RationedLog, peer: NodeId, ignored: IgnoredMessage): void =>
  lines.write('debug', 'peer.message-ignored', () => ({ peer: toHex(peer), ...ignored }))
