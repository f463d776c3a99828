import { z } from 'zod'
import { actor, command, query } from './define.ts'
import { StoredEvent } from './event-log.ts'
import { field, named } from './field.ts'
import { Count, Flag, JsonObject, Msat, Name, Page, Path, page, Sat, Timestamp, text } from './scalars.ts'

const PluginState = z.enum(['starting', 'running', 'backing-off', 'stopped', 'failed', 'held', 'disabled'])

/** What keeps a plugin's process from the rest of the machine, beside V8's isolate. */
export const PluginWalls = named(
  'PluginWalls',
  "What keeps a plugin's process from the rest of the machine, beside the isolate in it.",
  z.object({
    files: field(z.enum(['own-root', 'own-user', 'permission-model']), {
      summary:
        'It has a root folder of its own with nothing else in it; or it is a user who may not read what is yours; or Node alone refuses it files.',
    }),
    network: field(z.enum(['own-namespace', 'permission-model']), {
      summary: 'It has a network of its own with nothing in it; or Node alone refuses it the network.',
    }),
    processes: field(z.enum(['own-namespace', 'own-user', 'permission-model']), {
      summary: 'It sees no other process; or may not touch those of others; or Node alone keeps it from them.',
    }),
    systemCalls: field(z.enum(['filtered', 'unfiltered']), {
      summary: 'Whether the kernel refuses it all calls but those that it needs.',
    }),
    memory: field(z.enum(['kernel-limit', 'watched']), {
      summary: 'The kernel refuses it more memory than it may have; or the node looks often, and ends it.',
    }),
    user: field(z.enum(['own', 'namespaced', 'no-new-privileges', 'same']), {
      summary:
        "It is another user; or the node's in a namespace where that user has no rights; or the node's, who can gain none; or just the node's.",
    }),
    by: text(128, 'What the walls are made of, in words.'),
  }),
)

const PluginSummary = named(
  'PluginSummary',
  'An installed plugin.',
  z.object({
    name: Name,
    version: text(64),
    state: PluginState,
    summary: text(512).optional(),
    permissions: field(z.array(text(256)).readonly(), { summary: 'What it was granted, one line each.' }),
    installedAt: Timestamp,
    startedAt: Timestamp.optional(),
    restarts: Count,
    lastFault: text(512).optional(),
    memoryBytes: field(Count, { summary: "Of its cell's process." }).optional(),
    coreMemoryBytes: field(Count, { summary: 'What the node itself holds in memory for it.' }),
    diskBytes: field(Count, { summary: 'What the node keeps on the disk for it.' }),
    walls: field(PluginWalls, { summary: 'What holds its process; missing where none has been started.' }).optional(),
  }),
)

const GrantChange = named(
  'GrantChange',
  'One thing that a plugin may do from now on, or may do no more, or otherwise than before.',
  z.object({
    change: field(z.enum(['new', 'raised', 'changed', 'lowered', 'gone']), {
      summary: 'The first three need consent, unless they are of the version that is installed.',
    }),
    text: text(1024),
  }),
)

const BudgetUse = named(
  'BudgetUse',
  "What a plugin's budget is, and what of it is used in the window that runs now, with what is set aside.",
  z.object({
    windowMs: Count,
    usedPaysOutMsat: Msat,
    limitPaysOutMsat: Msat,
    usedFeesMsat: Msat,
    limitFeesMsat: Msat,
    usedLocksSat: Sat,
    limitLocksSat: Sat,
    usedActions: Count,
    limitActions: Count,
    usedQueries: Count,
    limitQueries: Count,
    usedKeepsToday: field(Count, { summary: 'What it has left in the node for ever, in the day that runs now.' }),
    limitKeepsPerDay: Count,
  }),
)

const Holding = named(
  'Holding',
  'What the node holds for a plugin of one kind.',
  z.object({
    kind: text(32),
    place: z.enum(['memory', 'disk']),
    bytes: Count,
    most: field(Count, { summary: 'How much it may be, where that is a number of its own.' }).optional(),
  }),
)

const LogLevel = z.enum(['debug', 'info', 'warn', 'error'])

const LogLine = named(
  'LogLine',
  'A line that a plugin, or the host on its behalf, has logged.',
  z.object({
    number: field(Count, {
      summary: 'Its place among the lines of this run of the node; 0 for one of the run before.',
    }),
    at: Timestamp,
    level: LogLevel,
    source: z.enum(['plugin', 'host']),
    text: text(4096),
  }),
)

const ParkedEvent = named(
  'ParkedEvent',
  "An event that one of a plugin's handlers failed on for good, so that it was set aside.",
  z.object({
    at: field(Timestamp, { summary: 'When it was set aside.' }),
    label: field(text(64), { summary: 'The subscription whose handler failed.' }),
    error: text(1024),
    event: StoredEvent,
  }),
)

