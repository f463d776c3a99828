import type { ActorRef, AskFailure } from '../../actor/types.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import type { Result } from '../../lib/result.ts'
import type { PaymentRequest, SentPayment } from '../../payment/send/payment.ts'
import type { Store } from '../../store/store.ts'
import { findArchivedPayment } from './archived-payments.ts'
import { type PaymentsProtocol, readPayment } from './payments-actor.ts'

/** BOLT 4, max_htlc_cltv: an HTLC may be out for 2016 blocks, and then the chain decides about it. Nearly all payments and probes take less. */
export const OUTCOME_MS = 21 * 24 * 3_600_000

/** What is known of the payment of a hash; `undefined` if none was ever begun. One that failed and was removed is as if it never was. */
export const findPayment = async (
  store: Store,
  paymentHash: PaymentHash,
): Promise<SentPayment['status'] | undefined> => {
  const payment = await readPayment(store, paymentHash)
  if (payment !== undefined) return payment.status
  return (await findArchivedPayment(store, paymentHash)) === undefined ? undefined : 'settled'
}

/** Makes a payment, or joins the one that was begun under its key, and answers when it has ended, however long that takes. */
export const askPayment = async (
  payments: ActorRef<PaymentsProtocol>,
  request: PaymentRequest,
): Promise<Result<PaymentsProtocol['pay']['reply'], AskFailure>> => {
  for (;;) {
    const answer = await payments.ask('pay', request, { timeoutMs: OUTCOME_MS })
    // It may take longer yet. Whoever asks again with the key joins the payment; without one they would be refused.
    if (answer.ok || answer.error.code !== 'ask-timeout' || request.key === '') return answer
  }
}

/** The same, as what became of it; `unknown` if nobody tells it. */
export const payToEnd = async (
  payments: ActorRef<PaymentsProtocol>,
  request: PaymentRequest,
): Promise<'settled' | 'failed' | 'unknown'> => {
  const answer = await askPayment(payments, request)
  if (!answer.ok) return answer.error.code === 'mailbox-full' ? 'failed' : 'unknown'
  // Another payment has the hash: this one was not begun.
  if (!answer.value.ok) return 'failed'
  return answer.value.value.status === 'settled' ? 'settled' : 'failed'
}
