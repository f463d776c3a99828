import { err, ok, type Result } from '../../../lib/result.ts'
import type { UpdateAddHtlc } from '../../../wire/messages/channel-operation.ts'
import { largest } from '../../commitments/amounts.ts'
import { isFundingUndone } from '../../commitments/commitments.ts'
import { isInRemote } from '../../commitments/cross-signed.ts'
import { checkReceivedAdd, checkSentAdd, localLimitsOf, remoteLimitsOf } from '../../commitments/limits.ts'
import type { Proposal } from '../../state/changes.ts'
import type { Phase } from '../../state/channel-state.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { AddHtlcError, ProtocolError } from '../../state/errors.ts'
import { findHtlc, type HtlcRecord } from '../../state/htlc.ts'
import type { AddHtlcCommand } from '../../state/inputs.ts'
import type { Session } from '../../state/session.ts'
import { react } from '../common/react.ts'
import { type Live, type Online, refuse, reply, type Step, stay, to } from '../common/step.ts'

/** BOLT 2: from here on `cltv_expiry` would be a time. */
const FIRST_TIMESTAMP = 500_000_000

/** BOLT 2, update_add_htlc, as its sender. Nothing is written: we may forget the HTLC until it is signed. */
export const addHtlc = (live: Live, command: AddHtlcCommand, env: ChannelEnv): Step => {
  const proposed = proposeAdd(live, command, env)
  const state =
    live.session === undefined ? { durable: live.durable } : { durable: live.durable, session: live.session }
  if (!proposed.ok) return refuse(state, command, proposed.error)
  const { session, add } = proposed.value
  return to(live.durable, session, [
    { type: 'send', epoch: session.epoch, message: add },
    ...reply(command, ok({ type: 'htlc-added', htlcId: add.id })),
  ])
}

const proposeAdd = (
  { durable, session }: Live,
  command: AddHtlcCommand,
  env: ChannelEnv,
): Result<{ readonly session: Session; readonly add: UpdateAddHtlc }, AddHtlcError> => {
  // BOLT 2: no additions after either side's shutdown.
  if (durable.localShutdown !== undefined || durable.remoteShutdown !== undefined) {
    return err({ code: 'channel-closing' })
  }
  if (durable.phase !== 'normal' || isFundingUndone(durable))
    return err({ code: 'channel-not-usable', phase: durable.phase })
  if (session?.reestablished !== true) return err({ code: 'channel-offline' })
  const { settings, height } = env
  // BOLT 2, update_add_htlc: above zero, and not below the peer's `htlc_minimum_msat`.
  const minimumMsat = largest(remoteLimitsOf(durable).htlcMinimumMsat, 1n)
  const amountMsat = command.amountMsat
  if (amountMsat < minimumMsat) return err({ code: 'amount-below-minimum', amountMsat, minimumMsat })
  const cltvExpiry = command.cltvExpiry
  const soonest = height + settings.minCltvExpiryDelta
  if (cltvExpiry < soonest) return err({ code: 'expiry-too-soon', cltvExpiry, bound: soonest })
  const latestExpiry = Math.min(height + settings.maxCltvExpiryDelta, FIRST_TIMESTAMP - 1)
  if (cltvExpiry > latestExpiry) return err({ code: 'expiry-too-far', cltvExpiry, bound: latestExpiry })
  const { local, nextLocalHtlcId } = session.proposed
  const add: UpdateAddHtlc = {
    type: 'update_add_htlc',
    channelId: durable.params.channelId,
    id: nextLocalHtlcId,
    amountMsat,
    paymentHash: command.paymentHash,
    cltvExpiry,
    onionRoutingPacket: command.onion,
    ...(command.pathKey === undefined ? {} : { pathKey: command.pathKey }),
  }
  const record: HtlcRecord = { direction: 'offered', add, origin: command.origin }
  const proposal: Proposal = { type: 'add', add, record }
  const proposed = {
    ...session.proposed,
    local: [...local, proposal],
    nextLocalHtlcId: nextLocalHtlcId + 1n,
  }
  const error = checkSentAdd(durable, proposed, env)
  return error === undefined ? ok({ session: { ...session, proposed }, add }) : err(error)
}

/** BOLT 2, update_add_htlc, as its receiver. */
export const recvAddHtlc = (
  { durable, session }: Online,
  add: UpdateAddHtlc,
  sharedSecret: Uint8Array | undefined,
  env: ChannelEnv,
): Step => {
  const { remote, nextRemoteHtlcId } = session.proposed
  if (isRepeated(durable, add))
    return stay({ durable, session }, { type: 'ignored', message: add.type, why: 'repeated' })
  const record: HtlcRecord = {
    direction: 'received',
    add,
    ...(sharedSecret === undefined ? {} : { sharedSecret }),
  }
  const proposed = {
    ...session.proposed,
    remote: [...remote, { type: 'add', add, record } as const],
    nextRemoteHtlcId: nextRemoteHtlcId + 1n,
  }
  const error = checkAdd(durable, session, add) ?? checkReceivedAdd(durable, proposed.remote)
  if (error !== undefined) return react({ durable, session }, error, env)
  return to(durable, { ...session, proposed }, [])
}

// BOLT 2, update_add_htlc: one that its sender has signed, and has not seen acknowledged, may come again after a reconnection, and is ignored.
const isRepeated = (durable: Online['durable'], { id }: UpdateAddHtlc): boolean => {
  const known = findHtlc(durable.htlcs.received, id)
  return known !== undefined && !isInRemote(durable, 'received', id)
}

const checkAdd = (
  durable: Online['durable'],
  session: Session,
  { id, amountMsat, cltvExpiry }: UpdateAddHtlc,
): ProtocolError | undefined => {
  // BOLT 2: the peer may add nothing after its own shutdown; our shutdown may have crossed this message.
  if (session.shutdownReceived || durable.remoteShutdown !== undefined)
    return { code: 'htlc-after-shutdown', htlcId: id }
  const expected = session.proposed.nextRemoteHtlcId
  if (id !== expected) return { code: 'htlc-id-out-of-order', expected, received: id }
  // BOLT 2, update_add_htlc: its receiver fails the channel at an amount of zero, or below its `htlc_minimum_msat`.
  const minimumMsat = largest(localLimitsOf(durable).htlcMinimumMsat, 1n)
  if (amountMsat < minimumMsat) return { code: 'htlc-amount-too-small', amountMsat, minimumMsat }
  // BOLT 2, update_add_htlc: its receiver fails the channel at a `cltv_expiry` of 500000000 or more.
  if (cltvExpiry >= FIRST_TIMESTAMP) return { code: 'htlc-expiry-not-a-height', cltvExpiry }
  return undefined
}

/** HTLCs are added only in `normal`; in `shutdown` the receiver's check names the fault. */
export const addHtlcPhases = (phase: Phase): boolean => phase === 'normal' || phase === 'shutdown'
