import type { RequestOf } from '@fulgurite/plugin-sdk/contract'
import { decodeBolt12Invoice, type PayableInvoice } from '../../invoice/bolt12/invoice.ts'
import { keyOfOffer } from '../../invoice/bolt12/issue-offer.ts'
import { decodeOffer } from '../../invoice/bolt12/offer.ts'
import { EMPTY, fromHex } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import { err, ok } from '../../lib/result.ts'
import { requestedQuantity } from '../../payment/send/offer-amount.ts'
import { offerTarget } from '../../payment/send/offer-target.ts'
import { wishing } from '../../payment/send/route-wishes.ts'
import type { RouteWishes } from '../../payment/send/wishes.ts'
import { hasFeature } from '../../wire/features.ts'
import { findArchivedPayment } from '../payment/archived-payments.ts'
import { findPayment } from '../payment/payment-end.ts'
import { readWishes } from './asked-wishes.ts'
import type { MappingContext } from './context.ts'
import { type ActorRecalls, blindRefusal, type ResolvedRequest, refusal } from './handlers.ts'
import { offerByName } from './offer-by-name.ts'
import { fetchRefusal, NO_MESSAGES, unreadableOffer } from './offer-refusals.ts'
import { archivedRefusal, begunUnder, payer } from './pay.ts'
import { trampolinePayment, trampolineProblem } from './trampoline-payment.ts'

type PayRequest = ResolvedRequest<'offers', 'pay'> & { readonly offer: string }

const THROUGH_PATHS = refusal(
  'trampoline-not-possible',
  'the payee wants the inner onion through its own paths, which this node does not do: pay it without a trampoline node',
  { field: 'trampoline' },
)

