import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import { actor, query } from './define.ts'
import { type EventName, events } from './events.ts'
import { field, named } from './field.ts'
import { Count, Cursor, integer, JsonObject, MAX_PAGE_ROWS, Timestamp, text } from './scalars.ts'

const EventType = z.enum(Object.keys(events) as [EventName, ...EventName[]], {
  error: 'there is no such event: docs/reference/events.md has them all',
})

export const StoredEvent = named(
  'StoredEvent',
  'An event as the log keeps it. Amounts in its payload are decimal strings.',
  z.object({ cursor: Cursor, at: Timestamp, type: text(64), version: Count, payload: JsonObject }),
)

export const eventLog = actor('events', 'Everything that happened, in order.', {
  list: query({
    summary:
      'Durable events, the oldest or the newest first, a page at a time: after a cursor or before it, and of a time. `cursor-expired` says of which classes some are no longer kept (`lost`), and from where to go on with the others (`continueFrom`).',
    request: z.strictObject({
      from: field(Cursor, {
        summary:
          'Where to begin: after it; before it where the newest come first. At the end that comes first if not said.',
      }).optional(),
      order: field(z.enum(['oldest-first', 'newest-first']), { summary: 'The oldest first if not said.' }).optional(),
      since: field(Timestamp, { summary: 'Only events of this time or later.' }).optional(),
      until: field(Timestamp, { summary: 'Only events before this time.' }).optional(),
      types: field(z.array(EventType).max(64).readonly(), { summary: 'Only these; all if not said.' }).optional(),
      limit: integer(1, MAX_PAGE_ROWS, `${DEFAULTS.pageRows} if not said.`).optional(),
    }),
    reply: z.object({
      items: z.array(StoredEvent).readonly(),
      next: field(Cursor, { summary: 'Where to go on, also when nothing more is there yet: give it as `from`.' }),
    }),
    errors: ['cursor-expired', 'cursor-invalid'],
    commandLine: { isDefault: true },
    resumable: true,
  }),
})
