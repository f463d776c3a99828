import type { ActorRef } from '../../actor/types.ts'
import { concat, toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { pacer } from '../../lib/pace.ts'
import type { SentPayment } from '../../payment/send/payment.ts'
import { decodeSentPayment } from '../../payment/send/payment-codec.ts'
import type { Store } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { hashesInChannels } from '../channel/hashes-in-channels.ts'
import { hashOfPaymentKey, PAYMENT_STATUS, paymentsFrom } from '../payment/payment-index.ts'
import type { PaymentsProtocol } from '../payment/payments-actor.ts'
import { TABLE } from '../storage/tables.ts'
import { countListed } from './count-rows.ts'
import { type DueRow, NOTHING, type RetainedRows } from './retained-rows.ts'

export interface PaymentRowsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly payments: ActorRef<PaymentsProtocol>
  readonly channelDirectory: ChannelDirectory
  readonly describe: (payment: SentPayment) => object
}

/** Payments that have ended, those that arrived or those that failed. Their age counts from their end. */
export const paymentRows = (status: 'settled' | 'failed', options: PaymentRowsOptions): RetainedRows => {
  const { store, clock, payments, channelDirectory, describe } = options
  const begin = paymentsFrom(status, 0)
  return {
    class: `${status}-payments`,
    isArchived: true,
    async look(before, from = begin, limit) {
      const pace = pacer(clock)
      const places = await store.sizes(TABLE.paymentByStatus, { from, to: paymentsFrom(status, before), limit })
      const hashes = places.map(({ key }) => hashOfPaymentKey(key))
      const values = await store.getAll(TABLE.payment, hashes)
      const held = hashesInChannels(channelDirectory)
      const due: DueRow[] = []
      for (const [at, key] of hashes.entries()) {
        const value = values[at]
        // What cannot be read is left for somebody to look at.
        const read = value === undefined ? undefined : decodeSentPayment(value)
        await pace()
        if (value === undefined || !read?.ok) continue
        const payment = read.value
        const { endedAt = before } = payment
        if (payment.status !== status || endedAt >= before || held.has(toHex(key))) continue
        // A hash may have failed, and gone, before.
        due.push({ id: `${toHex(key)}-${payment.startedAt}`, key, value, record: describe(payment) })
      }
      const last = places.at(-1)
      return { due, ...(last === undefined || places.length < limit ? {} : { next: concat(last.key, AFTER) }) }
    },
    async remove(rows) {
      const lookedAt = rows.map(({ key, value }) => ({ paymentHash: key, row: value }))
      const removed = await payments.ask('remove', { lookedAt, archivedAt: clock.now() })
      return removed.ok ? removed.value : NOTHING
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

/** Behind every key of the same beginning. */
const AFTER = Uint8Array.of(0)

const paymentsEnd = (status: SentPayment['status']): Uint8Array => Uint8Array.of(PAYMENT_STATUS[status] + 1)

/** Payments under way, which stay. */
export const countPending = (store: Store, clock: Clock) =>
  countListed(store, clock, {
    index: TABLE.paymentByStatus,
    from: paymentsFrom('in-flight', 0),
    to: paymentsEnd('in-flight'),
    table: TABLE.payment,
  })
