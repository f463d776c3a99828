import type { PaymentReference } from '../../channel/index.ts'
import { concat, u32be } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'

/** What our channels know an attempt by: 32 bytes of hash, 4 of attempt. */
export const paymentReference = (paymentHash: PaymentHash, attempt: number): PaymentReference =>
  concat(paymentHash, u32be(attempt))

export const parsePaymentReference = (
  reference: PaymentReference,
): { readonly paymentHash: PaymentHash; readonly attempt: number } => {
  const { buffer, byteOffset } = reference
  return { paymentHash: reference.slice(0, 32), attempt: new DataView(buffer, byteOffset).getUint32(32) }
}
