import { checkInvoice, type InvoiceRefusal } from '../../invoice/bolt12/check-invoice.ts'
import { type Bolt12Invoice, invoiceStream } from '../../invoice/bolt12/fields.ts'
import { decodeBolt12Invoice, type PayableInvoice } from '../../invoice/bolt12/invoice.ts'
import { encodeInvoiceError } from '../../invoice/bolt12/invoice-error.ts'
import { keyOfRequest, type ReadRequest, refundId } from '../../invoice/bolt12/invoice-request.ts'
import { type Bolt12Owner, cameBy, ownPathId } from '../../invoice/bolt12/own-keys.ts'
import { createRefund } from '../../invoice/bolt12/request-invoice.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import { Ration } from '../../lib/ration.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import type { Msat } from '../../lib/units.ts'
import type { RecipientPath } from '../../payment/send/blinded-recipient.ts'
import { offerTarget } from '../../payment/send/offer-target.ts'
import type { PaymentRequest, PaymentTarget } from '../../payment/send/payment.ts'
import { decodeWith } from '../../wire/codec/codec.ts'
import type { ReceivedMessage } from '../onion-messages/message-room.ts'
import type { OnionMessages } from '../onion-messages/onion-messages.ts'
import { MAX_REFUNDS, OPEN, type OwnRefund, type OwnRefunds } from './own-refunds.ts'
import { type NoRelayingPeer, pathsOfOurs } from './paths-of-ours.ts'

/** How a payment ended; `unknown` if that was not told. */
export type PaymentEnd = 'settled' | 'failed' | 'unknown'

export interface RefundPayerOptions {
  readonly clock: Clock
  readonly rng: Rng
  readonly chainHash: Uint8Array
  readonly owner: Bolt12Owner
  readonly refunds: OwnRefunds
  readonly messages: Pick<OnionMessages, 'answer' | 'pathsToUs' | 'isAnnounced'>
  /** The ways of an invoice that we can pay it by. */
  readonly recipientPaths: (paths: PayableInvoice['paths']) => readonly RecipientPath[]
  /** Whether the node does not see the chain, so that nothing is begun. */
  readonly isBlind: () => boolean
  /** What is known of the payment of this hash; `undefined` if none was ever begun. */
  readonly find: (paymentHash: PaymentHash) => Promise<'settled' | 'failed' | 'in-flight' | undefined>
  /** Makes a payment, or joins the one that was begun under its key, and waits for its end. */
  readonly pay: (request: PaymentRequest) => Promise<PaymentEnd>
}

/** What is chosen of a refund. */
export interface RefundWish {
  readonly amountMsat: Msat
  readonly maxFeeMsat: Msat
  readonly description: string
  readonly expirySeconds: number
  readonly issuer?: string | undefined
  readonly payerNote?: string | undefined
  /** Through peers, so that it does not name our node, even if the network knows it. */
  readonly blinded: boolean
  /** The plugin that asks for it; absent: the operator. */
  readonly plugin: string | undefined
}

/** Invoices whose signatures are looked at. */
const LOOKED_AT = { perSecond: 10, burst: 50 }
/** Of those for one refund: whoever has its text can have each payment fail, and send another invoice. */
const FOR_ONE = { perSecond: 1 / 60, burst: 10 }
/** Answers to those that are not looked at. */
const TURNED_AWAY = { perSecond: 10, burst: 50 }

/** Makes refunds, and pays the first sound invoice that comes for each: once, and no more than was promised. */
export class RefundPayer {
  readonly #options: RefundPayerOptions
  readonly #lookedAt: Ration
  readonly #turnedAway: Ration
  /** By what each refund asks for, which stays the same object until the refund is pruned. */
  readonly #forOne = new WeakMap<ReadRequest, Ration>()

  constructor(options: RefundPayerOptions) {
    this.#options = options
    this.#lookedAt = new Ration(options.clock, LOOKED_AT)
    this.#turnedAway = new Ration(options.clock, TURNED_AWAY)
  }

