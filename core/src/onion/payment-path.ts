import type { NodeId, PrivateKey } from '../lib/ids.ts'
import { ok, type Result } from '../lib/result.ts'
import type { BlockHeight } from '../lib/units.ts'
import { type PathCosts, type PathEnd, type PathRelay, pathCosts } from './blinded-fees.ts'
import type { BlindedPath } from './blinded-path.ts'
import { type EncryptedData, type NextNode, padded } from './encrypted-data.ts'
import { blindPath } from './route-blinding.ts'

/** A node that relays payments to us, and how it reaches the next one. */
export interface PaymentPathRelay extends PathRelay {
  readonly nodeId: NodeId
  readonly next: NextNode
}

/** Ourselves at the end of a path. */
export interface PaymentPathEnd extends PathEnd {
  readonly nodeId: NodeId
  /** What we recognize the path by: nobody else may be able to make it up. */
  readonly pathId: Uint8Array
  /** The last block in which the path may be used. */
  readonly maxCltvExpiry: BlockHeight
}

/** A blinded path for payments to us, of relays in the order of travel (none: the path begins with us), and what it costs the payer. */
export const createPaymentPath = (
  sessionKey: PrivateKey,
  relays: readonly PaymentPathRelay[],
  end: PaymentPathEnd,
): Result<{ readonly path: BlindedPath; readonly costs: PathCosts }, { readonly code: 'path-too-costly' }> => {
  const costs = pathCosts(relays, end)
  if (!costs.ok) return costs
  const { htlcMinimumMsat } = costs.value

  // BOLT 4, `payment_constraints`: of each node those of the next, and the blocks that it asks for itself.
  let maxCltvExpiry = end.maxCltvExpiry + end.minFinalCltvExpiryDelta
  const data: EncryptedData[] = [{ pathId: end.pathId, paymentConstraints: { maxCltvExpiry, htlcMinimumMsat } }]
  for (const { next, relay } of relays.toReversed()) {
    maxCltvExpiry += relay.cltvExpiryDelta
    data.unshift({
      // BOLT 4: one of the two names the next node.
      ...(next.type === 'channel' ? { shortChannelId: next.shortChannelId } : { nextNodeId: next.nodeId }),
      paymentRelay: relay,
      paymentConstraints: { maxCltvExpiry, htlcMinimumMsat },
    })
  }

  const nodeIds = [...relays.map(({ nodeId }) => nodeId), end.nodeId] as const
  const nodes = padded(data).map((each, at) => ({ nodeId: nodeIds[at] ?? end.nodeId, data: each }))
  const [nodeId] = nodeIds
  return ok({ path: { firstNodeId: { type: 'pubkey', nodeId }, ...blindPath(sessionKey, nodes) }, costs: costs.value })
}
