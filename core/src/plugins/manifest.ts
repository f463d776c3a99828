import { boundable, contract, evaluate, findOperation, isCommand, type Misfit } from '@fulgurite/plugin-sdk/contract'
import { z } from 'zod'
import { readJson } from '../lib/json.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { configSchema } from './config-schema.ts'
import { satisfiesRange } from './contract-range.ts'

const MAX_BYTES = 256 * 1024
export const MANIFEST_DEPTH = 24

const words = (max: number): z.ZodString => z.string().min(1).max(max)
const whole = (min: number, max: number): z.ZodNumber => z.number().int().min(min).max(max)
const amount = z
  .union([whole(0, Number.MAX_SAFE_INTEGER), z.string().regex(/^(0|[1-9][0-9]{0,18})$/)], {
    error: 'expected a whole amount (past 2^53 as a string)',
  })
  .transform(BigInt)

/** A range that a value must lie in, ends included. */
const Range = z
  .strictObject({ min: amount.optional(), max: amount.optional() })
  .refine(({ min, max }) => min !== undefined || max !== undefined, { error: 'give min, max or both' })
  .refine(({ min, max }) => min === undefined || max === undefined || min <= max, { error: 'min is above max' })

const Scalar = z.union([z.string().max(256), z.boolean(), z.number()])

/** Which events or questions reach the plugin: every field named must match. Evaluated in the core. */
const Filter = z.record(
  words(64),
  z.union([z.strictObject({ oneOf: z.array(Scalar).min(1).max(64) }), Range], {
    error: 'give oneOf with the values wanted, or min and max',
  }),
)

const Rate = z.strictObject({ max: whole(1, 1_000_000), perMs: whole(1_000, 86_400_000) })

const eventName = z.string().refine((name) => Object.hasOwn(contract.events, name), { error: 'there is no such event' })
const hookName = z.string().refine((name) => Object.hasOwn(contract.hooks, name), { error: 'there is no such hook' })
const operationName = (kind: 'query' | 'command') =>
  z.string().superRefine((name, context) => {
    const [actor = '', operation = ''] = name.split('.')
    const found = findOperation(actor, operation)
    if (found === undefined) return context.addIssue(`there is no operation ${name}`)
    if (found.access === 'operator') return context.addIssue('only the operator may ask this')
    if (found.kind !== kind) return context.addIssue(`this is a ${found.kind}: list it among the ${PLURAL[found.kind]}`)
  })
const PLURAL = { query: 'queries', command: 'commands' } as const

const Commands = z
  .record(
    operationName('command'),
    z.strictObject({ bounds: z.record(z.string(), Range).default({}), rate: Rate.optional() }),
  )
  .superRefine((commands, context) => {
    for (const [name, { bounds }] of Object.entries(commands)) {
      const [actor = '', operation = ''] = name.split('.')
      const found = findOperation(actor, operation)
      if (found === undefined || !isCommand(found)) continue
      for (const field of found.bounds) {
        if (bounds[field] === undefined) {
          context.addIssue({
            code: 'custom',
            path: [name, 'bounds', field],
            message: 'give this field a min, a max or both',
          })
        }
      }
      for (const field of Object.keys(bounds)) {
        const fields = boundable(found)
        if (fields.includes(field)) continue
        const known = fields.length === 0 ? 'it has none' : `it has ${fields.join(', ')}`
        context.addIssue({ code: 'custom', path: [name, 'bounds', field], message: `no such bound: ${known}` })
      }
    }
  })

const Permissions = z.strictObject({
  events: z.record(eventName, z.strictObject({ filter: Filter.optional() })).default({}),
  queries: z.array(operationName('query')).max(64).default([]),
  commands: Commands.default({}),
  hooks: z
    .record(hookName, z.strictObject({ verdicts: z.array(words(64)).min(1).max(16), filter: Filter.optional() }))
    .default({}),
  http: z
    .array(
      z.strictObject({
        host: z.string().regex(/^[a-z0-9.-]{1,253}(:\d{1,5})?$/, 'expected host or host:port'),
        reason: words(256),
      }),
    )
    .max(32)
    .default([]),
  storage: z.strictObject({ bytes: whole(0, 1 << 28) }).default({ bytes: 1 << 20 }),
  /** Queries whose replies may hold secrets: preimages, payment secrets. */
  secrets: z.array(operationName('query')).max(16).default([]),
})

const Budget = z.strictObject({
  windowMs: whole(60_000, 31 * 86_400_000).default(86_400_000),
  paysOutMsat: amount.default(0n),
  feesMsat: amount.default(0n),
  locksSat: amount.default(0n),
  actions: whole(0, 10_000_000).default(10_000),
  /** What it may leave in the node for ever, invoices and addresses, in a day. */
  keepsPerDay: whole(0, 1_000_000).default(1_000),
  queries: whole(0, 1_000_000_000).default(10_000_000),
})

/** What a plugin has that asks for nothing else. */
export const USUAL_LIMITS = {
  memoryMb: 64,
  turnMs: 250,
  cpuShare: 0.25,
  asksPerSecond: 2_000,
  asksInFlight: 256,
  outboxBytes: 1 << 18,
  queueEvents: 4_096,
  logsPerSecond: 50,
} as const

