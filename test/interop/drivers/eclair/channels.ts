import { parseShortChannelId, type ShortChannelId } from '../../../../core/src/lib/ids.ts'
import type { OurPolicy, PeerChannel } from '../driver.ts'

export interface EclairChannel {
  readonly nodeId: string
  readonly channelId: string
  readonly state: string
  readonly data: {
    readonly type: string
    /** Not of one that is opened or closed just now. */
    readonly commitments?: {
      readonly channelParams: { readonly localParams: { readonly isChannelOpener: boolean } }
      readonly active: readonly EclairCommitment[]
    }
    readonly aliases?: { readonly localAlias: string; readonly remoteAlias?: string }
    readonly localShutdown?: unknown
    readonly remoteShutdown?: unknown
  }
}

interface EclairCommitment {
  readonly fundingAmount: number
  readonly localFunding: { readonly shortChannelId?: string }
  readonly localCommit: { readonly spec: EclairSpec }
  readonly remoteCommit: { readonly spec: EclairSpec }
}

interface EclairSpec {
  readonly htlcs: readonly unknown[]
  readonly commitTxFeerate: number
  readonly toLocal: number
}

export interface EclairUpdate {
  readonly shortChannelId: string
  readonly channelFlags: { readonly isNode1: boolean }
  readonly cltvExpiryDelta: number
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: number
}

/** The states, by what it keeps of a channel, before a closing begins. */
const OPEN = /^DATA_(NORMAL|WAIT_FOR_((DUAL_)?FUNDING_CONFIRMED|(CHANNEL|DUAL_FUNDING)_READY))$/

/** As the driver interface has it; none if its closing has begun. */
export const peerChannelOf = (
  { nodeId, channelId, state, data }: EclairChannel,
  updates: readonly EclairUpdate[],
  ownNodeId: string,
): PeerChannel | undefined => {
  const { type, localShutdown, remoteShutdown, commitments, aliases } = data
  const [commitment] = commitments?.active ?? []
  if (!OPEN.test(type) || localShutdown !== undefined || remoteShutdown !== undefined) return undefined
  if (commitments === undefined || commitment === undefined) return undefined
  const { spec } = commitment.localCommit
  const names = new Set(
    [commitment.localFunding.shortChannelId ?? '', aliases?.localAlias ?? '', aliases?.remoteAlias ?? ''].map(scidOf),
  )
  const isNode1 = nodeId < ownNodeId
  const update = updates.find(
    ({ shortChannelId, channelFlags }) => channelFlags.isNode1 === isNode1 && names.has(scidOf(shortChannelId)),
  )
  return {
    channelId,
    isUsable: state === 'NORMAL',
    isOpener: commitments.channelParams.localParams.isChannelOpener,
    capacitySat: BigInt(commitment.fundingAmount),
    localMsat: BigInt(spec.toLocal),
    pendingHtlcs: Math.max(spec.htlcs.length, commitment.remoteCommit.spec.htlcs.length),
    feeratePerKw: spec.commitTxFeerate,
    ...(update === undefined ? {} : { ourPolicy: policyOf(update) }),
  }
}

const policyOf = ({ feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta }: EclairUpdate): OurPolicy => ({
  feeBaseMsat,
  feeProportionalMillionths,
  cltvExpiryDelta,
})

/** eclair writes the same id as `103x1x0` or, an alias, as `0x1527ebce1e2569`. */
export const scidOf = (text: string): ShortChannelId | undefined =>
  /^0x[0-9a-f]+$/.test(text) ? (BigInt(text) as ShortChannelId) : parseShortChannelId(text)
