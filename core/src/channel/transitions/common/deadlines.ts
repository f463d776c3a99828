import type { BlockHeight } from '../../../lib/units.ts'
import type { HtlcDirection, SpecHtlc } from '../../commitment/commitment-spec.ts'
import { isFundingConfirmed, latest } from '../../commitments/commitments.ts'
import { holdHtlcs } from '../../commitments/cross-signed.ts'
import { type Channel, isFunded } from '../../state/channel-state.ts'
import type { Closing, Funded } from '../../state/durable.ts'
import type { ChannelEnv, ChannelSettings } from '../../state/environment.ts'
import type { ChannelError } from '../../state/errors.ts'
import { findHtlc } from '../../state/htlc.ts'
import { forceClose, forget } from './fail-channel.ts'
import { type Live, type Step, stay } from './step.ts'

/**
 * BOLT 2, cltv_expiry_delta selection: an HTLC that we offered and that timed out, or one that we fulfilled and whose offerer
 * could soon take it back, has to be resolved on the chain.
 */
export const checkDeadlines = ({ durable, session }: Live<Exclude<Funded, Closing>>, env: ChannelEnv): Step => {
  // What may be old does not act: the deadlines of its HTLCs count again once the peer has shown that it is the latest state.
  if (durable.inDoubt) return stay(session === undefined ? { durable } : { durable, session })
  const error = passedDeadline(durable, env)
  if (error !== undefined) return forceClose(durable, session, { cause: 'htlc-deadline', error }, env)
  const live = session === undefined ? { durable } : { durable, session }
  return forgetUnfunded(live, env) ?? stay(live)
}

/**
 * Whether the next block may have an effect on the channel, apart from what it watches on the chain: it has none on a channel that is in
 * use and holds no HTLC.
 */
export const heedsBlocks = (durable: Channel): boolean => {
  if (!isFunded(durable)) return false
  const { phase, localShutdown, remoteShutdown, htlcs } = durable
  if (phase !== 'normal' || localShutdown !== undefined || remoteShutdown !== undefined) return true
  // Until it can be undone no more, the funding transaction is kept, and what it spends.
  if (durable.fundingTx !== undefined || durable.fundingCoins !== undefined) return true
  return !isFundingConfirmed(durable) || htlcs.offered.length + htlcs.received.length > 0 || holdHtlcs(durable)
}

/**
 * A channel of the peer's whose funding never came is forgotten, whether or not it has failed meanwhile. One that was used unconfirmed fails
 * first, and is kept as long again: the funding may come yet, and with it what is ours.
 */
export const forgetUnfunded = ({ durable, session }: Live, env: ChannelEnv): Step | undefined => {
  const status = latest(durable).fundingStatus
  // One that was there and was undone is waited for anew.
  const waited = env.height - (status.type === 'reorganised' ? status.since : durable.params.openedAt)
  if (durable.params.localIsOpener || isFundingConfirmed(durable)) return undefined
  if (waited < env.settings.fundingTimeout || (durable.phase === 'closing' && durable.closing.spends.length > 0)) {
    return undefined
  }
  const error = { code: 'funding-not-seen', blocks: waited } as const
  if (latest(durable).local.index > 0) {
    if (durable.phase !== 'closing') return forceClose(durable, session, { cause: 'protocol-error', error }, env)
    if (waited < 2 * env.settings.fundingTimeout) return undefined
  }
  return forget(durable, session, error, [], env)
}

/** The first HTLC that can wait no longer. */
export const passedDeadline = (durable: Funded, env: ChannelEnv): ChannelError | undefined => {
  for (const { at, htlc, direction } of htlcDeadlines(durable, env.settings)) {
    if (env.height >= at) return { code: 'htlc-deadline-passed', htlcId: htlc.id, direction }
  }
  return undefined
}

/** From which height on an HTLC closes the channel, unless it is settled before. */
export interface HtlcDeadline {
  readonly at: BlockHeight
  readonly htlc: SpecHtlc
  /** From our view. */
  readonly direction: HtlcDirection
}

/** An HTLC that is in both sides' commitments comes twice. */
export function* htlcDeadlines(
  durable: Funded,
  { timeoutGrace, fulfilmentMargin }: Pick<ChannelSettings, 'timeoutGrace' | 'fulfilmentMargin'>,
): Generator<HtlcDeadline> {
  const { local, remote, remoteNext } = latest(durable)
  for (const htlc of local.spec.htlcs) {
    const { id, direction, cltvExpiry } = htlc
    if (direction === 'offered') yield { at: cltvExpiry + timeoutGrace, htlc, direction }
    else if (findHtlc(durable.htlcs.received, id)?.preimage !== undefined) {
      yield { at: cltvExpiry - fulfilmentMargin, htlc, direction }
    }
  }
  for (const { spec } of remoteNext === undefined ? [remote] : [remote, remoteNext]) {
    for (const htlc of spec.htlcs) {
      if (htlc.direction === 'received') {
        yield { at: htlc.cltvExpiry + timeoutGrace, htlc, direction: 'offered' }
      }
    }
  }
}
