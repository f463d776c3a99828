import { z } from 'zod'
import { configSchema } from './config-schema.ts'
import { Permissions } from './permissions.ts'
import { amount, strict, whole, words } from './values.ts'

const Budget = strict({
  windowMs: whole(60_000, 31 * 86_400_000)
    .default(86_400_000)
    .describe("The window that all of it counts in, rolling, in milliseconds of the node's running."),
  paysOutMsat: amount.prefault(0).describe('Principal that leaves the node, at most.'),
  feesMsat: amount.prefault(0).describe('What relays and miners get, at most.'),
  locksSat: amount.prefault(0).describe('What is tied up in channels, at most.'),
  actions: whole(0, 10_000_000).default(10_000).describe('Commands, at most.'),
  keepsPerDay: whole(0, 1_000_000)
    .default(1_000)
    .describe('What it may leave in the node for ever without paying for it, invoices and addresses, in a day.'),
  queries: whole(0, 1_000_000_000).default(10_000_000).describe('Queries, at most.'),
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

const Limits = strict({
  memoryMb: whole(8, 1_024)
    .default(USUAL_LIMITS.memoryMb)
    .describe('Its heap, in megabytes. Beyond it the plugin is ended.'),
  turnMs: whole(10, 10_000)
    .default(USUAL_LIMITS.turnMs)
    .describe('Processor time of one turn, in milliseconds. Beyond it the plugin is ended.'),
  cpuShare: z
    .number()
    .min(0.01)
    .max(1)
    .default(USUAL_LIMITS.cpuShare)
    .describe('Of one processor, in the long run. Beyond it the plugin waits.'),
  asksPerSecond: whole(1, 1_000_000)
    .default(USUAL_LIMITS.asksPerSecond)
    .describe('Queries and commands in a second, beyond which they are `rate-limited`.'),
  asksInFlight: whole(1, 1_024)
    .default(USUAL_LIMITS.asksInFlight)
    .describe('Queries and commands that wait for an answer at once.'),
  outboxBytes: whole(1_024, 1 << 20)
    .default(USUAL_LIMITS.outboxBytes)
    .describe('What it may say in one turn. Beyond it the plugin is ended.'),
  queueEvents: whole(16, 65_536)
    .default(USUAL_LIMITS.queueEvents)
    .describe('Events that wait for it in memory. `events.each` reads others later, `events.on` misses the oldest.'),
  logsPerSecond: whole(1, 1_000).default(USUAL_LIMITS.logsPerSecond).describe('Lines of its log. Others are left out.'),
})

const Contributions = strict({
  commands: z
    .record(words(64), strict({ summary: words(256), request: configSchema, reply: configSchema }))
    .default({}),
  events: z.record(words(64), strict({ summary: words(256), payload: configSchema })).default({}),
  messageTypes: z.array(whole(32_768, 65_535)).max(32).default([]),
  featureBits: z.array(whole(256, 65_535)).max(16).default([]),
  tlvs: z
    .array(strict({ message: z.enum(['init', 'node_announcement', 'open_channel']), type: whole(65_536, 2 ** 32) }))
    .max(16)
    .default([]),
  metrics: z.record(words(64), strict({ summary: words(256), kind: z.enum(['counter', 'gauge']) })).default({}),
  panels: z
    .array(strict({ title: words(64), kind: z.enum(['table', 'chart', 'text']) }))
    .max(8)
    .default([]),
})

const calls = z
  .array(z.string().regex(/^[a-z0-9][a-z0-9-]{0,63}\.[A-Za-z]\w{0,63}$/, 'expected plugin.command'))
  .max(32)
  .default([])

/** What an operator grants: all that a manifest asks for. */
export const GrantSchema = strict({
  permissions: Permissions.prefault({}).describe('All that it may do. What is not listed is refused.'),
  budget: Budget.prefault({}).describe('How much of it, in a window.'),
  limits: Limits.prefault({}).describe('What of the machine it may use.'),
  calls: calls.describe('Commands of other plugins that it asks for. No version of the node lets plugins do so yet.'),
})

export type Grant = z.output<typeof GrantSchema>

export const ManifestSchema = strict({
  $schema: z.string().optional().describe('Where this schema lies, for editors.'),
  name: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,63}$/, 'expected lower-case letters, digits and hyphens')
    .describe('What it is called on a node. What it stores and has used of its budget belongs to this name.'),
  version: z
    .string()
    .regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}(-[0-9A-Za-z.-]{1,32})?$/, 'expected a version such as 1.0.0')
    .describe('Such as `1.0.0`.'),
  summary: words(512).optional().describe('What it does, in a sentence.'),
  publisher: words(128).optional().describe('Who has made it, as it says.'),
  contract: z
    .string()
    .regex(/^[~^]?\d{1,6}\.\d{1,6}\.\d{1,6}$/, 'expected a range such as ^0.1.0')
    .describe('The versions of the contract that it was written for, such as `^0.1.0`.'),
  entry: z
    .string()
    .regex(/^(\.\/)?[\w@-][\w@./-]*\.[cm]?[jt]s$/, 'expected a file of the plugin, such as ./src/index.ts')
    .refine((path) => !path.split('/').includes('..'), { error: 'must lie inside the plugin' })
    .meta({
      description: 'The file that it begins with, such as `./src/index.ts`.',
      not: { pattern: '(^|/)\\.\\.(/|$)' },
    }),
  ...GrantSchema.shape,
  config: configSchema
    .default({ type: 'object', properties: {} })
    .describe('The settings that an operator may give it, in a small part of JSON Schema. Defaults are filled in.'),
  contributions: Contributions.prefault({}).describe(
    'What it adds to the node for others. No version of the node uses it yet.',
  ),
})

/** What a plugin says about itself in `fulgurite.plugin.json`, defaults filled in. Amounts are `bigint`. */
export type Manifest = z.output<typeof ManifestSchema>

export type Budget = Manifest['budget']