export const plugins = actor('plugins', 'The plugins of this node.', {
  list: query({
    summary: 'Installed plugins, a page at a time.',
    request: z.strictObject({ page: Page.optional() }),
    reply: page(PluginSummary),
    access: 'operator',
    commandLine: { isDefault: true },
  }),
  inspect: query({
    summary: 'All that there is to know about a plugin.',
    request: z.strictObject({ name: Name }),
    reply: z.object({
      plugin: PluginSummary,
      publisher: text(128).optional(),
      source: field(Path, { summary: 'The folder that it was installed from.' }),
      digest: text(128, 'SHA-256 of its manifest and code as they were installed, as `sha256-<hex>`.'),
      manifest: field(JsonObject, {
        summary:
          'As its author wrote it; missing where its files are not those that were installed, as are the next two.',
      }).optional(),
      config: field(JsonObject, { summary: 'Its settings, defaults filled in.' }).optional(),
      budget: BudgetUse.optional(),
      settings: field(JsonObject, { summary: 'What of its settings the operator has given.' }),
      account: z.array(Holding).readonly(),
    }),
    errors: ['plugin-not-found'],
    access: 'operator',
    positional: ['name'],
  }),
  install: command({
    summary:
      "Puts in the plugin of a folder, in the place of another version where there is one, and starts it. Where it may do more than before it needs the operator's consent: it is refused with `consent-needed`, whose details have `changes` to look at and a `consent` that agrees to exactly these, and to these files.",
    request: z.strictObject({
      path: field(Path, { summary: "The folder with the plugin's `fulgurite.plugin.json`, on the node's machine." }),
      config: field(JsonObject, {
        summary: "All of the plugin's settings. Those of the version that is there are kept if not said.",
      }).optional(),
      consent: text(
        128,
        'What `consent-needed` named. Nothing is done where the folder would give something else by now.',
      ).optional(),
    }),
    reply: z.object({
      plugin: PluginSummary,
      replaced: text(64, 'The version that was there before.').optional(),
      changes: z.array(GrantChange).readonly(),
      warnings: z.array(text(1024)).readonly(),
    }),
    errors: [
      'path-not-found',
      'manifest-invalid',
      'contract-mismatch',
      'config-invalid',
      'bundle-failed',
      'consent-needed',
      'too-many-plugins',
      'limits-exceeded',
      'node-too-old',
      'walls-missing',
      'start-failed',
      'lock-file-damaged',
    ],
    effects: [],
    access: 'operator',
    positional: ['path'],
  }),
  configure: command({
    summary:
      "Changes a plugin's settings and runs it with them. Where it does not start with them those from before are back.",
    request: z.strictObject({
      name: Name,
      config: field(JsonObject, {
        summary: 'The settings to change; `null` puts one back to its default, and what is not named stays.',
      }),
    }),
    reply: z.object({
      plugin: PluginSummary,
      config: field(JsonObject, { summary: 'All settings now, defaults filled in.' }),
    }),
    errors: ['plugin-not-found', 'config-invalid', 'start-failed'],
    effects: [],
    access: 'operator',
    positional: ['name', 'config'],
  }),
  enable: command({
    summary: 'Starts a plugin that was disabled, now and whenever the node starts.',
    request: z.strictObject({ name: Name }),
    reply: z.object({ plugin: PluginSummary }),
    errors: ['plugin-not-found', 'start-failed'],
    effects: [],
    access: 'operator',
    positional: ['name'],
  }),
  disable: command({
    summary:
      'Stops a plugin until it is enabled again, over restarts of the node. It keeps what it has stored; what it guards is open meanwhile.',
    request: z.strictObject({ name: Name }),
    reply: z.object({ plugin: PluginSummary }),
    errors: ['plugin-not-found'],
    effects: [],
    access: 'operator',
    positional: ['name'],
  }),
  remove: command({
    summary: 'Stops a plugin and takes it off this node, its grants with it.',
    request: z.strictObject({
      name: Name,
      keepStore: field(Flag, { summary: 'Keeps what the plugin has stored, for a later install.' }).optional(),
    }),
    reply: z.object({}),
    errors: ['plugin-not-found'],
    effects: [],
    access: 'operator',
    positional: ['name'],
  }),
  restart: command({
    summary: 'Stops a plugin and starts it anew, as it was installed. Changes in its folder are put in by `install`.',
    request: z.strictObject({ name: Name }),
    reply: z.object({
      plugin: PluginSummary,
      warnings: field(z.array(text(1024)).readonly(), {
        summary: 'Whether its folder holds something else than what is installed.',
      }),
    }),
    errors: ['plugin-not-found', 'plugin-disabled', 'start-failed'],
    effects: [],
    access: 'operator',
    positional: ['name'],
  }),
  resume: command({
    summary:
      'Starts the plugins that are held back: by safe mode, or by a lock file that was damaged and is whole again.',
    request: z.strictObject({}),
    reply: z.object({ items: z.array(PluginSummary).readonly() }),
    errors: ['lock-file-damaged'],
    effects: [],
    access: 'operator',
  }),
  parked: query({
    summary: "Events that a plugin's handlers failed on for good, the newest first, a page at a time.",
    request: z.strictObject({ name: Name, page: Page.optional() }),
    reply: page(ParkedEvent),
    errors: ['plugin-not-found'],
    access: 'operator',
    positional: ['name'],
  }),
  retryParked: command({
    summary:
      "Gives a plugin's handlers again what they failed on, one by one. What they fail on again is set aside anew.",
    request: z.strictObject({ name: Name }),
    reply: z.object({ retried: field(Count, { summary: 'How many events: those of subscriptions that it has now.' }) }),
    errors: ['plugin-not-found', 'plugin-not-running'],
    effects: [],
    access: 'operator',
    positional: ['name'],
  }),
  logs: query({
    summary: "A plugin's latest log lines, the newest first, a page at a time.",
    request: z.strictObject({
      name: Name,
      level: field(LogLevel, { summary: 'Only lines of this level and above; all if not said.' }).optional(),
      since: field(Count, { summary: 'Only lines of this run of the node with a higher number.' }).optional(),
      page: Page.optional(),
    }),
    reply: page(LogLine).extend({
      latest: field(Count, { summary: 'The number of the latest line, of whatever level: where to go on from.' }),
    }),
    errors: ['plugin-not-found'],
    access: 'operator',
    positional: ['name'],
  }),
})
