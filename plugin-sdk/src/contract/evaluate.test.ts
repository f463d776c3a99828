import test from 'ava'
import { z } from 'zod'
import { parseRequest, parseVerdict } from './codec.ts'
import { evaluate } from './evaluate.ts'

/** What looks as if it had a length, or a size, and cannot be compared with a number. */
const HOLLOW = { length: { toString: 1, valueOf: 1 }, size: { toString: 1, valueOf: 1 } }

const lengths: readonly (readonly [string, z.ZodType])[] = [
  ['a text', z.string().max(3)],
  ['a text at least', z.string().min(3)],
  ['a text exactly', z.string().length(3)],
  ['a list', z.array(z.string()).max(3)],
  ['an optional list', z.array(z.string()).max(3).optional()],
  ['a union', z.union([z.string().max(3), z.array(z.unknown()).min(2)])],
  ['a tuple of texts', z.tuple([z.string().max(3)]).rest(z.string().max(2))],
  ['a lazy schema', z.lazy(() => z.string().max(3))],
  [
    'a text before a refinement',
    z
      .string()
      .max(3)
      .refine(() => true),
  ],
  ['a text before a transform', z.string().max(19).transform(BigInt)],
  ['a default', z.string().max(3).default('a')],
  ['a nullable list, read-only', z.array(z.string()).min(1).readonly().nullable()],
]

for (const [title, schema] of lengths) {
  test(`evaluate — ${title}: a value whose length cannot be compared is a misfit, not an exception`, (t) => {
    for (const value of [HOLLOW, [HOLLOW], { a: HOLLOW }]) {
      const read = evaluate(z.object({ here: schema }), { here: value })
      t.false(read.ok)
      if (!read.ok) t.not(read.error.code, 'unreadable')
    }
  })
}

test('evaluate — says what is at fault in words of ours, with the field', (t) => {
  const schema = z.strictObject({
    name: z.string().min(2).max(3),
    count: z.number().int().min(1).max(9).optional(),
    kind: z.enum(['a', 'b']).optional(),
    items: z.array(z.boolean()).max(2).optional(),
    byName: z.record(z.string().max(2), z.unknown()).optional(),
  })
  const words = (value: unknown): unknown => {
    const read = evaluate(schema, value)
    return read.ok ? read.value : [read.error.code, read.error.field, read.error.message]
  }
  t.deepEqual(words(5), ['wrong-type', '', 'expected an object'])
  t.deepEqual(words({}), ['missing', 'name', 'is missing'])
  t.deepEqual(words({ name: 5 }), ['wrong-type', 'name', 'expected a text'])
  t.deepEqual(words({ name: 'long' }), ['wrong-value', 'name', 'expected at most 3 characters'])
  t.deepEqual(words({ name: 'ab', count: 1.5 }), ['wrong-type', 'count', 'expected a whole number'])
  t.deepEqual(words({ name: 'ab', count: 10 }), ['wrong-value', 'count', 'expected at most 9'])
  t.deepEqual(words({ name: 'ab', kind: 'c' }), ['wrong-value', 'kind', 'expected a or b'])
  t.deepEqual(words({ name: 'ab', items: [true, 1] }), ['wrong-type', 'items.1', 'expected true or false'])
  t.deepEqual(words({ name: 'ab', items: [true, true, true] }), ['wrong-value', 'items', 'expected at most 2 items'])
  t.deepEqual(words({ name: 'ab', byName: { abc: 1 } }), ['wrong-value', 'byName.abc', 'expected at most 2 characters'])
  t.deepEqual(words({ name: 'ab', '\u001b[2J\ud800': 1 }), ['unknown-field', '?[2J?', 'there is no such field'])
  t.deepEqual(words(JSON.parse('{"name":"ab","__proto__":{"count":5}}')), [
    'unknown-field',
    '__proto__',
    'there is no such field',
  ])
})

test('evaluate — a getter, a proxy or a transform that throws is a misfit too', (t) => {
  const unreadable = { ok: false, error: { code: 'unreadable', field: '', message: 'cannot be read' } }
  const getter = {
    get a(): never {
      throw new Error('of the getter')
    },
  }
  t.deepEqual(evaluate(z.object({ a: z.string() }), getter), unreadable)
  const { proxy, revoke } = Proxy.revocable({}, {})
  revoke()
  t.deepEqual(evaluate(z.object({ a: z.string() }), proxy), unreadable)
  t.deepEqual(evaluate(z.number().transform(BigInt), 1.5), unreadable)
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  t.false(parseRequest('plugins', 'install', { path: '/x', config: cyclic }).ok)
})

test('a request or a verdict whose lengths cannot be compared — is refused with its field', (t) => {
  t.like(parseRequest('channels', 'get', { channelId: HOLLOW }), {
    ok: false,
    error: { code: 'invalid-request', field: 'channelId' },
  })
  t.like(parseRequest('events', 'list', { types: HOLLOW }), { ok: false, error: { field: 'types' } })
  t.like(parseVerdict('channel.accept', { type: 'reject', reason: HOLLOW }), { ok: false, error: { field: 'reason' } })
})

test('a plain value that shares its members over and over — is given up on, not walked for ever', (t) => {
  let config: Record<string, unknown> = {}
  for (let depth = 0; depth < 31; depth++) config = { a: config, b: config }
  t.like(parseRequest('plugins', 'install', { path: '/x', config }), { ok: false, error: { field: 'config' } })
})
