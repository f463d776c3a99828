import test from 'ava'
import type { ActorRef, AskFailure } from '../../actor/types.ts'
import { err, ok } from '../../lib/result.ts'
import { payments as golden } from '../../payment/fixtures/rows-v5.ts'
import type { PaymentRequest, SentPayment } from '../../payment/send/payment.ts'
import { payToEnd } from './payment-end.ts'
import type { PaymentsProtocol } from './payments-actor.ts'

const payment = golden[1]?.value as SentPayment
const request: PaymentRequest = { target: payment.target, maxFeeMsat: 10n, key: 'refund 00' }
const late: AskFailure = { code: 'ask-timeout', path: '/payments', timeoutMs: 1 }

/** Pays with payments that answer so, one after another. */
const paid = async (...answers: readonly (AskFailure | SentPayment['status'] | 'payment-in-flight')[]) => {
  const asked: PaymentRequest[] = []
  const payments = {
    async ask(_: string, one: PaymentRequest) {
      const answer = answers[asked.push(one) - 1]
      if (typeof answer === 'object') return err(answer)
      return ok(answer === 'payment-in-flight' ? err({ code: answer, payment }) : ok({ ...payment, status: answer }))
    },
  } as unknown as ActorRef<PaymentsProtocol>
  return { end: await payToEnd(payments, request), asked }
}

test('a payment is waited for until its end, however long it is held on its way', async (t) => {
  const { end, asked } = await paid(late, late, 'settled')
  t.is(end, 'settled')
  // By its key each joins the one that was begun.
  t.deepEqual(asked, [request, request, request])
  t.is((await paid(late, 'failed')).end, 'failed')
})

test('what was not begun has failed, and what nobody can tell is not known', async (t) => {
  t.is((await paid({ code: 'mailbox-full', path: '/payments' })).end, 'failed')
  t.is((await paid('payment-in-flight')).end, 'failed')
  t.is((await paid({ code: 'actor-stopped', path: '/payments' })).end, 'unknown')
})
