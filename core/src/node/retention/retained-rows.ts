import type { RetentionClass } from '@fulgurite/plugin-sdk/contract'
import type { AskFailure } from '../../actor/types.ts'
import { FailureError } from '../../lib/errors.ts'
import type { Result } from '../../lib/result.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { RemovedRows } from '../payment/removable.ts'

/** A row that is old enough, and that nothing needs as far as can be told before it is asked to go. */
export interface DueRow {
  /** The same whenever the row is written to the archive: who reads it takes what comes twice for one. */
  readonly id: string
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** What the archive keeps of it, as the contract has it; absent where nothing is archived. */
  readonly record?: object
}

/** Rows that were looked at, the oldest first. */
export interface LookedAt {
  readonly due: readonly DueRow[]
  /** So many cannot be read: they are passed over, and stay for somebody to look at. */
  readonly unreadable: number
  /** Where to go on; not there when no row is old enough any more. */
  readonly next?: Uint8Array
}

/** What an actor has answered. One that has not keeps its class from going on, and that is told. */
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
  /** Whether there are so many that the oldest have to make room, whatever their age. */
  isCrowded?(): boolean
  /** So many rows at most that are from before that time. It is asked for the next ones until there are none. */
  look(before: TimestampMs, from: Uint8Array | undefined, limit: number): Promise<LookedAt>
  /** Removes those that are still as they were and that nothing needs; answered when that is on the disk. */
  remove(rows: readonly DueRow[]): Promise<RemovedRows>
  /** How many there are, of all or of those from before a time. */
  count(before?: TimestampMs): Promise<Counted>
}
