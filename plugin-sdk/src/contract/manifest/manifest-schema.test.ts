import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import test from 'ava'
import fc from 'fast-check'
import { type ManifestJsonSchema, manifestJsonSchema } from '../../../scripts/manifest-schema.ts'
import { evaluate } from '../evaluate.ts'
import { ManifestSchema } from './index.ts'

const schema = manifestJsonSchema()

const resolve = (one: ManifestJsonSchema): ManifestJsonSchema =>
  one.$ref === undefined
    ? one
    : { ...schema.$defs?.[one.$ref.replace('#/$defs/', '')], ...one, $ref: undefined as never }

/** JSON Schema as an editor reads it, as far as ours goes. */
const admits = (given: ManifestJsonSchema, value: unknown): boolean => {
  const one = resolve(given)
  const { type, properties = {}, required = [], additionalProperties, propertyNames } = one
  if (one.const !== undefined && value !== one.const) return false
  if (one.enum !== undefined && !one.enum.includes(value as string)) return false
  if (one.anyOf !== undefined && !one.anyOf.some((option) => admits(option, value))) return false
  if (one.oneOf !== undefined && one.oneOf.filter((option) => admits(option, value)).length !== 1) return false
  if (one.allOf !== undefined && !one.allOf.every((option) => admits(option, value))) return false
  if (one.not !== undefined && admits(one.not, value)) return false
  if (type !== undefined && !isOf(type, value)) return false
  if (typeof value === 'string') {
    return (
      within(value.length, one.minLength, one.maxLength) &&
      (one.pattern === undefined || new RegExp(one.pattern, 'u').test(value))
    )
  }
  if (typeof value === 'number') return within(value, one.minimum, one.maximum)
  if (Array.isArray(value)) {
    return (
      within(value.length, one.minItems, one.maxItems) &&
      value.every((item) => one.items === undefined || admits(one.items, item))
    )
  }
  if (typeof value !== 'object' || value === null) return true
  return (
    required.every((name) => Object.hasOwn(value, name)) &&
    Object.entries(value).every(([name, member]) => {
      if (propertyNames !== undefined && !admits(propertyNames, name)) return false
      if (Object.hasOwn(properties, name)) return admits(properties[name] ?? {}, member)
      if (additionalProperties === false) return false
      return typeof additionalProperties !== 'object' || admits(additionalProperties, member)
    })
  )
}

const isOf = (type: string, value: unknown): boolean => {
  switch (type) {
    case 'integer':
      return Number.isInteger(value)
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    default:
      return type === typeof value
  }
}

const within = (size: number, min = -Infinity, max = Infinity): boolean => size >= min && size <= max

const minimal = { name: 'a', version: '1.0.0', contract: '^0.1.0', entry: './index.ts' }

const whole = {
  ...minimal,
  summary: 'All of it.',
  publisher: 'someone',
  permissions: {
    events: { 'payment.relayed': { filter: { feeMsat: { min: 1, max: '5' } } }, 'chain.block': {} },
    queries: ['channels.list'],
    commands: {
      'channels.setRelayFees': {
        bounds: { feeBaseMsat: { max: '1000' }, feeProportionalMillionths: { min: 1, max: 5_000 } },
        rate: { max: 10, perMs: 60_000 },
      },
      'wallet.newAddress': {},
    },
    hooks: { 'channel.accept': { verdicts: ['accept'], filter: { announce: { oneOf: [true] } } } },
    http: [{ host: 'api.example.com', reason: 'prices' }],
    storage: { bytes: 1_000 },
    secrets: ['payments.get'],
  },
  budget: { windowMs: 3_600_000, paysOutMsat: '9007199254740993', feesMsat: 1, actions: 1, keepsPerDay: 3, queries: 1 },
  limits: { memoryMb: 32, turnMs: 50, cpuShare: 0.5, logsPerSecond: 3 },
  config: {
    type: 'object',
    properties: {
      list: { type: 'array', items: { type: 'string', maxLength: 3 }, maxItems: 3 },
      on: { type: 'boolean' },
    },
  },
  contributions: {
    featureBits: [257],
    tlvs: [{ message: 'init', type: 65_537 }],
    panels: [{ title: 'x', kind: 'text' }],
  },
  calls: ['other.command'],
}

type Path = readonly (string | number)[]

const paths = (value: unknown, at: Path = []): readonly Path[] =>
  typeof value === 'object' && value !== null
    ? [
        at,
        ...Object.entries(value).flatMap(([key, inner]) =>
          paths(inner, [...at, Array.isArray(value) ? Number(key) : key]),
        ),
      ]
    : [at]

const changed = (value: unknown, [key, ...rest]: Path, change: (value: unknown) => unknown): unknown => {
  if (key === undefined) return change(value)
  if (Array.isArray(value)) return value.map((item, i) => (i === key ? changed(item, rest, change) : item))
  const object = value as Record<string, unknown>
  return { ...object, [key]: changed(object[key], rest, change) }
}

