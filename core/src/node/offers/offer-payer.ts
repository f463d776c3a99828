import type { Bolt12Error } from '../../invoice/bolt12/bolt12-error.ts'
import { checkInvoice, type InvoiceRefusal } from '../../invoice/bolt12/check-invoice.ts'
import type { Bip353Name, InvoiceRequest, Offer } from '../../invoice/bolt12/fields.ts'
import { decodeBolt12Invoice, type PayableInvoice } from '../../invoice/bolt12/invoice.ts'
import { decodeInvoiceError, type InvoiceError } from '../../invoice/bolt12/invoice-error.ts'
import { encodeInvoiceRequest } from '../../invoice/bolt12/invoice-request.ts'
import type { Bolt12Owner } from '../../invoice/bolt12/own-keys.ts'
import { requestInvoice } from '../../invoice/bolt12/request-invoice.ts'
import type { Clock } from '../../lib/clock.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import type { Msat } from '../../lib/units.ts'
import type { SendMessageFailure } from '../onion-messages/message-sender.ts'
import type { OnionMessages } from '../onion-messages/onion-messages.ts'
import { type Answer, askByTurns, waysToIssuer } from './ask-by-turns.ts'

export interface OfferPayerOptions {
  readonly clock: Clock
  readonly rng: Rng
  readonly chainHash: Uint8Array
  readonly owner: Bolt12Owner
  readonly messages: Pick<OnionMessages, 'send' | 'pathsToUs' | 'awaitReply'>
}

/** What is asked for. */
export interface OfferOrder {
  /** Of an offer in another currency, the most that its issuer may make of it. */
  readonly amountMsat: Msat
  readonly quantity: bigint | undefined
  readonly payerNote: string | undefined
  /** By which the offer was found. */
  readonly bip353Name?: Bip353Name | undefined
}

/** An invoice that answers our request, and is as it should be. */
export interface FetchedInvoice {
  /** As it came. */
  readonly bytes: Uint8Array
  readonly invoice: PayableInvoice
}

/** The issuer says why it sends no invoice: a stranger's words, and perhaps which record is at fault, and what it might be. */
export interface RequestRefused extends Pick<InvoiceError, 'erroneousField' | 'suggestedValue'> {
  readonly code: 'request-refused'
  readonly text: string
}

export type FetchFailure =
  | Bolt12Error
  | SendMessageFailure
  /** Nothing came in time. */
  | { readonly code: 'no-answer' }
  | RequestRefused
  /** The issuer wants more for an offer in another currency than it may come to. */
  | { readonly code: 'amount-too-high'; readonly amountMsat: Msat }
  | { readonly code: 'invoice-unsound'; readonly reason: InvoiceRefusal['code'] | 'hash-used' }

/** Asks for the invoices of offers. */
export class OfferPayer {
  readonly #options: OfferPayerOptions

  constructor(options: OfferPayerOptions) {
    this.#options = options
  }

  /** Asks whoever made the offer for an invoice, and holds what comes against what was asked for. */
  async fetch(offer: Offer, order: OfferOrder): Promise<Result<FetchedInvoice, FetchFailure>> {
    const { rng, owner, chainHash, clock } = this.#options
    const { amountMsat, quantity, payerNote, bip353Name } = order
    const terms = {
      chainHash,
      // Said wherever we can know it: the invoice is then for this amount, or is not paid (BOLT 12).
      ...(offer.offerCurrency === undefined ? { amountMsat } : {}),
      ...(quantity === undefined ? {} : { quantity }),
      ...(payerNote === undefined ? {} : { payerNote }),
      ...(bip353Name === undefined ? {} : { bip353Name }),
    }
    const randomness = { nonce: rng.bytes(16), auxiliary: rng.bytes(32) }
    const request = requestInvoice(owner, offer, terms, randomness, clock.now())
    if (!request.ok) return request
    const fetched = await this.#ask(offer, request.value)
    if (!fetched.ok) return fetched
    const { amountMsat: asked } = fetched.value.invoice
    return asked > amountMsat ? err({ code: 'amount-too-high', amountMsat: asked }) : fetched
  }

  async #ask(offer: Offer, request: InvoiceRequest): Promise<Result<FetchedInvoice, FetchFailure>> {
    const content = { invoiceRequest: encodeInvoiceRequest(request) }
    const answer = await askByTurns(this.#options, waysToIssuer(offer), content)
    if (!answer.ok) return answer
    return answer.value === undefined ? err({ code: 'no-answer' }) : this.#read(answer.value, request)
  }

  #read(
    { content: { invoice: bytes, invoiceError }, pathId, sentTo }: Answer,
    request: InvoiceRequest,
  ): Result<FetchedInvoice, FetchFailure> {
    if (bytes === undefined) {
      return err(refusedBy(invoiceError))
    }
    const invoice = decodeBolt12Invoice(bytes)
    if (!invoice.ok) return err({ code: 'invoice-unsound', reason: invoice.error.code })
    const env = {
      chainHash: this.#options.chainHash,
      now: this.#options.clock.now(),
      expectedPathId: pathId,
      pathId,
    }
    // Whichever of the paths brought it there: it was ours to send it by all of them.
    const refusals = sentTo.map((last) => checkInvoice(invoice.value, request, { ...env, sentTo: last }))
    const [refusal] = refusals
    if (refusal !== undefined && !refusals.includes(undefined)) {
      return err({ code: 'invoice-unsound', reason: refusal.code })
    }
    return ok({ bytes, invoice: invoice.value })
  }
}

/** What an answer that is no invoice says. */
export const refusedBy = (invoiceError: Uint8Array | undefined): RequestRefused => {
  const said = invoiceError === undefined ? undefined : decodeInvoiceError(invoiceError)
  const { error: text = '', erroneousField, suggestedValue } = said ?? {}
  return {
    code: 'request-refused',
    text,
    ...(erroneousField === undefined ? {} : { erroneousField }),
    ...(suggestedValue === undefined ? {} : { suggestedValue }),
  }
}
