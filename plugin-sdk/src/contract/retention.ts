import { z } from 'zod'
import { field, named } from './field.ts'
import { Count, Flag, Timestamp, text } from './scalars.ts'

/** What an operator can have removed when it is old enough. Whatever the protocol still needs stays, however old it is. */
export const RETENTION_CLASSES = [
  'settled-payments',
  'failed-payments',
  'paid-invoices',
  'expired-invoices',
  'closed-channels',
  'keyed-commands',
  'money-events',
  'channel-events',
  'network-events',
  'plugin-events',
  'node-events',
] as const

export type RetentionClass = (typeof RETENTION_CLASSES)[number]

/** What is kept for as long as it is needed, and is no choice of anybody's. */
const NEEDED_CLASSES = ['pending-payments', 'open-invoices', 'past-htlcs'] as const

export const RetentionClassName = z.enum([...RETENTION_CLASSES, ...NEEDED_CLASSES])

export const RetainedClass = named(
  'RetainedClass',
  'Rows of one kind: how many there are, for how long they are kept, and how many of them are older than that.',
  z.object({
    class: RetentionClassName,
    kept: field(z.enum(['for-ever', 'for-a-time', 'while-needed']), {
      summary: '`while-needed`: for as long as the protocol needs them, which nobody can change.',
    }),
    keptSeconds: field(Count, { summary: 'How long, where it is for a time.' }).optional(),
    rows: Count,
    bytes: field(Count, { summary: 'Of keys and values; the database adds some to it.' }),
    oldestAt: Timestamp.optional(),
    dueRows: field(Count, {
      summary:
        'Begun before what is kept. A sweep removes those that have ended before it, too, and that nothing needs.',
    }),
    dueBytes: Count,
    archived: field(Flag, { summary: 'Whether they are written to the archive before they are removed.' }),
  }),
)

export const Archive = named(
  'Archive',
  'Where removed rows are: files of JSON lines, one for each month, or more where it is long.',
  z.object({
    path: text(4096),
    files: Count,
    bytes: Count,
    failure: field(text(256), {
      summary: 'Why it could not be written the last time; nothing is removed then.',
    }).optional(),
  }),
)

export const RemovedRows = named(
  'RemovedRows',
  'What a sweep has removed of one class.',
  z.object({ class: RetentionClassName, rows: Count, bytes: Count }),
)
