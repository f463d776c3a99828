import type { RouteHint } from '../../invoice/invoice.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, Msat } from '../../lib/units.ts'
import type { FinalPayload } from '../../onion/hop-payload.ts'

/** Who is paid: how it is reached, and what it is told there. */
export type Recipient = NodeRecipient

/** A node that says who it is, as an invoice of BOLT 11 does. */
interface NodeRecipient {
  readonly type: 'node'
  readonly nodeId: NodeId
  /** Absent once the payment has ended, as are the metadata and the hints. */
  readonly paymentSecret?: Uint8Array
  readonly paymentMetadata?: Uint8Array
  readonly minFinalCltvExpiryDelta: BlockDelta
  readonly routeHints: readonly RouteHint[]
}

/** The HTLC that reaches it. */
interface LastHop {
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
}

/** BOLT 4: what the last hop of a part is told. */
export const finalPayload = (recipient: Recipient, last: LastHop, totalMsat: Msat): FinalPayload => {
  const { paymentSecret, paymentMetadata } = recipient
  return {
    type: 'final',
    amtToForward: last.amountMsat,
    outgoingCltvValue: last.cltvExpiry,
    ...(paymentSecret === undefined ? {} : { paymentData: { paymentSecret, totalMsat } }),
    ...(paymentMetadata === undefined ? {} : { paymentMetadata }),
  }
}

/** What is kept of it once the payment has ended: nothing that only sending needs. */
export const withoutSecrets = ({ type, nodeId, minFinalCltvExpiryDelta }: Recipient): Recipient => ({
  type,
  nodeId,
  minFinalCltvExpiryDelta,
  routeHints: [],
})
