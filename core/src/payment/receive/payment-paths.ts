import type { RemoteRelayPolicy } from '../../channel/index.ts'
import type { NodeId, PrivateKey, ShortChannelId } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, Msat } from '../../lib/units.ts'
import type { PathCosts } from '../../onion/blinded-fees.ts'
import type { BlindedPath } from '../../onion/blinded-path.ts'
import { createPaymentPath, type PaymentPathEnd, type PaymentPathRelay } from '../../onion/payment-path.ts'

/** Paths are long, and a few suffice. */
const MAX_PATHS = 4
const BLOCK_SECONDS = 600
/** How much later than the invoice its paths may still be used: for blocks that come fast, and for those that a payer adds to its expiry. */
const PATH_GRACE: BlockDelta = 1008

/** An own channel over which a blinded path may lead to us. */
export interface PathChannel {
  readonly remoteNodeId: NodeId
  /** The peer's name for the channel: its own alias for it, else the real id. */
  readonly shortChannelId: ShortChannelId
  /** What the peer asks to relay to us. */
  readonly policy: Omit<RemoteRelayPolicy, 'shortChannelId' | 'timestamp'>
  /** The most that the peer can send us. */
  readonly receivableMsat: Msat
  /** Whether the peer offers `option_route_blinding`. */
  readonly relaysBlinded: boolean
}

export interface PaymentPathsOptions {
  readonly nodeId: NodeId
  readonly channels: Iterable<PathChannel>
  /** What the payer is asked for; absent: any amount. */
  readonly amountMsat: Msat | undefined
  /** The invoice's, by which we recognize what comes for it: 32 fresh random bytes. */
  readonly pathId: Uint8Array
  readonly minFinalCltvExpiryDelta: BlockDelta
  /** How long the invoice holds. */
  readonly expirySeconds: number
  readonly height: BlockHeight
  /** A fresh key for each path, 32 random bytes that are a valid scalar. */
  readonly sessionKey: () => PrivateKey
}

/** A way to us, and what the payer is told of its costs. */
export interface PaymentPath {
  readonly path: BlindedPath
  readonly costs: PathCosts
}

/**
 * Blinded paths to us for the payment of one invoice, the best first; at least one. Each begins at a channel peer of ours that takes part in
 * route blinding; peers that can send us the whole amount come first, and those that cannot are named only if none can. Without such a peer
 * the one path begins with ourselves: it hides nothing, and serves payers that find a way to us.
 */
export const createPaymentPaths = (options: PaymentPathsOptions): readonly PaymentPath[] => {
  const { nodeId, pathId, minFinalCltvExpiryDelta, expirySeconds, height, sessionKey } = options
  const end: PaymentPathEnd = {
    nodeId,
    pathId,
    minFinalCltvExpiryDelta,
    maxCltvExpiry: height + Math.ceil(expirySeconds / BLOCK_SECONDS) + PATH_GRACE,
    htlcMinimumMsat: 1n,
    htlcMaximumMsat: MOST,
  }
  const paths = relaysFrom(options).flatMap((relay) => {
    const made = createPaymentPath(sessionKey(), [relay], end)
    return made.ok ? [made.value] : []
  })
  if (paths.length > 0) return paths
  const direct = createPaymentPath(sessionKey(), [], end)
  return direct.ok ? [direct.value] : []
}

/** What the field in an invoice holds at most. */
const MOST: Msat = 2n ** 64n - 1n

const relaysFrom = ({ channels, amountMsat }: PaymentPathsOptions): readonly PaymentPathRelay[] => {
  const usable = [...channels].filter(
    ({ relaysBlinded, policy, receivableMsat }) =>
      relaysBlinded && !policy.disabled && receivableMsat >= policy.htlcMinimumMsat,
  )
  const sorted = usable.toSorted((a, b) => (a.receivableMsat > b.receivableMsat ? -1 : 1))
  const enough = sorted.filter((channel) => amountMsat === undefined || carries(channel, amountMsat))
  if (enough.length > 0) return enough.slice(0, MAX_PATHS).map(({ policy, ...channel }) => relayOver(channel, policy))
  // Only where the payment has to come in parts is the payer told what a channel can receive now.
  return sorted.slice(0, MAX_PATHS).map(({ policy, ...channel }) => {
    const htlcMaximumMsat = lesser(policy.htlcMaximumMsat, channel.receivableMsat)
    return relayOver(channel, { ...policy, htlcMaximumMsat })
  })
}

const carries = ({ receivableMsat, policy }: PathChannel, amountMsat: Msat): boolean =>
  amountMsat <= receivableMsat && amountMsat <= policy.htlcMaximumMsat && amountMsat >= policy.htlcMinimumMsat

const relayOver = (
  { remoteNodeId, shortChannelId }: Pick<PathChannel, 'remoteNodeId' | 'shortChannelId'>,
  { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta, htlcMinimumMsat, htlcMaximumMsat }: PathChannel['policy'],
): PaymentPathRelay => ({
  nodeId: remoteNodeId,
  next: { type: 'channel', shortChannelId },
  relay: { feeBaseMsat: Number(feeBaseMsat), feeProportionalMillionths, cltvExpiryDelta },
  htlcMinimumMsat,
  htlcMaximumMsat,
})

const lesser = (a: Msat, b: Msat): Msat => (a < b ? a : b)
