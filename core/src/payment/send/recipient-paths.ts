import { equalBytes } from '../../lib/bytes.ts'
import type { NodeId, PrivateKey, ShortChannelId } from '../../lib/ids.ts'
import type { PathCosts } from '../../onion/blinded-fees.ts'
import type { BlindedPath } from '../../onion/blinded-path.ts'
import { type NextNode, nextNodeOf, type PaymentRelay } from '../../onion/encrypted-data.ts'
import { unblind } from '../../onion/route-blinding.ts'
import { channelsBefore, type RecipientPath } from './blinded-recipient.ts'

/** So many of an invoice's paths are looked at; the payee's favourites come first. */
const MAX_PATHS = 6

export interface PathResolver {
  readonly nodeId: NodeId
  /** Ours: for paths that begin with us. */
  readonly nodeKey: PrivateKey
  /** The node at one end of a channel (BOLT 1, sciddir_or_pubkey), ours or announced. */
  readonly endOf: (shortChannelId: ShortChannelId, direction: 0 | 1) => NodeId | undefined
  /** The node at the other end of a channel of ours, by an id that others may name it by. */
  readonly peerBy: (shortChannelId: ShortChannelId) => NodeId | undefined
}

/**
 * The paths of an invoice that can be used, with the node that each begins at. A path that begins with us is entered at its second node: what
 * we would ask ourselves is not paid. One that ends with us too, or that no onion holds, is left out.
 */
export const recipientPaths = (
  paths: readonly { readonly path: BlindedPath; readonly payinfo: PathCosts }[],
  resolver: PathResolver,
): readonly RecipientPath[] =>
  paths.slice(0, MAX_PATHS).flatMap(({ path: { firstNodeId, firstPathKey, path }, payinfo }) => {
    const introductionNodeId =
      firstNodeId.type === 'pubkey'
        ? firstNodeId.nodeId
        : resolver.endOf(firstNodeId.shortChannelId, firstNodeId.direction)
    if (introductionNodeId === undefined) return []
    const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta, htlcMinimumMsat, htlcMaximumMsat } = payinfo
    const costs = { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta, htlcMinimumMsat, htlcMaximumMsat }
    const whole: RecipientPath = { introductionNodeId, firstPathKey, path, ...costs }
    const usable = equalBytes(introductionNodeId, resolver.nodeId) ? fromSecondNode(whole, resolver) : whole
    return usable === undefined || channelsBefore(usable) === 0 ? [] : [usable]
  })

const fromSecondNode = (
  { firstPathKey, path, ...costs }: RecipientPath,
  { nodeId, nodeKey, peerBy }: PathResolver,
): RecipientPath | undefined => {
  const [first, ...rest] = path
  if (first === undefined || rest.length === 0) return undefined
  const unblinded = unblind(nodeKey, firstPathKey, first.encryptedRecipientData)
  if (!unblinded.ok) return undefined
  const { data, nextPathKey } = unblinded.value
  const next = nextNodeOf(data)
  const nextId = next === undefined ? undefined : idOf(next, peerBy)
  if (nextId === undefined || data.paymentRelay === undefined || equalBytes(nextId, nodeId)) return undefined
  return {
    ...costsAfter(costs, data.paymentRelay),
    introductionNodeId: nextId,
    firstPathKey: nextPathKey,
    path: rest,
  }
}

const idOf = (next: NextNode, peerBy: PathResolver['peerBy']): NodeId | undefined =>
  next.type === 'node' ? next.nodeId : peerBy(next.shortChannelId)

const MILLION = 1_000_000n

/**
 * What a path asks for behind its first relay: BOLT 4's sums, solved for what they were made from. They were rounded up, and so is this: never
 * less than the relays behind ask for.
 */
const costsAfter = <Costs extends PathCosts>(costs: Costs, relay: PaymentRelay): Costs => {
  const own = BigInt(relay.feeProportionalMillionths)
  const after = (total: number, first: number): number => {
    const rest = (BigInt(Math.max(total - first, 0)) * MILLION) / (MILLION + own)
    return Number(rest)
  }
  return {
    ...costs,
    feeBaseMsat: after(costs.feeBaseMsat, relay.feeBaseMsat),
    feeProportionalMillionths: after(costs.feeProportionalMillionths, relay.feeProportionalMillionths),
    cltvExpiryDelta: Math.max(costs.cltvExpiryDelta - relay.cltvExpiryDelta, 0),
  }
}
