import type { PaymentReference } from '../../channel/index.ts'
import { concat } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import { parsePaymentReference, paymentReference } from '../send/payment-reference.ts'

/** What our channels know an HTLC of a probe by: hash and attempt, as of a payment, and a byte more. */
export const probeReference = (paymentHash: PaymentHash, attempt: number): PaymentReference =>
  concat(paymentReference(paymentHash, attempt), Uint8Array.of(0))

/** Undefined if it is one of a payment of ours, or of a relay. */
export const parseProbeReference = (
  reference: PaymentReference,
): { readonly paymentHash: PaymentHash; readonly attempt: number } | undefined =>
  reference.length === 37 ? parsePaymentReference(reference) : undefined
