import { type HookName, hooks, parseVerdict, shapeOf } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import { encodeFrame, FrameDecoder } from '../../../core/src/actor/frame-codec.ts'
import { readFaultFrame, readOutboxFrame } from '../../../core/src/plugins/cell-frames.ts'
import { checkConfig } from '../../../core/src/plugins/check-config.ts'
import { matchesFilter } from '../../../core/src/plugins/field-filter.ts'
import { guardOf } from '../../../core/src/plugins/guard-grant.ts'
import { parseLockFile } from '../../../core/src/plugins/install-record.ts'
import { parseManifest } from '../../../core/src/plugins/manifest.ts'
import { parseOutbox } from '../../../core/src/plugins/outbox.ts'
import { originalPlaces } from '../../../core/src/plugins/source-stack.ts'
import { must, mustBeOurs, mustBeReadable, pureEntrance } from '../support/entrance.ts'
import { jsonText, oddJson, oddText, oddValue, spoil } from '../support/odd-values.ts'
import type { Random } from '../support/random.ts'
import { sampleOf } from '../support/samples.ts'

const outbox = {
  asks: [[1, 'channels', 'get', { channelId: 'ab' }, { reason: { code: 'x', text: 'y' }, causes: ['e1'], key: 'k' }]],
  reads: [[2, 'get', 'a']],
  writes: [[3, [['a', 'b']]]],
  acks: [
    ['label', 1, [['a', null]]],
    ['label', 1, [], 'an error'],
  ],
  ran: [['label', 1, []]],
  verdicts: [
    [4, 1, { type: 'accept' }],
    [5, 0, 'an error'],
  ],
  logs: [['info', 'words']],
  faults: ['a fault'],
  wake: 5,
  registered: { live: ['chain.block'], each: [['label', 'chain.block', 'now']], hooks: [], schedules: ['label'] },
}

const manifest = {
  name: 'sample',
  version: '1.0.0',
  contract: '^0.1.0',
  entry: './index.ts',
  permissions: {
    events: { 'channel.balance-changed': { filter: { channelId: { oneOf: ['ab', 'cd'] }, localMsat: { min: 1 } } } },
    queries: ['node.getInfo'],
    commands: {
      'channels.setRelayFees': {
        bounds: { feeBaseMsat: { max: 1 }, feeProportionalMillionths: { min: 1, max: '2' } },
        rate: { max: 1, perMs: 1_000 },
      },
    },
    hooks: { 'channel.accept': { verdicts: ['accept'], filter: { fundingSat: { min: 1, max: 5 } } } },
    http: [{ host: 'example.com', reason: 'x' }],
    storage: { bytes: 100 },
    secrets: ['invoices.get'],
  },
  budget: { windowMs: 60_000, paysOutMsat: '1', feesMsat: 1 },
  limits: { memoryMb: 16, cpuShare: 0.5 },
  config: {
    type: 'object',
    properties: {
      flag: { type: 'boolean', default: true },
      count: { type: 'integer', minimum: 1, maximum: 9, default: 5 },
      mode: { type: 'string', enum: ['a', 'b'], default: 'a' },
      list: { type: 'array', items: { type: 'number' }, maxItems: 3 },
      inner: { type: 'object', properties: { deep: { type: 'string', maxLength: 3 } }, required: ['deep'] },
    },
    required: ['list'],
  },
  contributions: {
    commands: {
      a: { summary: 'x', request: { type: 'object', properties: {} }, reply: { type: 'object', properties: {} } },
    },
  },
  calls: ['other.command'],
}

const lock = {
  version: 1,
  plugins: [
    {
      name: 'sample',
      version: '1.0.0',
      source: '/x',
      integrity: 'sha256-00',
      folder: 'sample-1.0.0-00',
      grant: '{"permissions":{"hooks":{"channel.accept":{}}}}',
      config: { a: [1] },
      installedAt: 1,
      installCursor: 'e1',
    },
  ],
}

const sourceMap = { version: 3, sources: ['src/a.ts', 'src/b.ts'], names: ['x'], mappings: 'AAAA,CAAC;AACA;ACAA' }

const known = parseManifest(JSON.stringify(manifest))
if (!known.ok) throw new Error(known.error.message)
const sample: Manifest = known.value
const filters = [
  sample.permissions.events['channel.balance-changed']?.filter,
  sample.permissions.hooks['channel.accept']?.filter,
]

const configTypes = ['boolean', 'integer', 'number', 'string', 'array', 'object'] as const

const outboxes = pureEntrance('outbox', 170, (random, note) => {
  const text = jsonText(spoil(outbox, random), random)
  note(text)
  const read = parseOutbox(text)
  if (typeof read !== 'string') return must(typeof read === 'object' && read !== null, 'an outbox is an object')
  mustBeReadable(read)
})

