import { concat, u64be } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { Store, Write } from '../../store/store.ts'
import { TABLE } from '../storage/tables.ts'

/** What is known of a payment that arrived, after its row was removed. */
export interface ArchivedPayment {
  readonly settledAt: TimestampMs
  readonly archivedAt: TimestampMs
}

/** What is kept for ever of a payment that was made: its hash must not be paid again, whoever asks, under whatever key. */
export const archivedPaymentWrite = (paymentHash: PaymentHash, { settledAt, archivedAt }: ArchivedPayment): Write => ({
  table: TABLE.archivedPayment,
  key: paymentHash,
  value: concat(u64be(BigInt(settledAt)), u64be(BigInt(archivedAt))),
})

/** Finds a payment whose row was removed. */
export const findArchivedPayment = async (
  store: Store,
  paymentHash: PaymentHash,
): Promise<ArchivedPayment | undefined> => {
  const row = await store.get(TABLE.archivedPayment, paymentHash)
  if (row === undefined) return undefined
  const view = new DataView(row.buffer, row.byteOffset, row.length)
  return { settledAt: Number(view.getBigUint64(0)), archivedAt: Number(view.getBigUint64(8)) }
}
