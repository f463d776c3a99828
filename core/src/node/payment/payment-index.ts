import { concat, EMPTY, equalBytes, u64be } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { SentPayment } from '../../payment/send/payment.ts'
import { decodeSentPayment } from '../../payment/send/payment-codec.ts'
import type { Store, Write } from '../../store/store.ts'
import { readRow } from '../storage/read-row.ts'
import type { RowsMoved } from '../storage/rows-moved.ts'
import { TABLE } from '../storage/tables.ts'

/** The first byte of a row: each status has its own range of keys, in order of time. */
export const PAYMENT_STATUS = { 'in-flight': 0, settled: 1, failed: 2 } as const satisfies Record<
  SentPayment['status'],
  number
>

const key = ({ status, startedAt, target }: SentPayment): Uint8Array =>
  concat(Uint8Array.of(PAYMENT_STATUS[status]), u64be(BigInt(startedAt)), target.paymentHash)

export const hashOfPaymentKey = (row: Uint8Array): PaymentHash => row.subarray(9)

/** What becomes of a payment's place in the lists. */
export const paymentIndexWrites = (before: SentPayment | undefined, after: SentPayment): readonly Write[] => {
  if (before?.status === after.status && before.startedAt === after.startedAt) return []
  // At a start, the list of payments under way counts: the start also finds payments there that have ended, and moves them.
  const mayWait = before?.status === 'in-flight'
  // If a payment is tried twice within a moment, it may have been at the same place before.
  const isNew = before === undefined
  const put: Write = { table: TABLE.paymentByStatus, key: key(after), value: EMPTY, isNew, mayWait }
  return before === undefined
    ? [put]
    : [{ table: TABLE.paymentByStatus, key: key(before), value: undefined, mayWait }, put]
}

/**
 * What a start does with a row that it finds among those under way: nothing, or it moves the payment, which had ended before a crash or had
 * been begun again since.
 */
export const mendedIndex = (row: Uint8Array, payment: SentPayment): readonly Write[] => {
  const place = key(payment)
  if (equalBytes(place, row)) return []
  return [
    { table: TABLE.paymentByStatus, key: row, value: undefined },
    { table: TABLE.paymentByStatus, key: place, value: EMPTY },
  ]
}

/** Where the payments of a status that were begun at a time or later are. */
export const paymentsFrom = (status: SentPayment['status'], startedAt: TimestampMs): Uint8Array =>
  concat(Uint8Array.of(PAYMENT_STATUS[status]), u64be(BigInt(startedAt)))

/** Takes a payment out of the lists. */
export const paymentIndexRemoval = (payment: SentPayment): Write => ({
  table: TABLE.paymentByStatus,
  key: key(payment),
  value: undefined,
})

const PAGE = 1_000

/** Moves what a version before has listed, a thousand rows to a commit. */
export const movePaymentIndex = async (store: Store, moved: RowsMoved): Promise<void> => {
  for (;;) {
    const rows = await store.scan(TABLE.paymentIndex, { limit: PAGE })
    if (rows.length === 0) return
    const hashes = rows.map((row) => hashOfPaymentKey(row.key))
    const payments = await store.getAll(TABLE.payment, hashes)
    const writes = rows.flatMap((row, at): readonly Write[] => {
      const gone = { table: TABLE.paymentIndex, key: row.key, value: undefined }
      const value = payments[at]
      if (value === undefined) return [gone]
      const payment = readRow(TABLE.payment, hashes[at] as Uint8Array, decodeSentPayment(value))
      return [gone, { table: TABLE.paymentByStatus, key: key(payment), value: EMPTY }]
    })
    store.submit(writes)
    await store.flush()
    moved(rows.length)
  }
}
