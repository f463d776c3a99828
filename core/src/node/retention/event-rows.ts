import type { EventClass } from '@fulgurite/plugin-sdk/contract'
import type { Clock } from '../../lib/clock.ts'
import { pacer } from '../../lib/pace.ts'
import type { Store } from '../../store/store.ts'
import type { EventLog } from '../events/event-log.ts'
import { endOfClass, rowKey, sequenceOf } from '../events/event-row.ts'
import { TABLE } from '../storage/tables.ts'
import { countRange } from './count-rows.ts'
import type { DueRow, RetainedRows } from './retained-rows.ts'

/** Of what nothing else is kept: relays and fees, and how channels came and went. */
export const ARCHIVED_EVENTS: ReadonlySet<EventClass> = new Set(['money', 'channel'])

export interface EventRowsOptions {
  readonly store: Store
  readonly clock: Clock
  readonly events: EventLog
}

/** Events of a class, from the oldest on: whoever has not read them yet is told that they are lost (ADR 16). */
export const eventRows = (kind: EventClass, { store, clock, events }: EventRowsOptions): RetainedRows => {
  const isArchived = ARCHIVED_EVENTS.has(kind)
  return {
    class: `${kind}-events`,
    isArchived,
    ...(isArchived ? { isCrowded: () => events.isNearlyFull(kind) } : {}),
    async look(before, from = rowKey(kind, 0), limit) {
      const pace = pacer(clock)
      const rows = await store.scan(TABLE.eventOfClass, { from, to: endOfClass(kind), limit })
      const due: DueRow[] = []
      // What has one that is due behind it is old enough, too.
      let [unreadable, perhaps] = [0, 0]
      for (const { key, value } of rows) {
        const event = events.read({ key, value })
        await pace()
        if (event === undefined) {
          perhaps++
          continue
        }
        const { at, cursor, text } = event
        if (at >= before) return { due, unreadable }
        unreadable += perhaps
        perhaps = 0
        due.push({ id: cursor, key, value, ...(isArchived ? { record: JSON.parse(text) as object } : {}) })
      }
      const last = rows.at(-1)
      const isAll = last === undefined || rows.length < limit
      if (isAll) return { due, unreadable }
      return { due, unreadable: unreadable + perhaps, next: rowKey(kind, sequenceOf(last) + 1) }
    },
    remove: (rows) =>
      events.forget(
        kind,
        rows.map(({ key, value }) => ({ key, sequence: sequenceOf({ key }), bytes: value.length })),
      ),
    async count(before) {
      const from = rowKey(kind, 0)
      if (before !== undefined) {
        const end = await events.history.firstOfClass(kind, before)
        return countRange(store, clock, TABLE.eventOfClass, {
          from,
          to: end >= Number.MAX_SAFE_INTEGER ? endOfClass(kind) : rowKey(kind, end),
        })
      }
      const { rows, bytes } = events.held(kind)
      const oldestAt = await events.history.oldestOfClass(kind)
      return {
        rows,
        bytes: bytes + rows * from.length,
        ...(oldestAt === undefined ? {} : { oldestAt }),
      }
    },
  }
}