const Limits = z.strictObject({
  memoryMb: whole(8, 1_024).default(USUAL_LIMITS.memoryMb),
  /** Processor time of one turn. */
  turnMs: whole(10, 10_000).default(USUAL_LIMITS.turnMs),
  /** Of one core, in the long run. */
  cpuShare: z.number().min(0.01).max(1).default(USUAL_LIMITS.cpuShare),
  asksPerSecond: whole(1, 1_000_000).default(USUAL_LIMITS.asksPerSecond),
  asksInFlight: whole(1, 1_024).default(USUAL_LIMITS.asksInFlight),
  outboxBytes: whole(1_024, 1 << 20).default(USUAL_LIMITS.outboxBytes),
  queueEvents: whole(16, 65_536).default(USUAL_LIMITS.queueEvents),
  logsPerSecond: whole(1, 1_000).default(USUAL_LIMITS.logsPerSecond),
})

const Contributions = z.strictObject({
  commands: z
    .record(words(64), z.strictObject({ summary: words(256), request: configSchema, reply: configSchema }))
    .default({}),
  events: z.record(words(64), z.strictObject({ summary: words(256), payload: configSchema })).default({}),
  messageTypes: z.array(whole(32_768, 65_535)).max(32).default([]),
  featureBits: z.array(whole(256, 65_535)).max(16).default([]),
  tlvs: z
    .array(
      z.strictObject({ message: z.enum(['init', 'node_announcement', 'open_channel']), type: whole(65_536, 2 ** 32) }),
    )
    .max(16)
    .default([]),
  metrics: z.record(words(64), z.strictObject({ summary: words(256), kind: z.enum(['counter', 'gauge']) })).default({}),
  panels: z
    .array(z.strictObject({ title: words(64), kind: z.enum(['table', 'chart', 'text']) }))
    .max(8)
    .default([]),
})

const calls = z
  .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}\.[A-Za-z]\w{0,63}$/, 'expected plugin.command'))
  .max(32)
  .default([])

/** What an operator grants: all that a manifest asks for. */
export const GrantSchema = z.strictObject({
  permissions: Permissions.prefault({}),
  budget: Budget.prefault({}),
  limits: Limits.prefault({}),
  /** Commands of other plugins. */
  calls,
})

export type Grant = z.output<typeof GrantSchema>

const ManifestSchema = z.strictObject({
  $schema: z.string().optional(),
  name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'expected lower-case letters, digits and hyphens'),
  version: z.string().regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}(-[0-9A-Za-z.-]{1,32})?$/, 'expected a version such as 1.0.0'),
  summary: words(512).optional(),
  publisher: words(128).optional(),
  contract: z.string().regex(/^[~^]?\d{1,6}\.\d{1,6}\.\d{1,6}$/, 'expected a range such as ^0.1.0'),
  entry: z
    .string()
    .regex(/^(\.\/)?[\w@-][\w@./-]*\.[cm]?[jt]s$/, 'expected a file of the plugin, such as ./src/index.ts')
    .refine((path) => !path.split('/').includes('..'), { error: 'must lie inside the plugin' }),
  ...GrantSchema.shape,
  config: configSchema.default({ type: 'object', properties: {} }),
  contributions: Contributions.prefault({}),
})

/** What a plugin says about itself in `fulgurite.plugin.json`, defaults filled in. Amounts are `bigint`. */
export type Manifest = z.output<typeof ManifestSchema>

export type Budget = Manifest['budget']
export type FieldFilter = z.output<typeof Filter>
export type FieldRange = z.output<typeof Range>

/** Which field of the manifest is wrong, and how to put it right. */
export interface ManifestError {
  readonly code: 'manifest-invalid' | 'contract-mismatch'
  readonly message: string
  readonly field?: string
}

/** Reads a manifest. Its size and nesting are looked at before it is parsed. */
export const parseManifest = (text: string): Result<Manifest, ManifestError> => {
  if (text.length > MAX_BYTES) return invalid(`the manifest is larger than ${MAX_BYTES} characters`)
  const json = readJson(text, MANIFEST_DEPTH)
  if (!json.ok) {
    return invalid(
      json.error.code === 'too-deep' ? `the manifest nests deeper than ${MANIFEST_DEPTH} levels` : 'not JSON',
    )
  }
  const manifest = evaluate(ManifestSchema, json.value)
  if (!manifest.ok) return invalid(...wordsFor(manifest.error))
  const { contract: range } = manifest.value
  if (!satisfiesRange(contract.version, range)) {
    const message = `contract: the plugin asks for ${range}, this node speaks ${contract.version}`
    return err({ code: 'contract-mismatch', field: 'contract', message })
  }
  return ok(manifest.value)
}

const invalid = (message: string, field?: string): Result<never, ManifestError> =>
  err({ code: 'manifest-invalid', message, ...(field === undefined ? {} : { field }) })

const wordsFor = ({ code, field, message }: Misfit): [message: string, field?: string] => {
  if (field === '') return [`the manifest ${message}`]
  return [`${field}: ${message}${code === 'unknown-field' ? '; remove it' : ''}`, field]
}
