import { fromHex } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import { err, ok } from '../../lib/result.ts'
import { invoiceRequest } from '../../payment/send/invoice-request.ts'
import { type PaymentRequest, payeeOf } from '../../payment/send/payment.ts'
import { wishing } from '../../payment/send/route-wishes.ts'
import { findArchivedPayment } from '../payment/archived-payments.ts'
import { hashOfInvoiceKey, INVOICE_STATUS } from '../payment/invoice-index.ts'
import { hashOfPaymentKey, PAYMENT_STATUS } from '../payment/payment-index.ts'
import { readPayment, readPayments } from '../payment/payments-actor.ts'
import { readInvoices } from '../payment/receiver-actor.ts'
import { TABLE } from '../storage/tables.ts'
import { type AskedWishes, readWishes } from './asked-wishes.ts'
import type { MappingContext } from './context.ts'
import { describeReceivedPayment } from './describe-received-payment.ts'
import { pageOfEvents } from './event-pages.ts'
import { destinationOf, givenRoutes } from './given-routes.ts'
import { type ActorHandlers, type ActorRecalls, blindRefusal, refusal } from './handlers.ts'
import { amountRefusal } from './invoice-refusals.ts'
import { keysend, partsRefusal } from './keysend.ts'
import { pageOfIndex } from './paging.ts'
import { archivedRefusal, begunUnder, describePayment, payer } from './pay.ts'
import { payeeProblem, trampolinePayment } from './trampoline-payment.ts'

