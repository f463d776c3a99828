import type { ActorRef } from '../../actor/types.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import type { SentPayment } from '../../payment/send/payment.ts'
import { decodeSentPayment } from '../../payment/send/payment-codec.ts'
import type { Store } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { PAYMENT_STATUS, paymentsFrom } from '../payment/payment-index.ts'
import type { PaymentsProtocol } from '../payment/payments-actor.ts'
import { offerPaymentOfHash, readOfferPayment } from '../storage/offer-payment-row.ts'
import { TABLE } from '../storage/tables.ts'
import { countListed, lookAtListed } from './listed-rows.ts'
import { answered, type DueRow, type RetainedRows } from './retained-rows.ts'

export interface PaymentRowsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly payments: ActorRef<PaymentsProtocol>
  readonly channelDirectory: ChannelDirectory
  readonly describe: (payment: SentPayment) => object
}

/** Payments that have ended, those that arrived or those that failed. Their age counts from their end. */
export const paymentRows = (status: 'settled' | 'failed', options: PaymentRowsOptions): RetainedRows => {
  const { store, clock, payments, describe } = options
  const begin = paymentsFrom(status, 0)
  return {
    class: `${status}-payments`,
    isArchived: true,
    async look(before, from = begin, limit) {
      const looked = await lookAtListed(options, {
        index: TABLE.paymentByStatus,
        from,
        to: paymentsFrom(status, before),
        table: TABLE.payment,
        limit,
        due(key, value) {
          const read = decodeSentPayment(value)
          if (!read.ok) return 'unreadable'
          const { status: is, startedAt, endedAt = before } = read.value
          if (is !== status || endedAt >= before) return undefined
          // A hash may have failed, and gone, before.
          return { id: `${toHex(key)}-${startedAt}`, key, value, record: describe(read.value) }
        },
      })
      return status === 'settled' ? { ...looked, due: await withInvoices(store, looked.due) } : looked
    },
    async remove(rows) {
      const lookedAt = rows.map(({ key, value }) => ({ paymentHash: key, row: value }))
      return answered(await payments.ask('remove', { lookedAt, archivedAt: clock.now() }))
    },
    count: (before) =>
      countListed(store, clock, {
        index: TABLE.paymentByStatus,
        from: begin,
        to: before === undefined ? paymentsEnd(status) : paymentsFrom(status, before),
        table: TABLE.payment,
      }),
  }
}

/** Of an offer that was paid, what its issuer has signed goes to the archive too: with the preimage it shows what was paid for. */
const withInvoices = async (store: Store, due: readonly DueRow[]): Promise<readonly DueRow[]> => {
  const invoices = await store.getAll(
    TABLE.offerPayment,
    due.map(({ key }) => offerPaymentOfHash(key)),
  )
  return due.map((row, at) => {
    const kept = invoices[at]
    if (kept === undefined) return row
    return { ...row, record: { ...row.record, offerInvoice: toHex(readOfferPayment(row.key, kept).invoice) } }
  })
}

const paymentsEnd = (status: SentPayment['status']): Uint8Array => Uint8Array.of(PAYMENT_STATUS[status] + 1)

/** Payments under way, which stay. */
export const countPending = (store: Store, clock: Clock) =>
  countListed(store, clock, {
    index: TABLE.paymentByStatus,
    from: paymentsFrom('in-flight', 0),
    to: paymentsEnd('in-flight'),
    table: TABLE.payment,
  })
