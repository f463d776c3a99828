import { evaluate } from '@fulgurite/plugin-sdk/contract'
import { z } from 'zod'
import { readJson } from '../lib/json.ts'

const MAX_DEPTH = 40
const id = z.number().int().nonnegative()
// A label names a row, in UTF-8, where two labels must not become the same.
const label = z
  .string()
  .min(1)
  .max(128)
  .refine((text) => text.isWellFormed(), { error: 'a surrogate stands alone' })
const storeKey = z.string().min(1).max(256)
const time = z.number().nonnegative()
const writes = z.array(z.tuple([storeKey, z.string().nullable()])).max(10_000)
const text = z.string()

const Options = z.object({
  reason: z.object({ code: z.string().min(1).max(64), text: z.string().max(512).optional() }).optional(),
  causes: z.array(z.string().max(128)).max(32).optional(),
  key: z.string().min(1).max(256).optional(),
  timeoutMs: z.number().int().min(1).max(600_000).optional(),
})

/** The options of a plugin's ask. */
export type AskOptions = z.output<typeof Options>

const Outbox = z.strictObject({
  asks: z
    .array(z.tuple([id, z.string().max(64), z.string().max(64), z.unknown(), Options]))
    .max(4_096)
    .optional(),
  reads: z
    .array(
      z.union([
        z.tuple([id, z.enum(['get', 'list']), z.string().max(256)]),
        z.tuple([id, z.literal('list'), z.string().max(256), storeKey]),
      ]),
    )
    .max(4_096)
    .optional(),
  writes: z
    .array(z.tuple([id, writes]))
    .max(4_096)
    .optional(),
  acks: z
    .array(z.union([z.tuple([label, id, writes]), z.tuple([label, z.literal(1), writes, text])]))
    .max(4_096)
    .optional(),
  ran: z
    .array(z.tuple([label, time, writes]))
    .max(4_096)
    .optional(),
  verdicts: z
    .array(z.union([z.tuple([id, z.literal(1), z.unknown()]), z.tuple([id, z.literal(0), text])]))
    .max(4_096)
    .optional(),
  logs: z.array(z.tuple([z.enum(['debug', 'info', 'warn', 'error']), text])).optional(),
  faults: z.array(text).optional(),
  wake: time.optional(),
  registered: z
    .strictObject({
      live: z.array(z.string().max(64)).max(256),
      each: z.array(z.tuple([label, z.string().max(64), z.string().max(160)])).max(256),
      hooks: z.array(z.string().max(64)).max(64),
      schedules: z.array(label).max(256),
    })
    .optional(),
})

/** What a plugin wants after a turn. It is only what the plugin says: the host checks identity, rights and bounds. */
export type Outbox = z.output<typeof Outbox>

/** Reads an outbox. Returns a text that says what is wrong, if something is. */
export const parseOutbox = (json: string): Outbox | string => {
  if (json === '{}') return {}
  const read = readJson(json, MAX_DEPTH)
  if (!read.ok) {
    return read.error.code === 'too-deep'
      ? `the outbox nests deeper than ${MAX_DEPTH} levels`
      : 'the outbox is not JSON'
  }
  const outbox = evaluate(Outbox, read.value)
  if (outbox.ok) return outbox.value
  const { field, message } = outbox.error
  return `the outbox is malformed${field === '' ? '' : ` at ${field}`}: ${message}`
}