export const paymentsHandlers = (context: MappingContext): ActorHandlers<'payments'> => {
  const { options, flow, signer, channelDirectory, invoices } = context
  const settle = payer(flow.payments)
  const { history } = context.events
  const pay = async (request: PaymentRequest) => {
    const blind = blindRefusal(context.chainHealth)
    // A payment that was begun under this key goes on, and is not a new one.
    const isNew = async () => (await begunUnder(options.store, request.target.paymentHash, request.key)) === undefined
    return blind !== undefined && (await isNew()) ? err(blind) : settle(request)
  }

  const payWith = async (request: PaymentRequest, asked: AskedWishes) => {
    const { target } = request
    const wishes = readWishes(asked, [target.recipient.nodeId, payeeOf(target).nodeId], context)
    return wishes.ok ? pay({ ...request, target: wishing(target, wishes.value) }) : wishes
  }

  return {
    async list({ status, page }) {
      const classes = status === undefined ? Object.values(PAYMENT_STATUS) : [PAYMENT_STATUS[status]]
      const index = { table: TABLE.paymentByStatus, classes, keyLength: 41 }
      return pageOfIndex(options.store, index, page, async (keys) => {
        const payments = await readPayments(options.store, keys.map(hashOfPaymentKey), context.onUnreadable)
        // A payment that has ended since its place was read is in another part of the list.
        return payments.map((payment) =>
          payment === undefined || (status !== undefined && payment.status !== status)
            ? undefined
            : describePayment(payment),
        )
      })
    },

    async get({ paymentHash }) {
      const hash = fromHex(paymentHash)
      // In this order, so that a payment that is removed meanwhile is found in one place or the other.
      const payment = await readPayment(options.store, hash)
      if (payment !== undefined) return ok({ payment: describePayment(payment) })
      const archived = await findArchivedPayment(options.store, hash)
      return archived === undefined
        ? err(refusal('payment-not-found', 'nothing was sent with this payment hash', { field: 'paymentHash' }))
        : err(archivedRefusal('payment-archived', archived))
    },

    async received({ page }) {
      const index = { table: TABLE.invoiceByStatus, classes: [INVOICE_STATUS.paid], keyLength: 41 }
      return pageOfIndex(options.store, index, page, async (keys) => {
        const records = await readInvoices(options.store, keys.map(hashOfInvoiceKey), context.onUnreadable)
        return records.map((record) => record && describeReceivedPayment(record))
      })
    },

    async relays(request) {
      return pageOfEvents(history, 'payment.relayed', request, (payload) => payload)
    },

    async payInvoice(asked, { key }) {
      const { invoice: text, amountMsat, maxFeeMsat, trampoline } = asked
      const invoice = invoices.read(text)
      if (!invoice.ok) return invoice
      const request = invoiceRequest(invoice.value, {
        text,
        amountMsat,
        maxFeeMsat,
        key: key ?? '',
        ourNodeId: signer.nodeId,
        now: options.clock.now(),
      })
      if (request.ok) {
        if (trampoline === undefined) return payWith(request.value, asked)
        // A payment that was begun under this key goes on, whatever its trampoline node has become.
        const earlier = await begunUnder(options.store, invoice.value.paymentHash, key)
        if (earlier !== undefined) return settle(earlier)
        const problem = payeeProblem(invoice.value.features)
        if (problem !== undefined) return err(problem)
        const by = trampolinePayment(request.value, fromHex(trampoline), context)
        return by.ok ? payWith(by.value, asked) : by
      }
      if (request.error.code === 'invoice-expired') {
        // Asked again after the invoice's expiry: a payment that was begun under this key goes on, or has its outcome.
        const earlier = await begunUnder(options.store, invoice.value.paymentHash, key)
        if (earlier !== undefined) return settle(earlier)
        const archived = await findArchivedPayment(options.store, invoice.value.paymentHash)
        if (archived !== undefined) return err(archivedRefusal('already-paid', archived))
      }
      switch (request.error.code) {
        case 'invoice-expired':
          return err(
            refusal('invoice-expired', 'the invoice has expired: ask for a new one', {
              field: 'invoice',
              details: { expiredAt: request.error.expiredAt },
            }),
          )
        case 'amount-required':
        case 'amount-mismatch':
          return err(amountRefusal(request.error))
        case 'own-invoice':
          return err(refusal('own-invoice', 'this node made the invoice itself', { field: 'invoice' }))
      }
    },

    async keysend(request, { key }) {
      const prepared = keysend(context, request, key)
      if (!prepared.ok) return prepared
      const refused = partsRefusal(context, request)
      // One that was begun under this key goes on, whatever is known of its destination now.
      const isNew = async () => (await begunUnder(options.store, prepared.value.target.paymentHash, key)) === undefined
      return refused !== undefined && (await isNew()) ? err(refused) : payWith(prepared.value, request)
    },

    async sendToRoute(request, { key }) {
      const paymentHash = fromHex(request.paymentHash)
      // Asked again: a payment that was begun under this key goes on, or has its outcome, whatever happened to the channel.
      const earlier = await begunUnder(options.store, paymentHash, key)
      if (earlier !== undefined) return settle(earlier)
      const archived = await findArchivedPayment(options.store, paymentHash)
      if (archived !== undefined) return err(archivedRefusal('already-paid', archived))
      const given = givenRoutes(request, channelDirectory, context.height())
      if (!given.ok) return given
      const { routes, feesMsat } = given.value
      const [route, ...moreRoutes] = routes
      return pay({
        target: {
          recipient: {
            type: 'node',
            nodeId: destinationOf(route),
            paymentSecret: fromHex(request.paymentSecret),
            ...(request.paymentMetadata === undefined ? {} : { paymentMetadata: fromHex(request.paymentMetadata) }),
            minFinalCltvExpiryDelta: request.route.at(-1)?.cltvExpiryDelta ?? 0,
            routeHints: [],
          },
          paymentHash,
          amountMsat: request.totalAmountMsat,
          multiPart: moreRoutes.length > 0,
          route,
        },
        moreRoutes,
        maxFeeMsat: feesMsat,
        key: key ?? '',
      })
    },
  }
}

/** Payments go on by themselves after a restart. */
export const paymentsRecalls = (context: MappingContext): ActorRecalls<'payments'> => {
  const { options, flow, invoices } = context
  const pay = payer(flow.payments)
  const find = async (paymentHash: PaymentHash, key: string) => {
    const payment = await begunUnder(options.store, paymentHash, key)
    if (payment !== undefined) return { answer: pay(payment), isKnown: payment.endedAt !== undefined }
    // The payment was made, by this key or another, and its result is in the archive.
    return (await findArchivedPayment(options.store, paymentHash)) === undefined ? undefined : 'unknown'
  }
  return {
    payInvoice: async ({ invoice: text }, key) => {
      const invoice = invoices.read(text)
      return invoice.ok ? find(invoice.value.paymentHash, key) : undefined
    },
    keysend: async (request, key) => {
      const prepared = keysend(context, request, key)
      return prepared.ok ? find(prepared.value.target.paymentHash, key) : undefined
    },
    sendToRoute: ({ paymentHash }, key) => find(fromHex(paymentHash), key),
  }
}