// What JSON Schema cannot say: how two values compare, and what names another part of the same manifest.
const BEYOND = /min is above max|there is no setting|a default that is allowed itself|at most 5 levels/

const agree = (t: { is(a: unknown, b: unknown, message?: string): unknown }, manifest: unknown): void => {
  const read = evaluate(ManifestSchema, manifest)
  if (!read.ok && BEYOND.test(read.error.message)) return
  t.is(
    admits(schema, manifest),
    read.ok,
    `${JSON.stringify(manifest)}\n${read.ok ? 'is read' : read.error.field + read.error.message}`,
  )
}

test('the schema for editors — takes what the node takes', (t) => {
  for (const manifest of [minimal, whole]) {
    t.true(evaluate(ManifestSchema, manifest).ok)
    t.true(admits(schema, manifest))
  }
})

/** A manifest in which a bound that the schema names is just kept, or just passed. */
const atBounds = (
  given: ManifestJsonSchema,
  at: Path = [],
): readonly { readonly at: Path; readonly value: unknown }[] => {
  const one = resolve(given)
  const sizes = (min: number | undefined, max: number | undefined, step: number): readonly number[] =>
    [min, max]
      .flatMap((bound) => (bound === undefined ? [] : [bound - step, bound, bound + step]))
      .filter((n) => n >= 0 || step < 1)
  const own =
    one.type === 'integer' || one.type === 'number'
      ? sizes(one.minimum, one.maximum, one.type === 'integer' ? 1 : 0.005)
      : one.type === 'string' && one.pattern === undefined
        ? sizes(one.minLength, one.maxLength, 1).map((length) => 'x'.repeat(Math.min(length, 5_000)))
        : []
  const inner = Object.entries(one.properties ?? {}).flatMap(([name, member]) => atBounds(member, [...at, name]))
  return [...own.map((value) => ({ at, value })), ...inner]
}

test('the schema for editors — has each bound where the node has it', (t) => {
  let tried = 0
  for (const { at, value } of atBounds(schema)) {
    // What stands beside it is as the whole manifest has it, where that has it.
    if (!at.slice(0, -1).every((_, i) => valueAt(whole, at.slice(0, i + 1)) !== undefined)) continue
    agree(
      t,
      changed(whole, at, () => value),
    )
    tried += 1
  }
  t.true(tried > 50, `${tried}`)
})

const valueAt = (value: unknown, path: Path): unknown =>
  path.reduce<unknown>((at, key) => (at as Record<string | number, unknown> | undefined)?.[key], value)

const ODD = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    0,
    -1,
    1,
    1.5,
    1e12,
    '',
    '0',
    '5',
    '-1',
    '01',
    'x',
    [],
    {},
    [1],
    ['accept'],
    ['acept'],
  ),
  fc.constantFrom<unknown>(
    { min: 5 },
    { max: '9' },
    { oneOf: [] },
    { oneOf: ['5'] },
    { oneOf: [5] },
    { oneOf: [true] },
    { filter: {} },
  ),
  fc.constantFrom<unknown>(
    'channels.list',
    'channels.lst',
    'plugins.list',
    './a/../b.ts',
    'a.b',
    '1.2.3',
    '^0.1',
    'init',
  ),
  fc.string({ maxLength: 20, unit: 'grapheme-ascii' }),
  fc.integer(),
)
const NAMES = fc.constantFrom(
  'min',
  'max',
  'filter',
  'feeMsat',
  'chain.block',
  'nope',
  'type',
  'required',
  'wallet.send',
  'rate',
  'bounds',
  'memoryMb',
)

test('the schema for editors — takes and refuses what the node does, whatever is changed in a manifest', (t) => {
  const places = paths(whole)
  fc.assert(
    fc.property(
      fc.nat(places.length - 1),
      fc.constantFrom('set', 'add', 'drop'),
      NAMES,
      ODD,
      (place, how, name, odd) => {
        const manifest = changed(whole, places[place] ?? [], (value) => {
          if (how === 'set' || typeof value !== 'object' || value === null) return odd
          if (Array.isArray(value)) return how === 'add' ? [...value, odd] : value.slice(1)
          const [first = ''] = Object.keys(value)
          return how === 'add'
            ? { ...value, [name]: odd }
            : Object.fromEntries(Object.entries(value).filter(([key]) => key !== first))
        })
        agree(
          {
            is: (a, b, message) => {
              if (a !== b) throw new Error(message)
            },
          },
          manifest,
        )
      },
    ),
    { numRuns: 5_000, seed: 7 },
  )
  t.pass()
})

test('the examples — name the schema, and keep to it', (t) => {
  const root = fileURLToPath(new URL('../../../../', import.meta.url))
  const path = join(root, 'plugins-examples/fee-manager/fulgurite.plugin.json')
  const manifest = JSON.parse(readFileSync(path, 'utf8'))
  t.true(admits(schema, manifest))
  t.true(existsSync(join(dirname(path), manifest.$schema)))
})
