import type { Clock } from '../../lib/clock.ts'

/** Told how many rows of an earlier version were moved just now. */
export type RowsMoved = (rows: number) => void

/** A start that says nothing for longer looks as if it had stopped. */
const TELL_MS = 2_000

/** Reports how many rows were moved in all: after two seconds, and then every two seconds while more are moved. */
export const rowsMoved = (clock: Pick<Clock, 'monotonic'>, tell: (rows: number) => void): RowsMoved => {
  let told = clock.monotonic()
  let all = 0
  return (rows) => {
    all += rows
    const now = clock.monotonic()
    if (now - told < TELL_MS) return
    told = now
    tell(all)
  }
}
