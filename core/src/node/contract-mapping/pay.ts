import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import type { ActorRef } from '../../actor/types.ts'
import { toHex } from '../../lib/bytes.ts'
import { counted } from '../../lib/counted.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import { err, ok } from '../../lib/result.ts'
import { type PaymentRequest, payeeOf, type SentPayment } from '../../payment/send/payment.ts'
import type { Store } from '../../store/store.ts'
import type { ArchivedPayment } from '../payment/archived-payments.ts'
import { askPayment } from '../payment/payment-end.ts'
import { type PaymentsProtocol, readPayment } from '../payment/payments-actor.ts'
import { describeAttempts, describeFailure, settledAmounts } from '../payment/report-payment.ts'
import { refusal } from './handlers.ts'

type PaymentSummary = ReplyOf<'payments', 'get'>['payment']

/** The payment of this hash, if it was begun with this key. */
export const begunUnder = async (
  store: Store,
  paymentHash: PaymentHash,
  key: string | undefined,
): Promise<SentPayment | undefined> => {
  if (key === undefined || key === '') return undefined
  const payment = await readPayment(store, paymentHash)
  return payment?.key === key ? payment : undefined
}

/** Reports that a payment whose row was removed was made, and where to look for it. */
export const archivedRefusal = <const Code extends string>(code: Code, { settledAt, archivedAt }: ArchivedPayment) =>
  refusal(code, 'this payment was made, and has been moved to the archive: its files are in the data folder', {
    field: 'paymentHash',
    details: { settledAt, archivedAt },
  })

/** Makes a payment, or waits for one that was begun with the same key, and returns how it ended. The gateway's own deadline is sooner. */
export const payer =
  (payments: ActorRef<PaymentsProtocol>) =>
  async ({ target, moreRoutes, maxFeeMsat, key }: PaymentRequest) => {
    const request = { target, ...(moreRoutes === undefined ? {} : { moreRoutes }), maxFeeMsat, key }
    const answer = await askPayment(payments, request)
    if (!answer.ok) {
      return err(
        answer.error.code === 'mailbox-full'
          ? refusal('mailbox-full', 'too many payments at once; try again later')
          : refusal('outcome-unknown', 'the payment was taken, and its outcome is not known'),
      )
    }
    if (!answer.value.ok) {
      const { error } = answer.value
      switch (error.code) {
        case 'already-paid':
          return err(refusal('already-paid', 'this payment hash was paid before'))
        case 'paid-and-archived':
          return err(archivedRefusal('already-paid', error))
        case 'payment-in-flight':
          return err(refusal('payment-in-flight', 'a payment of this hash is under way'))
      }
    }
    const payment = answer.value.value
    if (payment.status === 'settled') return ok({ payment: describePayment(payment) })
    const { code } = payment.failure ?? { code: 'payment-failed' as const }
    const failure = describeFailure(payment)
    return err(
      refusal(code, messageOf(code, failure, payment.attempts.length), {
        details: { failure, attempts: payment.attempts.length, paymentHash: toHex(payment.target.paymentHash) },
      }),
    )
  }

export const describePayment = (payment: SentPayment): PaymentSummary => {
  const { target, status, startedAt, endedAt, preimage } = payment
  const { amountMsat, feesMsat } = settledAmounts(payment)
  return {
    paymentHash: toHex(target.paymentHash),
    status,
    amountMsat: status === 'settled' ? amountMsat : payeeOf(target).amountMsat,
    feesMsat,
    destination: toHex(payeeOf(target).nodeId),
    ...(target.recipient.type === 'keysend' ? { keysend: true } : {}),
    ...(target.invoice === undefined ? {} : { invoice: target.invoice }),
    ...(target.description === undefined ? {} : { description: target.description.slice(0, 1024) }),
    parts: describeAttempts(payment),
    ...(preimage === undefined ? {} : { preimage: toHex(preimage) }),
    ...(status === 'failed' ? { failure: describeFailure(payment) } : {}),
    startedAt: startedAt,
    ...(endedAt === undefined ? {} : { endedAt: endedAt }),
  }
}

const messageOf = (code: string, failure: ReturnType<typeof describeFailure>, attempts: number): string => {
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
    case 'route-search-failed':
      return 'no way was found, because the search for one took too long or failed: try again'
    default:
      return `the payment failed: ${failure.code}${whereOf(failure)}, after ${counted(attempts, 'attempt')}; payments get tells what each went over`
  }
}

const whereOf = ({ erringNode, erringShortChannelId }: ReturnType<typeof describeFailure>): string => {
  if (erringNode === undefined) return ''
  return ` at ${erringNode}${erringShortChannelId === undefined ? '' : ` for its channel ${erringShortChannelId}`}`
}
