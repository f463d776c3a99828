import { type ChannelState, type HtlcOrigin, type HtlcRef, isFunded } from '../../channel/index.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { RelayRecord } from '../../payment/relay/relay-protocol.ts'
import type { TrampolineRelayRecord } from '../../payment/trampoline/trampoline-protocol.ts'
import { trampolineReference } from '../../payment/trampoline/trampoline-reference.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'

/**
 * Whether the outcome of a relay's outgoing HTLC comes from the chain, or not at all: the chain decides about its channel, or the channel
 * does not hold it, or is gone. A channel in doubt closes at no deadline: as long as its peer stays away, it tells of no outcome either. A
 * preimage that the channel knows is on its way to us.
 */
export const isLeftToChain = (channels: ChannelDirectory, { incoming, outgoing }: RelayRecord): boolean =>
  outgoing.every(({ channelId }) => isLeftToItsChain(channels, channelId, (origin) => isFor(origin, incoming)))

/** The same of all that is out for a trampoline relay. If nothing is, nothing tells of an outcome. */
export const isTrampolineLeftToChain = (channels: ChannelDirectory, record: TrampolineRelayRecord): boolean =>
  pendingOf(record).every(({ channelId, isOurs }) => isLeftToItsChain(channels, channelId, isOurs))

/** Whether some channel has an HTLC that is out for a trampoline relay, and so will tell how it ends. */
export const isTrampolineHeld = (channels: ChannelDirectory, record: TrampolineRelayRecord): boolean =>
  pendingOf(record).some(({ channelId, isOurs }) => {
    const state = channels.get(channelId)?.state
    if (state === undefined || !isFunded(state.durable)) return false
    return state.durable.htlcs.offered.some(({ origin }) => isOurs(origin)) || isProposed(state, isOurs)
  })

const pendingOf = ({ incoming: [first], payment }: TrampolineRelayRecord) =>
  payment.attempts.flatMap(({ id, status, route: { channelId } }) => {
    const reference = trampolineReference(first as HtlcRef, id)
    const isOurs: IsOurs = (origin) => origin?.type === 'local' && equalBytes(origin.payment, reference)
    return status === 'pending' ? [{ channelId, isOurs }] : []
  })

type IsOurs = (origin: HtlcOrigin | undefined) => boolean

const isLeftToItsChain = (channels: ChannelDirectory, channelId: ChannelId, isOurs: IsOurs): boolean => {
  const state = channels.get(channelId)?.state
  if (state === undefined || !isFunded(state.durable)) return true
  const held = state.durable.htlcs.offered.find(({ origin }) => isOurs(origin))
  if (held?.preimage !== undefined) return false
  const { phase, inDoubt } = state.durable
  return phase === 'closing' || inDoubt === true || (held === undefined && !isProposed(state, isOurs))
}

const isProposed = ({ session }: ChannelState, isOurs: IsOurs): boolean =>
  session?.proposed.local.some((proposal) => proposal.type === 'add' && isOurs(proposal.record.origin)) === true

const isFor = (origin: HtlcOrigin | undefined, incoming: readonly HtlcRef[]): boolean =>
  origin?.type === 'relay' &&
  incoming.some(({ channelId, htlcId }) =>
    origin.upstream.some((ref) => ref.htlcId === htlcId && equalBytes(ref.channelId, channelId)),
  )
