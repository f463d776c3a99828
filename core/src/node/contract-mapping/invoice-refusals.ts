import type { InvoiceError } from '../../invoice/invoice.ts'
import type { PayableAmountError } from '../../payment/send/invoice-request.ts'
import { refusal } from './handlers.ts'

/** Why an invoice cannot be read, in the contract's terms. */
export const invoiceRefusal = ({ code }: InvoiceError, network: string) => {
  switch (code) {
    case 'wrong-network':
      return refusal('invoice-wrong-network', `the invoice is not for ${network}`, { field: 'invoice' })
    case 'unknown-even-feature':
      return refusal('invoice-unsupported', 'the invoice needs a feature that this node does not have', {
        field: 'invoice',
      })
    case 'invalid-bech32':
    case 'invalid-checksum':
    case 'unknown-network':
    case 'invalid-amount':
    case 'too-short':
    case 'missing-field':
    case 'invalid-field':
    case 'non-minimal-field':
    case 'invalid-signature':
    case 'missing-feature-dependency':
      return refusal('invoice-invalid', `not a valid invoice: ${code.replaceAll('-', ' ')}`, { field: 'invoice' })
  }
}

/** Why an invoice and an amount do not go together. */
export const amountRefusal = (error: PayableAmountError) =>
  error.code === 'amount-required'
    ? refusal('amount-required', 'the invoice names no amount: give one', { field: 'amountMsat' })
    : refusal('amount-mismatch', `the invoice asks for ${error.invoiceMsat} msat`, { field: 'amountMsat' })
