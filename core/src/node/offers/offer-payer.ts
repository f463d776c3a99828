import type { Bolt12Error } from '../../invoice/bolt12/bolt12-error.ts'
import { checkInvoice, type InvoiceRefusal } from '../../invoice/bolt12/check-invoice.ts'
import type { InvoiceRequest, Offer } from '../../invoice/bolt12/fields.ts'
import { decodeBolt12Invoice, type PayableInvoice } from '../../invoice/bolt12/invoice.ts'
import { decodeInvoiceError } from '../../invoice/bolt12/invoice-error.ts'
import { encodeInvoiceRequest } from '../../invoice/bolt12/invoice-request.ts'
import type { Bolt12Owner } from '../../invoice/bolt12/own-keys.ts'
import { requestInvoice } from '../../invoice/bolt12/request-invoice.ts'
import type { Clock } from '../../lib/clock.ts'
import type { NodeId, PublicKey } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import type { Msat } from '../../lib/units.ts'
import type { OnionMessageContent } from '../../onion/onion-message-payload.ts'
import type { RecipientPath } from '../../payment/send/blinded-recipient.ts'
import { type PathResolver, recipientPaths } from '../../payment/send/recipient-paths.ts'
import type { MessageDestination, SendMessageFailure } from '../onion-messages/message-sender.ts'
import type { OnionMessages } from '../onion-messages/onion-messages.ts'

export interface OfferPayerOptions {
  readonly clock: Clock
  readonly rng: Rng
  readonly chainHash: Uint8Array
  readonly owner: Bolt12Owner
  readonly messages: Pick<OnionMessages, 'send' | 'pathsToUs' | 'awaitReply'>
  /** Finds where the paths of an invoice begin. */
  readonly resolver: PathResolver
}

/** What is asked for. */
export interface OfferOrder {
  readonly amountMsat: Msat
  readonly quantity: bigint | undefined
  readonly payerNote: string | undefined
}

/** An invoice that answers our request, and is as it should be. */
export interface FetchedInvoice {
  /** As it came. */
  readonly bytes: Uint8Array
  readonly invoice: PayableInvoice
}

export type FetchFailure =
  | Bolt12Error
  | SendMessageFailure
  /** Nothing came in time. */
  | { readonly code: 'no-answer' }
  /** The issuer says why it sends no invoice: a stranger's words. */
  | { readonly code: 'request-refused'; readonly text: string }
  | { readonly code: 'invoice-unsound'; readonly reason: InvoiceRefusal['code'] | 'hash-used' }

/** How often a request is sent, by another path of the offer each time if it has several, and how long each waits for the answer. */
const TRIES = 3
const TRY_MS = 12_000

/** Asks for the invoices of offers. */
export class OfferPayer {
  readonly #options: OfferPayerOptions

  constructor(options: OfferPayerOptions) {
    this.#options = options
  }

  /** Asks whoever made the offer for an invoice, and holds what comes against what was asked for. */
  async fetch(
    offer: Offer,
    { amountMsat, quantity, payerNote }: OfferOrder,
  ): Promise<Result<FetchedInvoice, FetchFailure>> {
    const { rng, owner, chainHash, clock } = this.#options
    const terms = {
      chainHash,
      // Said in any case: the invoice is then for this amount, or is not paid (BOLT 12).
      amountMsat,
      ...(quantity === undefined ? {} : { quantity }),
      ...(payerNote === undefined ? {} : { payerNote }),
    }
    const randomness = { nonce: rng.bytes(16), auxiliary: rng.bytes(32) }
    const request = requestInvoice(owner, offer, terms, randomness, clock.now())
    return request.ok ? this.#ask(offer, request.value) : request
  }

  /** The ways of an invoice that we can pay it by. */
  pathsOf({ paths }: PayableInvoice): readonly RecipientPath[] {
    return recipientPaths(paths, this.#options.resolver)
  }

  async #ask(offer: Offer, request: InvoiceRequest): Promise<Result<FetchedInvoice, FetchFailure>> {
    const { messages, clock } = this.#options
    const ways = waysTo(offer)
    const awaited = messages.awaitReply(TRIES * TRY_MS)
    const endsAt = clock.monotonic() + TRIES * TRY_MS
    const sentTo: PublicKey[] = []
    let failure: SendMessageFailure | undefined
    try {
      // Whoever made the offer chooses how many paths it has: when nobody waits for an answer any more, nothing is sent.
      for (let tries = 0; tries < Math.max(TRIES, ways.length) && clock.monotonic() < endsAt; tries++) {
        const way = ways[tries % ways.length] as Way
        const [replyPath] = messages.pathsToUs(awaited.pathId, 1, way.issuer)
        const content = { invoiceRequest: encodeInvoiceRequest(request), ...(replyPath && { replyPath }) }
        const sent = await messages.send(way.destination, content, 'own')
        if (!sent.ok) {
          failure = sent.error
          continue
        }
        sentTo.push(way.last)
        const came = await withinTime(clock, awaited.content, TRY_MS)
        if (came !== undefined) return this.#read(came, request, awaited.pathId, sentTo)
      }
    } finally {
      awaited.cancel()
    }
    return err(sentTo.length === 0 && failure !== undefined ? failure : { code: 'no-answer' })
  }

  #read(
    { invoice: bytes, invoiceError }: OnionMessageContent,
    request: InvoiceRequest,
    pathId: Uint8Array,
    sentTo: readonly PublicKey[],
  ): Result<FetchedInvoice, FetchFailure> {
    if (bytes === undefined) {
      const said = invoiceError === undefined ? undefined : decodeInvoiceError(invoiceError)?.error
      return err({ code: 'request-refused', text: said ?? '' })
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

/** Where a request may go. */
interface Way {
  readonly destination: MessageDestination
  /** The issuer, if it is named: a reply need not go over itself. */
  readonly issuer?: NodeId
  /** The id at its end: of the issuer, or of the last node of the path. */
  readonly last: PublicKey
}

/** BOLT 12, the writer of a request: by a path of the offer if it has any, or to its issuer. */
const waysTo = ({ offerPaths = [], offerIssuerId }: Offer): readonly Way[] => {
  const ways = offerPaths.map((path): Way => {
    const { firstNodeId } = path
    const isIssuer = path.path.length === 1 && firstNodeId.type === 'pubkey'
    // A path has one hop at least: none is read without.
    const last = path.path.at(-1)?.blindedNodeId ?? path.firstPathKey
    return { destination: { type: 'path', path }, ...(isIssuer ? { issuer: firstNodeId.nodeId } : {}), last }
  })
  if (ways.length > 0 || offerIssuerId === undefined) return ways
  return [{ destination: { type: 'node', nodeId: offerIssuerId }, issuer: offerIssuerId, last: offerIssuerId }]
}

const withinTime = async <T>(clock: Clock, promise: Promise<T>, ms: number): Promise<T | undefined> => {
  let cancel = (): void => {}
  const late = new Promise<undefined>((resolve) => {
    cancel = clock.setTimer(ms, () => resolve(undefined))
  })
  const first = await Promise.race([promise, late])
  cancel()
  return first
}
