import { sha256 } from '../../crypto/hashes.ts'
import { type AcceptedRequest, acceptRequest, answerRequest } from '../../invoice/bolt12/answer-request.ts'
import type { Bolt12Error } from '../../invoice/bolt12/bolt12-error.ts'
import type { InvoiceRequest } from '../../invoice/bolt12/fields.ts'
import { DEFAULT_RELATIVE_EXPIRY, encodeBolt12Invoice } from '../../invoice/bolt12/invoice.ts'
import { encodeInvoiceError } from '../../invoice/bolt12/invoice-error.ts'
import { parseInvoiceRequest } from '../../invoice/bolt12/invoice-request.ts'
import { issueOffer, type OfferTerms } from '../../invoice/bolt12/issue-offer.ts'
import { offerId, offerIn } from '../../invoice/bolt12/offer.ts'
import { type Bolt12Owner, ownPathId } from '../../invoice/bolt12/own-keys.ts'
import { requestError } from '../../invoice/bolt12/request-error.ts'
import { toHex, utf8Encode } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { PrivateKey } from '../../lib/ids.ts'
import { Ration } from '../../lib/ration.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import { MIN_FINAL_CLTV_EXPIRY_DELTA } from '../../payment/receive/create-invoice.ts'
import { type OfferedInvoice, offeredPathId, offeredPreimage } from '../../payment/receive/offered-invoice.ts'
import type { PaymentPath, PaymentPathsOptions } from '../../payment/receive/payment-paths.ts'
import type { ReceivedMessage } from '../onion-messages/message-room.ts'
import type { OnionMessages } from '../onion-messages/onion-messages.ts'
import { MAX_OFFERS, type OwnOffer, type OwnOffers } from './own-offers.ts'
import { type NoRelayingPeer, pathsOfOurs } from './paths-of-ours.ts'

export interface OfferIssuerOptions {
  readonly clock: Clock
  readonly rng: Rng
  readonly chainHash: Uint8Array
  readonly owner: Bolt12Owner
  readonly nodeKey: PrivateKey
  readonly offers: OwnOffers
  readonly messages: Pick<OnionMessages, 'answer' | 'pathsToUs' | 'isAnnounced'>
  readonly paymentPaths: (
    asked: Pick<PaymentPathsOptions, 'amountMsat' | 'pathId' | 'minFinalCltvExpiryDelta' | 'expirySeconds'>,
  ) => readonly PaymentPath[]
}

/** What an operator chooses of an offer. */
export type OfferWish = Omit<OfferTerms, 'chainHash' | 'paths'> & {
  /** Through peers, so that the offer does not name our node, even if the network knows it. */
  readonly blinded: boolean
  /** The plugin that asks for it; absent: the operator. */
  readonly plugin?: string | undefined
}

/** Of a payer's note, what is kept, in bytes: it goes into the paths, for which the onion of a payment has 1,300 in all. */
const MAX_NOTE = 160
/** How many requests are answered, whatever the answer: each takes signatures and paths, some milliseconds in all. */
const ANSWERS = { perSecond: 10, burst: 50 }
/** Who asks again with the same request gets the same invoice, for so many requests and so long. */
const REMEMBERED = 500
const REMEMBERED_MS = 600_000

/** Makes offers, and answers those who ask for their invoices. */
export class OfferIssuer {
  readonly #options: OfferIssuerOptions
  readonly #ration: Ration
  readonly #answered = new Map<string, { readonly invoice: Uint8Array; readonly at: number }>()

  constructor(options: OfferIssuerOptions) {
    this.#options = options
    this.#ration = new Ration(options.clock, ANSWERS)
  }

  /** A new offer, once it is durable. */
  async create({
    blinded,
    plugin,
    ...terms
  }: OfferWish): Promise<Result<OwnOffer, Bolt12Error | NoRelayingPeer | { readonly code: 'too-many-offers' }>> {
    const { rng, owner, offers, messages, chainHash } = this.#options
    if (offers.count >= (plugin === undefined ? MAX_OFFERS : MAX_OFFERS / 2)) return err({ code: 'too-many-offers' })
    const nonce = rng.bytes(16)
    const paths = pathsOfOurs(messages, blinded, ownPathId(owner, 'offer', nonce))
    if (!paths.ok) return paths
    const offer = issueOffer(owner, nonce, {
      ...terms,
      chainHash,
      ...(paths.value.length === 0 ? {} : { paths: paths.value }),
    })
    return offer.ok ? ok(await offers.add(offer.value, plugin)) : offer
  }

  /** A message that may ask for an invoice. What we cannot answer is dropped. */
  take({ pathId, content: { invoiceRequest, replyPath } }: ReceivedMessage): void {
    if (invoiceRequest === undefined || replyPath === undefined) return
    const answer = this.#answer(invoiceRequest, pathId)
    if (answer === undefined) return
    // BOLT 4: nobody may answer an answer, so that it has no path of its own.
    this.#options.messages.answer(replyPath, answer)
  }

