import { decodeInvoice } from '../../../core/src/invoice/decode-invoice.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'

/** Of an invoice that a peer made. */
export const paymentHashOf = (bolt11: string): string => {
  const invoice = decodeInvoice(bolt11)
  if (!invoice.ok) throw new Error(`${invoice.error.code}: ${bolt11}`)
  return toHex(invoice.value.paymentHash)
}
