import type { RetentionClass } from '@fulgurite/plugin-sdk/contract'
import type { AskFailure } from '../../actor/types.ts'
import { FailureError } from '../../lib/errors.ts'
import type { Result } from '../../lib/result.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { RemovedRows } from '../payment/removable.ts'

/** A row that is old enough, and that nothing needs as far as can be told before its removal is requested. */
export interface DueRow {
  /** The same whenever the row is written to the archive: readers take a line that comes twice only once. */
  readonly id: string
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** What the archive keeps of it, as the contract has it; absent where nothing is archived. */
  readonly record?: object
}

/** Rows that were looked at, the oldest first. */
export interface LookedAt {
  readonly due: readonly DueRow[]
  /** How many cannot be read: they are skipped, and stay for somebody to look at. */
  readonly unreadable: number
  /** Where to go on; not there when no row is old enough any more. */
  readonly next?: Uint8Array
}

/** The answer of an actor. If there is none, its class stops, and that is reported. */
export const answered = <T>(result: Result<T, AskFailure>): T => {
  if (!result.ok) throw new FailureError(result.error)
  return result.value
}

export const NOTHING: RemovedRows = { rows: 0, bytes: 0 }

export interface Counted extends RemovedRows {
  readonly oldestAt?: TimestampMs
}

/** The rows of one class, as a sweep sees them. */
export interface RetainedRows {
  readonly class: RetentionClass
  readonly isArchived: boolean
  /** Whether there are so many that the oldest must make room, whatever their age. */
  isCrowded?(): boolean
  /** So many rows at most that are from before that time. It is asked for the next ones until there are none. */
  look(before: TimestampMs, from: Uint8Array | undefined, limit: number): Promise<LookedAt>
  /** Removes the rows that are unchanged and that nothing needs; answered once that is on the disk. */
  remove(rows: readonly DueRow[]): Promise<RemovedRows>
  /** How many there are, of all or of those from before a time. */
  count(before?: TimestampMs): Promise<Counted>
}
