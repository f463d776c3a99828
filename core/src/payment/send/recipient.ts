import type { RouteHint } from '../../invoice/invoice.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, Msat } from '../../lib/units.ts'
import type { FinalPayload } from '../../onion/hop-payload.ts'
import type { BlindedRecipient } from './blinded-recipient.ts'

/** Who is paid: how it is reached, and what it is told there. */
export type Recipient = NodeRecipient | BlindedRecipient

/** A node that says who it is, as an invoice of BOLT 11 does. */
export interface NodeRecipient {
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

/** Blocks that it asks for itself; those of a blinded path are among what the path asks for. */
export const finalDeltaOf = (recipient: Recipient): BlockDelta =>
  recipient.type === 'blinded' ? 0 : recipient.minFinalCltvExpiryDelta

/** BOLT 4: what the last hop of a part is told. */
export const finalPayload = (recipient: NodeRecipient, last: LastHop, totalMsat: Msat): FinalPayload => {
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
export const withoutSecrets = (recipient: Recipient): Recipient => {
  const { type, nodeId } = recipient
  return type === 'blinded'
    ? { type, nodeId, paths: [] }
    : { type, nodeId, minFinalCltvExpiryDelta: finalDeltaOf(recipient), routeHints: [] }
}
