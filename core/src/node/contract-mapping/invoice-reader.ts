import type { NetworkName } from '../../bitcoin/network.ts'
import { decodeInvoice } from '../../invoice/decode-invoice.ts'
import type { Invoice } from '../../invoice/invoice.ts'
import { err, type Result } from '../../lib/result.ts'
import { invoiceRefusal } from './invoice-refusals.ts'

/** About as many as are under way at once: an invoice that was decoded to compute its cost is decoded again when it is paid. */
const KEPT = 64

/** Reads invoices of our network, and keeps the latest ones: reading one recovers a public key. */
export class InvoiceReader {
  readonly #network: NetworkName
  readonly #read = new Map<string, Result<Invoice, ReturnType<typeof invoiceRefusal>>>()

  constructor(network: NetworkName) {
    this.#network = network
  }

  read(text: string): Result<Invoice, ReturnType<typeof invoiceRefusal>> {
    const known = this.#read.get(text)
    if (known !== undefined) return known
    const decoded = decodeInvoice(text, this.#network)
    const result = decoded.ok ? decoded : err(invoiceRefusal(decoded.error, this.#network))
    if (this.#read.size >= KEPT) this.#read.delete(this.#read.keys().next().value as string)
    this.#read.set(text, result)
    return result
  }
}