const frames = pureEntrance('cell-frames', 100, (random, note) => {
  const header = jsonText(spoil({ cpuMicros: 5, fault: 'x' }, random), random)
  const body = random.oneIn(2) ? jsonText(oddJson(random), random) : oddText(random)
  const text = random.pick([
    `O${header}\n${body}`,
    `O${header}${body}`,
    `F${jsonText(spoil({ code: 'a', text: 'b' }, random), random)}`,
    body,
  ])
  note(text)
  const outcome = readOutboxFrame(text, random.pick([10, 1_000, 1 << 20]))
  mustBeOurs(JSON.stringify(outcome.ok ? outcome.value.header : outcome.error))
  const fault = readFaultFrame(text)
  must(/^[a-z-]{1,32}$/.test(fault.code) && fault.text.length <= 4_096, 'a fault is what it should be')
  // The same as bytes, broken and in pieces.
  const bytes = Uint8Array.from(encodeFrame(text))
  if (random.oneIn(2)) bytes.set(random.bytes(1), random.below(bytes.length))
  let frames = 0
  let errors = 0
  const decoder = new FrameDecoder({
    maxBytes: 1 << 16,
    onFrame: () => {
      frames += 1
    },
    onError: () => {
      errors += 1
    },
  })
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.below(bytes.length)
    decoder.push(bytes.subarray(at, at + length))
    at += length
  }
  decoder.end()
  must(errors <= 1 && frames + errors > 0, 'every frame is told, or one error')
})

const verdictShapes = (Object.keys(hooks) as HookName[]).map((name) => [name, shapeOf(hooks[name].verdict)] as const)

const verdicts = pureEntrance('verdicts', 100, (random, note) => {
  const [name, shape] = random.pick(verdictShapes)
  const odd = random.oneIn(3) ? oddValue : oddJson
  const verdict = spoil(sampleOf(shape, random), random, odd)
  note(verdict)
  const read = parseVerdict(name, verdict)
  if (read.ok) return
  if (odd === oddJson) mustBeReadable(read.error.message)
  else mustBeOurs(read.error.message)
})

const manifests = pureEntrance('manifest', 130, (random, note) => {
  const text = jsonText(spoil(manifest, random), random)
  note(text)
  const read = parseManifest(text)
  if (!read.ok) {
    mustBeReadable(read.error.message)
  }
})

const configSchemaOf = (random: Random, depth: number): Record<string, unknown> => {
  const type = random.pick(depth > 3 ? configTypes.slice(0, 4) : configTypes)
  if (type === 'array') return { type, items: configSchemaOf(random, depth + 1), maxItems: random.below(5) }
  if (type === 'object') {
    const names = ['a', 'b', 'toString', 'constructor', 'length', 'hasOwnProperty']
    const properties = Object.fromEntries(
      random.times(4, () => [random.pick(names), configSchemaOf(random, depth + 1)]),
    )
    return { type, properties, required: random.oneIn(2) ? Object.keys(properties) : ['valueOf'] }
  }
  return { type }
}

const configs = pureEntrance('config', 100, (random, note) => {
  const described = { type: 'object', properties: { a: configSchemaOf(random, 0), b: configSchemaOf(random, 0) } }
  const text = JSON.stringify({ ...manifest, config: described })
  const config = random.oneIn(4) ? oddJson(random) : { a: oddJson(random), b: oddJson(random) }
  note([described, config])
  const read = parseManifest(text)
  if (!read.ok) return mustBeOurs(read.error.message)
  const checked = checkConfig(read.value.config, config)
  if (!checked.ok) mustBeOurs(checked.error.message)
})

const locks = pureEntrance('lock-file', 80, (random, note) => {
  const text = jsonText(spoil(lock, random), random)
  note(text)
  const read = parseLockFile('/plugins.lock.json', text)
  if (!read.ok) return mustBeReadable(read.error.message)
  for (const record of read.value) {
    guardOf(record, 'channel.accept')
    guardOf({ ...record, grant: jsonText(spoil(JSON.parse(lock.plugins[0]?.grant ?? ''), random), random) }, 'toString')
  }
})

const sourceMaps = pureEntrance('source-map', 60, (random, note) => {
  const damaged = random.oneIn(3)
    ? {
        ...sourceMap,
        mappings: Buffer.from(random.bytes(random.below(200))).toString(random.pick(['base64', 'latin1'])),
      }
    : spoil(sourceMap, random)
  const text = jsonText(damaged, random)
  const stack = `Error: x\n at f (plugin.js:${random.pick([1, 2, 0, 999_999_999])}:${random.below(100)})\n${oddText(random)}`
  note([text, stack])
  must(typeof originalPlaces(text)(stack) === 'string', 'a stack is text')
})

const filterRequests = pureEntrance('filter', 40, (random, note) => {
  const payload = spoil(
    { channelId: 'ab', localMsat: '5', fundingSat: 5n },
    random,
    random.oneIn(2) ? oddValue : oddJson,
  )
  note(payload)
  if (isTrap(payload)) return
  for (const filter of filters)
    if (filter !== undefined) must(typeof matchesFilter(filter, payload) === 'boolean', 'yes or no')
})

// Questions are the core's own and events its own text: neither holds a proxy or a getter.
const isTrap = (value: unknown): boolean => {
  try {
    structuredClone(value)
    return false
  } catch {
    return true
  }
}

export const pluginEntrances = [outboxes, frames, verdicts, manifests, configs, locks, sourceMaps, filterRequests]