  #answer(
    bytes: Uint8Array,
    pathId: Uint8Array | undefined,
  ): { invoice: Uint8Array } | { invoiceError: Uint8Array } | undefined {
    const { chainHash, owner, clock, offers } = this.#options
    const parsed = parseInvoiceRequest(bytes)
    // By a path that we made for something else, even that we are at its end would be told.
    if (!parsed.ok) return pathId === undefined ? this.#refuse(parsed.error) : undefined
    const request = parsed.value
    const accepted = acceptRequest(owner, request, { chainHash, now: clock.now(), pathId })
    if (!accepted.ok) {
      const { error } = accepted
      // BOLT 12: whoever asks for what is no offer of ours, or by another way than the offer's, learns nothing.
      return error.code === 'unknown-offer' || error.code === 'wrong-path' ? undefined : this.#refuse(error, request)
    }
    const offer = offerIn(request)
    const id = offerId(offer)
    if (offers.get(id)?.disabledAt !== undefined) return this.#within(errorOf('the offer was taken back'))
    if (offers.get(id) === undefined) {
      if (offers.count >= MAX_OFFERS) return undefined
      // Made before the database that there is now: the payment will look for it.
      void offers.add(offer)
    }
    // BOLT 12: a request that came before may be answered as before, and no other.
    const name = toHex(sha256(bytes))
    const earlier = this.#answered.get(name)
    if (earlier !== undefined && clock.monotonic() - earlier.at < REMEMBERED_MS) return { invoice: earlier.invoice }
    if (this.#ration.take() === undefined) return undefined
    const invoice = this.#invoice(request, accepted.value, id)
    if (invoice === undefined) return errorOf('no way to this node is known')
    this.#remember(name, invoice)
    return { invoice }
  }

  #refuse(error: Bolt12Error, request?: InvoiceRequest): { invoiceError: Uint8Array } | undefined {
    return this.#within({ invoiceError: encodeInvoiceError(requestError(error, request, this.#options.chainHash)) })
  }

  /** An answer of no use to an honest payer is held to the same ration. */
  #within(answer: { invoiceError: Uint8Array }): { invoiceError: Uint8Array } | undefined {
    return this.#ration.take() === undefined ? undefined : answer
  }

  #invoice(request: InvoiceRequest, { amountMsat, key }: AcceptedRequest, id: Uint8Array): Uint8Array | undefined {
    const { owner, clock, rng, nodeKey, paymentPaths } = this.#options
    const now = clock.now()
    const { invreqQuantity, invreqPayerNote } = request
    const offered: OfferedInvoice = {
      offer: {
        offerId: id,
        ...(invreqQuantity === undefined ? {} : { quantity: invreqQuantity }),
        ...(invreqPayerNote === undefined ? {} : { payerNote: beginningOf(invreqPayerNote, MAX_NOTE) }),
      },
      nonce: rng.bytes(16),
      amountMsat,
      minFinalCltvExpiryDelta: MIN_FINAL_CLTV_EXPIRY_DELTA,
      createdAt: now,
      expiresAt: now + DEFAULT_RELATIVE_EXPIRY * 1_000,
    }
    const pathId = offeredPathId(offered)
    const paths = paymentPaths({
      amountMsat,
      pathId,
      minFinalCltvExpiryDelta: MIN_FINAL_CLTV_EXPIRY_DELTA,
      expirySeconds: DEFAULT_RELATIVE_EXPIRY,
    })
    if (paths.length === 0) return undefined
    const terms = {
      amountMsat,
      paymentHash: sha256(offeredPreimage(owner.secret, pathId)),
      now,
      relativeExpirySeconds: DEFAULT_RELATIVE_EXPIRY,
      paths,
      multiPart: 'optional' as const,
      fallbacks: [],
    }
    const privateKey = key.type === 'node' ? nodeKey : key.privateKey
    return encodeBolt12Invoice(answerRequest(request, terms, privateKey, rng.bytes(32)))
  }

  #remember(name: string, invoice: Uint8Array): void {
    this.#answered.delete(name)
    this.#answered.set(name, { invoice, at: this.#options.clock.monotonic() })
    for (const oldest of this.#answered.keys()) {
      if (this.#answered.size <= REMEMBERED) return
      this.#answered.delete(oldest)
    }
  }
}

/** The characters of a text that are whole within so many bytes. */
const beginningOf = (text: string, bytes: number): string =>
  new TextDecoder('utf-8', { ignoreBOM: true }).decode(utf8Encode(text).subarray(0, bytes), { stream: true })

const errorOf = (error: string): { invoiceError: Uint8Array } => ({ invoiceError: encodeInvoiceError({ error }) })