  /** A new refund, once it is durable. */
  async create(wish: RefundWish): Promise<Result<OwnRefund, NoRelayingPeer | { readonly code: 'too-many-refunds' }>> {
    const { amountMsat, maxFeeMsat, description, expirySeconds, issuer, payerNote, blinded, plugin } = wish
    const { rng, owner, chainHash, refunds, messages, clock } = this.#options
    refunds.prune()
    if (refunds.count >= (plugin === undefined ? MAX_REFUNDS : MAX_REFUNDS / 2))
      return err({ code: 'too-many-refunds' })
    const nonce = rng.bytes(16)
    const paths = pathsOfOurs(messages, blinded, ownPathId(owner, 'invoice_request', nonce))
    if (!paths.ok) return paths
    const refund = createRefund(owner, nonce, {
      chainHash,
      description,
      amountMsat,
      offerAbsoluteExpiry: BigInt(Math.floor(clock.now() / 1_000) + expirySeconds),
      ...(issuer === undefined ? {} : { offerIssuer: issuer }),
      ...(payerNote === undefined ? {} : { invreqPayerNote: payerNote }),
      ...(paths.value.length === 0 ? {} : { invreqPaths: paths.value }),
    })
    return ok(await refunds.add(refund, maxFeeMsat, plugin))
  }

  /** Takes up what was being paid when the node stopped. */
  async resume(): Promise<void> {
    const paying = this.#options.refunds.all().filter(({ state }) => state.type === 'paying')
    await Promise.all(paying.map((refund) => this.#takeUp(refund)))
  }

  /** A message that may bring an invoice. Whoever names no refund of ours, or comes by another way than its own, learns nothing. */
  async take({ pathId, content: { invoice, replyPath } }: ReceivedMessage): Promise<void> {
    if (invoice === undefined) return
    const error = await this.#consider(invoice, pathId)
    if (error === undefined || replyPath === undefined) return
    this.#options.messages.answer(replyPath, { invoiceError: encodeInvoiceError({ error }) })
  }

  /** Pays the invoice if it can be; what its maker is told if not. */
  async #consider(bytes: Uint8Array, pathId: Uint8Array | undefined): Promise<string | undefined> {
    const { refunds, owner, chainHash, clock, find } = this.#options
    const records = decodeWith(invoiceStream, bytes)
    const refund = records.ok ? this.#refundOf(records.value) : undefined
    if (!records.ok || refund === undefined) return undefined
    const { request, state } = refund
    const expectedPathId =
      request.invreqPaths === undefined ? undefined : ownPathId(owner, 'invoice_request', request.invreqMetadata)
    if (!cameBy(expectedPathId, pathId)) return undefined
    // A copy of the invoice that is being paid.
    const { invoicePaymentHash } = records.value
    if (state.type === 'paying' && invoicePaymentHash && equalBytes(state.paymentHash, invoicePaymentHash))
      return undefined
    // Before what all share: the text of one refund, even of one that is over, keeps nobody from being paid by another.
    const turnedAway = this.#over(refund) ?? this.#tooMany(refund)
    if (turnedAway !== undefined) return this.#turnedAway.take() === undefined ? undefined : turnedAway
    if (this.#lookedAt.take() === undefined) return undefined
    const invoice = decodeBolt12Invoice(bytes)
    if (!invoice.ok) return textOf(invoice.error.code)
    const refusal = checkInvoice(invoice.value, request, { chainHash, now: clock.now(), expectedPathId, pathId })
    if (refusal !== undefined) return textOf(refusal.code)
    const { paymentHash } = invoice.value
    const closed = this.#closed(refund)
    if (closed !== undefined) return closed
    if ((await find(paymentHash)) !== undefined) return 'the payment hash was used before'
    const now = refunds.get(refund.id)
    return now === undefined ? undefined : this.#begin(now, invoice.value, bytes)
  }

  /** By all its records, so that nothing of it was changed. */
  #refundOf(invoice: Bolt12Invoice): OwnRefund | undefined {
    const { owner, refunds } = this.#options
    // In this order: the root takes several hashes for each record, and a stranger sends as many as a message holds.
    return keyOfRequest(owner, invoice) === undefined ? undefined : refunds.get(refundId(invoice))
  }

  #tooMany({ request }: OwnRefund): string | undefined {
    const ration = this.#forOne.get(request) ?? new Ration(this.#options.clock, FOR_ONE)
    this.#forOne.set(request, ration)
    return ration.take() === undefined ? 'too many invoices for this refund' : undefined
  }

