import type { Random } from './random.ts'

/** What JSON can hold and nobody expects. Getters cannot cross as text; what they would be mistaken for can. */
const hollow = (): readonly unknown[] => [
  { length: { toString: 1, valueOf: 1 } },
  { size: { toString: 1, valueOf: 1 } },
  { length: 1e308 },
  { length: -1, 0: 'a' },
  { toString: 1, valueOf: 1 },
  { toString: null },
  { valueOf: 'x' },
  { toJSON: 1 },
  JSON.parse('{"then":1}'),
  JSON.parse('{"then":{"then":{}}}'),
  { constructor: { prototype: { polluted: true } } },
  { constructor: null },
  { hasOwnProperty: 1 },
  JSON.parse('{"__proto__":{"polluted":true}}'),
  JSON.parse('{"__proto__":null}'),
  JSON.parse('{"__proto__":{"length":{"valueOf":1}}}'),
  { type: { length: { valueOf: 1 } } },
  { code: 'custom', message: 'x', path: [] },
  { issues: [] },
  { _zod: { def: {} } },
]

const TEXTS = [
  '',
  ' ',
  '0',
  '-1',
  '1e400',
  'NaN',
  '9999999999999999999',
  '18446744073709551616',
  `1${'0'.repeat(400)}`,
  '0x10',
  '__proto__',
  'constructor',
  'toString',
  'length',
  '\ud800',
  'a\udc00b',
  '\u0000',
  '\u001b[2J',
  '\u2028',
  '../../../etc/passwd',
  '$\u007bx}',
  '%00',
  'a.b.c',
  'x'.repeat(5_000),
  '💥'.repeat(100),
]

const NUMBERS = [
  0,
  -0,
  -1,
  1.5,
  1e-300,
  255,
  256,
  65_535,
  65_536,
  2 ** 31,
  2 ** 32,
  2 ** 32 - 1,
  2 ** 53,
  2 ** 53 - 1,
  2 ** 63,
  2 ** 64,
  1e21,
  1e308,
  -1e308,
]

const nested = (depth: number, asList: boolean): unknown => {
  let value: unknown = 1
  for (let i = 0; i < depth; i++) value = asList ? [value] : { a: value }
  return value
}

/** Any value of JSON, most of them odd. */
export const oddJson = (random: Random, depth = 0): unknown => {
  switch (random.below(depth > 4 ? 5 : 9)) {
    case 0:
      return random.pick([null, true, false])
    case 1:
      return random.pick(NUMBERS)
    case 2:
      return random.pick(TEXTS)
    case 3:
      return random.pick(hollow())
    case 4:
      return random.oneIn(50) ? nested(random.pick([10, 100, 2_000]), random.oneIn(2)) : random.below(1 << 30)
    case 5:
    case 6:
      return random.times(5, () => oddJson(random, depth + 1))
    default:
      return Object.fromEntries(random.times(5, () => [random.pick(TEXTS), oddJson(random, depth + 1)]))
  }
}

/** What only a caller in this process can hand in: cycles, getters, proxies, what is no data at all. */
export const oddValue = (random: Random): unknown => {
  const cyclic: Record<string, unknown> = { a: 1 }
  cyclic.self = cyclic
  const list: unknown[] = []
  list.push(list)
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  return random.pick<() => unknown>([
    () => oddJson(random),
    () => cyclic,
    () => list,
    () => proxy,
    () => undefined,
    () => Number.NaN,
    () => Number.POSITIVE_INFINITY,
    () => 10n ** 400n,
    () => -1n,
    () => Symbol('x'),
    () => () => 1,
    () => Object.create(null),
    () => new Proxy({}, { get: () => ({ length: { valueOf: 1 } }), has: () => true, ownKeys: () => ['a'] }),
    () =>
      Object.defineProperty({}, 'length', {
        enumerable: true,
        get() {
          throw new Error('of the getter')
        },
      }),
    () => new Date(Number.NaN),
    () => new Map([['a', 1]]),
    () => new Uint8Array(3),
    () => Array(1_000),
    () => Promise.resolve(1),
  ])()
}

/** The value with one or a few of its parts, at any depth, made odd. What it was made of is left as it is. */
export const spoil = (value: unknown, random: Random, odd: (random: Random) => unknown = oddJson): unknown => {
  if (typeof value !== 'object' || value === null || random.oneIn(6)) return random.oneIn(8) ? value : odd(random)
  if (Array.isArray(value)) {
    const copy: unknown[] = [...value]
    const at = random.below(copy.length + 1)
    if (random.oneIn(5)) copy.splice(at, 1)
    else if (random.oneIn(20)) return Array.from({ length: 6_000 }, () => copy[0])
    else copy[at] = spoil(copy[at], random, odd)
    return copy
  }
  const copy: Record<string, unknown> = { ...value }
  const keys = Object.keys(copy)
  const key = keys.length === 0 ? undefined : random.pick(keys)
  switch (key === undefined ? 1 : random.below(6)) {
    case 0:
      delete copy[key ?? '']
      return copy
    case 1:
      Object.defineProperty(copy, random.pick(TEXTS), { value: odd(random), enumerable: true, configurable: true })
      return copy
    default:
      if (key !== undefined) copy[key] = spoil(copy[key], random, odd)
      return copy
  }
}

/** Text that should be JSON: a value made text, or that text broken. */
export const jsonText = (value: unknown, random: Random): string => {
  const text = JSON.stringify(value) ?? 'null'
  switch (random.below(12)) {
    case 0:
      return text.slice(0, random.below(text.length + 1))
    case 1: {
      const at = random.below(text.length + 1)
      return (
        text.slice(0, at) + random.pick(['{', '[', ']', '"', '\\', '\u0000', ',', '1e400', '\\ud800']) + text.slice(at)
      )
    }
    case 2:
      return random.oneIn(20) ? '['.repeat(50_000) : text
    case 3:
      return text.replace(/\d+/, random.pick(['1e400', '-1e400', '9'.repeat(500), '0.1']))
    default:
      return text
  }
}

export const oddText = (random: Random): string => random.pick(TEXTS)
