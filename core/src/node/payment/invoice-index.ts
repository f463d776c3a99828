import { concat, EMPTY, u64be } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import type { TimestampMs } from '../../lib/units.ts'
import { decodeInvoiceRecord } from '../../payment/receive/invoice-codec.ts'
import type { InvoiceRecord, InvoiceState } from '../../payment/receive/invoice-record.ts'
import type { Row, Store, Write } from '../../store/store.ts'
import { readRow } from '../storage/read-row.ts'
import type { RowsMoved } from '../storage/rows-moved.ts'
import { TABLE } from '../storage/tables.ts'

/** The first byte of a row: each status has its own range of keys, in order of time. A cancelled invoice is listed as expired. */
export const INVOICE_STATUS = { open: 0, paid: 1, expired: 2, held: 4 } as const
export type ListedStatus = keyof typeof INVOICE_STATUS
/** Those open a second time, by when they expire. */
const EXPIRY = 3

const STATUS_OF: { readonly [State in InvoiceState['type']]: ListedStatus } = {
  open: 'open',
  held: 'held',
  settled: 'paid',
  cancelled: 'expired',
}

const statusOf = ({ state }: InvoiceRecord): ListedStatus => STATUS_OF[state.type]

const listKey = (status: ListedStatus, createdAt: Uint8Array, paymentHash: PaymentHash): Uint8Array =>
  concat(Uint8Array.of(INVOICE_STATUS[status]), createdAt, paymentHash)

const time = (at: TimestampMs): Uint8Array => u64be(BigInt(at))

const expiryKey = ({ expiresAt, paymentHash }: InvoiceRecord): Uint8Array =>
  concat(Uint8Array.of(EXPIRY), time(expiresAt), paymentHash)

export const hashOfInvoiceKey = (row: Uint8Array): PaymentHash => row.subarray(9)

const put = (key: Uint8Array, value: Uint8Array = EMPTY): Write => ({ table: TABLE.invoiceByStatus, key, value })
const remove = (key: Uint8Array): Write => ({ table: TABLE.invoiceByStatus, key, value: undefined })
const removeLater = (key: Uint8Array): Write => ({ ...remove(key), mayWait: true })

/** How an invoice's place in the lists changes. One that is paid after its expiry may be among the expired. */
export const invoiceIndexWrites = (before: InvoiceRecord | undefined, after: InvoiceRecord): readonly Write[] => {
  const status = statusOf(after)
  if (before !== undefined && statusOf(before) === status) return []
  const createdAt = time(after.createdAt)
  const { paymentHash } = after
  const place = put(listKey(status, createdAt, paymentHash))
  if (status === 'open') return [place, put(expiryKey(after), createdAt)]
  if (before?.state.type === 'held') return [remove(listKey('held', createdAt, paymentHash)), place]
  const open = [listKey('open', createdAt, paymentHash), expiryKey(after)].map(removeLater)
  if (status !== 'paid') return [...open, place]
  // No sweep looks at an invoice that was listed as expired, so none would repair it: only an invoice that was paid in time may wait.
  const isLate = after.state.type === 'settled' && after.state.at >= after.expiresAt
  const expired = listKey('expired', createdAt, paymentHash)
  return [...open, isLate ? remove(expired) : removeLater(expired), place]
}

/** Where the invoices of a status that were made at a time or later are. */
export const invoicesFrom = (status: ListedStatus, createdAt: TimestampMs): Uint8Array =>
  concat(Uint8Array.of(INVOICE_STATUS[status]), time(createdAt))

/** Takes an invoice out of the lists, wherever it is. */
export const invoiceIndexRemovals = (invoice: InvoiceRecord): readonly Write[] => [
  ...(Object.keys(INVOICE_STATUS) as ListedStatus[]).map((status) =>
    remove(listKey(status, time(invoice.createdAt), invoice.paymentHash)),
  ),
  remove(expiryKey(invoice)),
]

const PAGE = 1_000

/** Those open whose time is over, the oldest first, so many at most. */
export const overdue = (store: Store, now: TimestampMs): Promise<readonly Row[]> =>
  store.scan(TABLE.invoiceByStatus, {
    from: Uint8Array.of(EXPIRY),
    to: concat(Uint8Array.of(EXPIRY), u64be(BigInt(now) + 1n)),
    limit: PAGE,
  })

/** The hashes of payments that are held. */
export const heldHashes = async (store: Store): Promise<readonly PaymentHash[]> => {
  const from = Uint8Array.of(INVOICE_STATUS.held)
  return (await store.scan(TABLE.invoiceByStatus, { from, to: Uint8Array.of(INVOICE_STATUS.held + 1) })).map(
    ({ key }) => hashOfInvoiceKey(key),
  )
}

/** An overdue invoice is listed as expired, unless its payment has come, and in any case no longer as open. */
export const expiryWrites = ({ key, value: createdAt }: Row, hasCome: boolean): readonly Write[] => {
  const paymentHash = hashOfInvoiceKey(key)
  const gone = [remove(key), remove(listKey('open', createdAt, paymentHash))]
  return hasCome ? gone : [...gone, put(listKey('expired', createdAt, paymentHash))]
}

/** Moves what a version before has listed, a thousand rows to a commit. */
export const moveInvoiceIndex = async (store: Store, moved: RowsMoved): Promise<void> => {
  for (;;) {
    const rows = await store.scan(TABLE.invoiceIndex, { limit: PAGE })
    if (rows.length === 0) return
    const hashes = rows.map(({ key }) => key.subarray(8))
    const invoices = await store.getAll(TABLE.invoice, hashes)
    const writes = rows.flatMap((row, at): readonly Write[] => {
      const gone = { table: TABLE.invoiceIndex, key: row.key, value: undefined }
      const value = invoices[at]
      if (value === undefined) return [gone]
      const invoice = readRow(TABLE.invoice, hashes[at] as Uint8Array, decodeInvoiceRecord(value))
      return [gone, ...invoiceIndexWrites(undefined, invoice)]
    })
    store.submit(writes)
    await store.flush()
    moved(rows.length)
  }
}