  /** Why nobody is paid by it any more. */
  #over({ state, expiresAt }: OwnRefund): string | undefined {
    switch (state.type) {
      case 'cancelled':
        return 'the refund was taken back'
      case 'paid':
        return 'the refund was paid'
      case 'paying':
        return undefined
      case 'open':
        return this.#options.clock.now() > expiresAt ? 'the refund has expired' : undefined
    }
  }

  /** Why nobody is paid by it now. */
  #closed(refund: OwnRefund): string | undefined {
    const over = this.#over(refund)
    if (over !== undefined) return over
    if (refund.state.type === 'paying') return 'the refund is being paid'
    return this.#options.isBlind() ? 'nothing can be paid now: send another invoice later' : undefined
  }

  // In one step from the check to the row, which is in a commit before the payment's first: there is never a second payment.
  async #begin(refund: OwnRefund, invoice: PayableInvoice, bytes: Uint8Array): Promise<string | undefined> {
    const closed = this.#closed(refund)
    if (closed !== undefined) return closed
    const target = this.#targetOf(refund, invoice)
    if (target === undefined) return 'the invoice wants several parts in any case, which this node does not do'
    if (target.recipient.type === 'blinded' && target.recipient.paths.length === 0) return 'no way to you is known'
    const { paymentHash } = invoice
    const paying = this.#options.refunds.become(refund, { type: 'paying', paymentHash, invoice: bytes })
    return (await this.#pay(paying, target)) === 'failed' ? 'the payment failed: send another invoice' : undefined
  }

  async #pay({ id, maxFeeMsat }: OwnRefund, target: PaymentTarget): Promise<PaymentEnd> {
    return this.#ended(id, target.paymentHash, await this.#options.pay({ target, maxFeeMsat, key: keyOf(id) }))
  }

  /** Returns how it is, whatever was told. */
  async #ended(id: Uint8Array, paymentHash: PaymentHash, told: PaymentEnd): Promise<PaymentEnd> {
    const { refunds, clock, find } = this.#options
    // A payment that was not taken up is told as failed, too, and may be under way all the same.
    const end = told === 'failed' ? ((await find(paymentHash)) ?? told) : told
    if (end === 'unknown' || end === 'in-flight') return 'unknown'
    const refund = refunds.get(id)
    // A payment that fails for good has moved nothing: whoever is to be paid may send another invoice.
    if (refund !== undefined)
      refunds.become(refund, end === 'settled' ? { type: 'paid', paymentHash, at: clock.now() } : OPEN)
    return end
  }

  async #takeUp(refund: OwnRefund): Promise<void> {
    const { find } = this.#options
    const { id, state } = refund
    if (state.type !== 'paying') return
    const known = await find(state.paymentHash)
    if (known !== 'in-flight') {
      await this.#ended(id, state.paymentHash, known ?? 'failed')
      return
    }
    const invoice = decodeBolt12Invoice(state.invoice)
    const target = invoice.ok ? this.#targetOf(refund, invoice.value) : undefined
    if (target !== undefined) await this.#pay(refund, target)
  }

  #targetOf({ id }: OwnRefund, invoice: PayableInvoice): PaymentTarget | undefined {
    // Not its text: a payment is shown to others than whoever made the refund, and if it fails the text is worth money again.
    return offerTarget(toHex(id), invoice, this.#options.recipientPaths(invoice.paths))
  }
}

/** Under which its payments are made. */
const keyOf = (id: Uint8Array): string => `refund ${toHex(id)}`

const textOf = (code: InvoiceRefusal['code']): string => {
  switch (code) {
    case 'expired':
      return 'the invoice has expired'
    case 'not-what-was-asked-for':
      return 'the invoice is not for what the refund says'
    case 'invalid-signature':
      return 'the signature is not that of the node id'
    default:
      return 'the invoice cannot be used'
  }
}