/** Pays offers. */
export const offerPaying = (context: MappingContext) => {
  const { options, flow, offers } = context
  const settle = payer(flow.payments)

  /** What paying the invoice comes to, if it can be begun now. */
  const paymentOf = (request: PayRequest, key: string, fetched: PayableInvoice, wishes: RouteWishes) => {
    // The chain may be out of sight since the invoice was asked for, or since the start before which it was.
    const blind = blindRefusal(context.chainHealth)
    if (blind !== undefined) return err(blind)
    const paths = flow.recipientPaths(fetched.paths)
    const target = offerTarget(request.offer, fetched, paths)
    if (target === undefined) {
      return err(
        refusal('invoice-unsupported', 'the issuer wants several parts in any case, which this node does not do'),
      )
    }
    if (paths.length === 0) return err(refusal('no-route', 'this node finds none of the ways that the invoice names'))
    const direct = { target, maxFeeMsat: request.maxFeeMsat, key }
    if (request.trampoline === undefined) return ok({ ...direct, target: wishing(target, wishes) })
    const { invoiceFeatures = EMPTY } = fetched.invoice
    // lightning/bolts 836: the inner onion then goes along the paths, which this node does not do.
    if (hasFeature(invoiceFeatures, 'trampoline_routing')) return err(THROUGH_PATHS)
    const by = trampolinePayment(direct, fromHex(request.trampoline), context)
    // The payer wants it of the parts that it sends, and not of those of the trampoline node.
    return by.ok ? ok({ ...by.value, target: wishing(by.value.target, wishes) }) : by
  }

  /** What was begun under this key, or fetched for it. */
  const earlier = async (request: PayRequest, key: string, wishes: RouteWishes) => {
    const hash = await offers.payments.hashOf(key)
    if (hash === undefined) return undefined
    const begun = await begunUnder(options.store, hash, key)
    if (begun !== undefined) return settle(begun)
    const archived = await findArchivedPayment(options.store, hash)
    if (archived !== undefined) return err(archivedRefusal('already-paid', archived))
    const kept = await offers.payments.get(hash)
    const invoice = kept && decodeBolt12Invoice(kept.invoice)
    if (invoice?.ok !== true || options.clock.now() > invoice.value.expiresAt) return undefined
    // Nothing was begun: whoever asks for something else with the key has authorised that, and nothing of what was asked for before.
    if (kept?.offer !== request.offer || !answers(invoice.value, request)) return undefined
    const payment = paymentOf(request, key, invoice.value, wishes)
    return payment.ok ? settle(payment.value) : payment
  }

  return async (asked: ResolvedRequest<'offers', 'pay'>, key: string) => {
    // What the rule for its worst case has found by the name, if it was asked by one.
    const request: PayRequest = { ...asked, offer: asked.offer ?? '' }
    // Whoever signs the invoice is no node that a route leads to.
    const wishes = readWishes(request, request.trampoline === undefined ? [] : [fromHex(request.trampoline)], context)
    if (!wishes.ok) return wishes
    const known = await earlier(request, key, wishes.value)
    if (known !== undefined) return known
    const named = offerByName(request, options.clock.now())
    if (!named.ok) return named
    const offer = decodeOffer(request.offer)
    if (!offer.ok) return err(unreadableOffer)
    const { payer: fetcher, owner } = offers
    if (fetcher === undefined) return err(NO_MESSAGES)
    if (keyOfOffer(owner, offer.value) !== undefined) return err(fetchRefusal({ code: 'leads-to-ourselves' }))
    const blind = blindRefusal(context.chainHealth)
    if (blind !== undefined) return err(blind)
    const problem = request.trampoline && trampolineProblem(fromHex(request.trampoline), context)
    if (problem) return err(problem)
    const fetched = await fetcher.fetch(offer.value, {
      amountMsat: request.amountMsat,
      quantity: requestedQuantity(offer.value, request),
      payerNote: request.payerNote,
      bip353Name: named.value.name,
    })
    if (!fetched.ok) return err(fetchRefusal(fetched.error))
    const { invoice, bytes } = fetched.value
    const { paymentHash } = invoice
    const payment = paymentOf(request, key, invoice, wishes.value)
    if (!payment.ok) return payment
    const isFresh =
      // An issuer that names the hash of another payment of ours would have its preimage prove that this offer was paid.
      (await findPayment(options.store, paymentHash)) === undefined &&
      (await offers.payments.add(key, paymentHash, { offer: request.offer, invoice: bytes }))
    if (!isFresh) return err(fetchRefusal({ code: 'invoice-unsound', reason: 'hash-used' }))
    const paid = await settle(payment.value)
    // Too many payments at once: whoever asks again fetches another one.
    if (!paid.ok && paid.error.code === 'mailbox-full') offers.payments.forget(key, paymentHash)
    return paid
  }
}

/** Whether an invoice is what would be asked for now. */
const answers = ({ invoice, amountMsat: asked }: PayableInvoice, request: PayRequest): boolean => {
  const { amountMsat, quantity, payerNote } = request
  const isAmount = invoice.offerCurrency === undefined ? invoice.invreqAmount === amountMsat : asked <= amountMsat
  return isAmount && (invoice.invreqQuantity ?? 1n) === BigInt(quantity) && invoice.invreqPayerNote === payerNote
}

/** A payment goes on by itself after a restart; a request for an invoice does not, and has cost nothing. */
export const offersRecalls = ({ options, flow, offers }: MappingContext): ActorRecalls<'offers'> => {
  const settle = payer(flow.payments)
  const find = async (hash: PaymentHash, key: string) => {
    const payment = await begunUnder(options.store, hash, key)
    if (payment !== undefined) return { answer: settle(payment), isKnown: payment.endedAt !== undefined }
    return (await findArchivedPayment(options.store, hash)) === undefined ? undefined : ('unknown' as const)
  }
  return {
    async pay(_request: RequestOf<'offers', 'pay'>, key: string) {
      const hash = await offers.payments.hashOf(key)
      return hash === undefined ? undefined : find(hash, key)
    },
  }
}
