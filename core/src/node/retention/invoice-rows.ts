import type { ActorRef } from '../../actor/types.ts'
import { concat, toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { pacer } from '../../lib/pace.ts'
import { decodeInvoiceRecord } from '../../payment/receive/invoice-codec.ts'
import type { InvoiceRecord } from '../../payment/receive/invoice-record.ts'
import type { Store } from '../../store/store.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import { hashesInChannels } from '../channel/hashes-in-channels.ts'
import { hashOfInvoiceKey, INVOICE_STATUS, invoicesFrom, type ListedStatus } from '../payment/invoice-index.ts'
import type { ReceiverProtocol } from '../payment/receiver-actor.ts'
import { TABLE } from '../storage/tables.ts'
import { countListed } from './count-rows.ts'
import { type DueRow, NOTHING, type RetainedRows } from './retained-rows.ts'

export interface InvoiceRowsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly receiver: ActorRef<ReceiverProtocol>
  readonly channelDirectory: ChannelDirectory
  readonly describe: (invoice: InvoiceRecord) => object
}

/** Invoices that were paid, whose age counts from then, or that nobody paid in time, whose age counts from their expiry. */
export const invoiceRows = (status: 'paid' | 'expired', options: InvoiceRowsOptions): RetainedRows => {
  const { store, clock, receiver, channelDirectory, describe } = options
  const begin = invoicesFrom(status, 0)
  return {
    class: `${status}-invoices`,
    isArchived: true,
    async look(before, from = begin, limit) {
      const pace = pacer(clock)
      if (from === begin && status === 'expired') await receiver.ask('expire', undefined)
      const places = await store.sizes(TABLE.invoiceByStatus, { from, to: invoicesFrom(status, before), limit })
      const hashes = places.map(({ key }) => hashOfInvoiceKey(key))
      const values = await store.getAll(TABLE.invoice, hashes)
      const held = hashesInChannels(channelDirectory)
      const due: DueRow[] = []
      for (const [at, key] of hashes.entries()) {
        const value = values[at]
        // What cannot be read is left for somebody to look at.
        const read = value === undefined ? undefined : decodeInvoiceRecord(value)
        await pace()
        if (value === undefined || !read?.ok) continue
        const { state, expiresAt } = read.value
        const isOfClass = (state.type === 'settled') === (status === 'paid')
        const endedAt = state.type === 'settled' ? state.at : expiresAt
        if (!isOfClass || endedAt >= before || held.has(toHex(key))) continue
        due.push({ id: toHex(key), key, value, record: describe(read.value) })
      }
      const last = places.at(-1)
      return { due, ...(last === undefined || places.length < limit ? {} : { next: concat(last.key, AFTER) }) }
    },
    async remove(rows) {
      const lookedAt = rows.map(({ key, value }) => ({ paymentHash: key, row: value }))
      const removed = await receiver.ask('remove', { lookedAt })
      return removed.ok ? removed.value : NOTHING
    },
    count: (before) => countInvoices(store, clock, status, before),
  }
}

/** Behind every key of the same beginning. */
const AFTER = Uint8Array.of(0)

export const countInvoices = (store: Store, clock: Clock, status: ListedStatus, before?: number) =>
  countListed(store, clock, {
    index: TABLE.invoiceByStatus,
    from: invoicesFrom(status, 0),
    to: before === undefined ? Uint8Array.of(INVOICE_STATUS[status] + 1) : invoicesFrom(status, before),
    table: TABLE.invoice,
  })
