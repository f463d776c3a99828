import type { ContractError, ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { decodeInvoice } from '../../invoice/decode-invoice.ts'
import type { InvoiceError } from '../../invoice/invoice.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { invoiceRequest } from '../../payment/send/invoice-request.ts'
import type { PaymentRequest, SentPayment } from '../../payment/send/payment.ts'
import { readPayment } from '../payment/payments-actor.ts'
import { describeAttempt, describeFailure, settledAmounts } from '../payment/report-payment.ts'
import { TABLE } from '../storage/tables.ts'
import type { MappingContext } from './context.ts'
import { destinationOf, givenRoutes } from './given-routes.ts'
import { type ActorHandlers, blindRefusal, refusal } from './handlers.ts'
import { pageOfIndex } from './paging.ts'

type PaymentSummary = ReplyOf<'payments', 'get'>['payment']

/** Longer than any payment takes: its outcome comes, or the gateway's own deadline tells that it is not known yet. */
const PAYMENT_TIMEOUT_MS = 24 * 3_600_000

export const paymentsHandlers = (context: MappingContext): ActorHandlers<'payments'> => {
  const { options, flow, signer, channelDirectory } = context
  const pay = async (request: PaymentRequest): Promise<Result<{ payment: PaymentSummary }, ContractError>> => {
    const blind = blindRefusal(context.chainHealth)
    if (blind !== undefined) return err(blind)
    const answer = await flow.payments.ask('pay', request, { timeoutMs: PAYMENT_TIMEOUT_MS })
    if (!answer.ok) {
      return err(
        answer.error.code === 'mailbox-full'
          ? refusal('mailbox-full', 'too many payments at once; try again later')
          : refusal('outcome-unknown', 'the payment was taken, and its outcome is not known'),
      )
    }
    if (!answer.value.ok) {
      return answer.value.error.code === 'already-paid'
        ? err(refusal('already-paid', 'this payment hash was paid before'))
        : err(refusal('payment-in-flight', 'a payment of this hash is under way'))
    }
    const payment = answer.value.value
    if (payment.status === 'settled') return ok({ payment: describePayment(payment) })
    const { code } = payment.failure ?? { code: 'payment-failed' as const }
    const failure = describeFailure(payment)
    return err(
      refusal(code, messageOf(code, failure.code), {
        details: { failure, paymentHash: toHex(payment.target.paymentHash) },
      }),
    )
  }

  return {
    async list({ status, page }) {
      return pageOfIndex(options.store, TABLE.paymentIndex, page, async ({ key }) => {
        const payment = await readPayment(options.store, key.subarray(9))
        return payment === undefined || (status !== undefined && payment.status !== status)
          ? undefined
          : describePayment(payment)
      })
    },

    async get({ paymentHash }) {
      const payment = await readPayment(options.store, fromHex(paymentHash as string))
      return payment === undefined
        ? err(refusal('payment-not-found', 'nothing was sent with this payment hash', { field: 'paymentHash' }))
        : ok({ payment: describePayment(payment) })
    },

    async payInvoice({ invoice: text, amountMsat, maxFeeMsat }, { key }) {
      const invoice = decodeInvoice(text, options.network.name)
      if (!invoice.ok) return err(invoiceRefusal(invoice.error, options.network.name))
      const request = invoiceRequest(invoice.value, {
        text,
        amountMsat,
        maxFeeMsat,
        key: key ?? '',
        ourNodeId: signer.nodeId,
        now: options.clock.now(),
      })
      if (request.ok) return pay(request.value)
      if (request.error.code === 'invoice-expired' && key !== undefined) {
        // Asked again after the invoice's time: what was begun under this key goes on, or has its outcome.
        const earlier = await readPayment(options.store, invoice.value.paymentHash)
        if (earlier?.key === key) return pay({ target: earlier.target, maxFeeMsat: earlier.maxFeeMsat, key })
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
          return err(refusal('amount-required', 'the invoice names no amount: say how much', { field: 'amountMsat' }))
        case 'amount-mismatch':
          return err(
            refusal('amount-mismatch', `the invoice asks for ${request.error.invoiceMsat} msat`, {
              field: 'amountMsat',
            }),
          )
        case 'own-invoice':
          return err(refusal('own-invoice', 'this node made the invoice itself', { field: 'invoice' }))
      }
    },

    async sendToRoute(request, { key }) {
      const given = givenRoutes(request, channelDirectory, context.height())
      if (!given.ok) return given
      const { routes, amountMsat, feesMsat } = given.value
      const [route, ...moreRoutes] = routes
      return pay({
        target: {
          destination: destinationOf(route),
          paymentHash: fromHex(request.paymentHash as string),
          amountMsat: request.totalAmountMsat ?? amountMsat,
          paymentSecret: fromHex(request.paymentSecret),
          ...(request.paymentMetadata === undefined ? {} : { paymentMetadata: fromHex(request.paymentMetadata) }),
          minFinalCltvExpiryDelta: request.route.at(-1)?.cltvExpiryDelta ?? 0,
          routeHints: [],
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

const describePayment = (payment: SentPayment): PaymentSummary => {
  const { target, status, attempts, startedAt, endedAt, preimage } = payment
  const { amountMsat, feesMsat } = settledAmounts(payment)
  return {
    paymentHash: toHex(target.paymentHash),
    status,
    amountMsat: status === 'settled' ? amountMsat : (target.amountMsat as bigint),
    feesMsat,
    destination: toHex(target.destination),
    ...(target.invoice === undefined ? {} : { invoice: target.invoice }),
    ...(target.description === undefined ? {} : { description: target.description.slice(0, 1024) }),
    parts: attempts.map(describeAttempt),
    ...(preimage === undefined ? {} : { preimage: toHex(preimage) }),
    ...(status === 'failed' ? { failure: describeFailure(payment) } : {}),
    startedAt: startedAt as number,
    ...(endedAt === undefined ? {} : { endedAt: endedAt as number }),
  }
}

const messageOf = (code: string, reason: string): string => {
  switch (code) {
    case 'insufficient-balance':
      return 'no channel can carry this amount now'
    case 'peer-limit-reached':
      return 'the balance would do, but the peers take no more in flight now: pay less at once, or wait for what is under way'
    case 'no-route':
      return 'no way to the destination is known: connect to it, or ask for an invoice with route hints'
    case 'fee-limit-exceeded':
      return 'every way that can carry it charges more than maxFeeMsat'
    case 'expiry-too-far':
      return 'the route would lock the money up for longer than this node allows'
    default:
      return `the payment failed: ${reason}`
  }
}

const invoiceRefusal = ({ code }: InvoiceError, network: string): ContractError => {
  switch (code) {
    case 'wrong-network':
      return refusal('invoice-wrong-network', `the invoice is not of ${network}`, { field: 'invoice' })
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
