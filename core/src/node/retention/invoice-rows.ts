import type { ActorRef } from '../../actor/types.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { decodeInvoiceRecord } from '../../payment/receive/invoice-codec.ts'
import type { InvoiceRecord } from '../../payment/receive/invoice-record.ts'
import type { Store } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { INVOICE_STATUS, invoicesFrom, type ListedStatus } from '../payment/invoice-index.ts'
import type { ReceiverProtocol } from '../payment/receiver-actor.ts'
import { TABLE } from '../storage/tables.ts'
import { countListed, lookAtListed } from './listed-rows.ts'
import { answered, type RetainedRows } from './retained-rows.ts'

export interface InvoiceRowsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly receiver: ActorRef<ReceiverProtocol>
  readonly channelDirectory: ChannelDirectory
  readonly describe: (invoice: InvoiceRecord) => object
}

/** Invoices that were paid, whose age counts from then, or that nobody paid in time, whose age counts from their expiry. */
export const invoiceRows = (status: 'paid' | 'expired', options: InvoiceRowsOptions): RetainedRows => {
  const { store, clock, receiver, describe } = options
  const begin = invoicesFrom(status, 0)
  return {
    class: `${status}-invoices`,
    isArchived: true,
    async look(before, from = begin, limit) {
      if (from === begin && status === 'expired') answered(await receiver.ask('expire', undefined))
      return lookAtListed(options, {
        index: TABLE.invoiceByStatus,
        from,
        to: invoicesFrom(status, before),
        table: TABLE.invoice,
        limit,
        due(key, value) {
          const read = decodeInvoiceRecord(value)
          if (!read.ok) return 'unreadable'
          const { state, expiresAt } = read.value
          const isOfClass = (state.type === 'settled') === (status === 'paid')
          const endedAt = state.type === 'settled' ? state.at : expiresAt
          if (!isOfClass || endedAt >= before) return undefined
          return { id: toHex(key), key, value, record: describe(read.value) }
        },
      })
    },
    async remove(rows) {
      const lookedAt = rows.map(({ key, value }) => ({ paymentHash: key, row: value }))
      return answered(await receiver.ask('remove', { lookedAt }))
    },
    count: (before) => countInvoices(store, clock, status, before),
  }
}

export const countInvoices = (store: Store, clock: Clock, status: ListedStatus, before?: number) =>
  countListed(store, clock, {
    index: TABLE.invoiceByStatus,
    from: invoicesFrom(status, 0),
    to: before === undefined ? Uint8Array.of(INVOICE_STATUS[status] + 1) : invoicesFrom(status, before),
    table: TABLE.invoice,
  })
