import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { PaymentHash } from '../../lib/ids.ts'

/** A row as it was when it was looked at. */
export interface LookedAtRow {
  readonly paymentHash: PaymentHash
  readonly row: Uint8Array
}

export interface RemovedRows {
  readonly rows: number
  readonly bytes: number
}

/** Those whose row is still what it was, and that are not in use. */
export const removable = (
  lookedAt: readonly LookedAtRow[],
  current: readonly (Uint8Array | undefined)[],
  isInUse: (hash: string) => boolean,
): readonly LookedAtRow[] =>
  lookedAt.filter(({ paymentHash, row }, at) => {
    const now = current[at]
    return now !== undefined && equalBytes(now, row) && !isInUse(toHex(paymentHash))
  })

export const sumOf = (removed: readonly LookedAtRow[]): RemovedRows => ({
  rows: removed.length,
  bytes: removed.reduce((sum, { paymentHash, row }) => sum + paymentHash.length + row.length, 0),
})
