import { findOperation, openApi, parseRequest, UNREADABLE } from '@fulgurite/plugin-sdk/contract'
import test, { type ExecutionContext } from 'ava'
import { err, ok } from '../lib/result.ts'
import { scriptedGateway } from './scripted-gateway.ts'
import { startApi } from './server.ts'

// The description and the API against each other: for each bound that is described, what is just inside it is taken and what
// is just outside it is refused.

interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly anyOf?: readonly Schema[]
  readonly enum?: readonly string[]
  readonly const?: string
  readonly pattern?: string
  readonly minimum?: number
  readonly maximum?: number
  readonly minLength?: number
  readonly maxLength?: number
  readonly minItems?: number
  readonly maxItems?: number
  readonly items?: Schema
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly additionalProperties?: boolean
}

interface Parameter {
  readonly name: string
  readonly in: 'header' | 'query'
  readonly required?: boolean
  readonly schema: Schema
}

interface Described {
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: { readonly 'application/json': { readonly schema: Schema } }
  }
  readonly responses: Readonly<Record<string, object>>
}

interface Document {
  readonly paths: Readonly<Record<string, { readonly post?: Described; readonly get?: Described }>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

const document = JSON.parse(openApi()) as Document
const operations = Object.entries(document.paths).flatMap(([path, { post }]) =>
  post === undefined ? [] : [{ path, post }],
)

/** Values that a schema admits, and such as it does not, each as near to a bound as can be. */
interface Values {
  readonly inside: readonly unknown[]
  readonly outside: readonly unknown[]
}

const hex = (characters: number): string => 'a'.repeat(characters)
const hexValues = (characters: number): Values => ({
  inside: [hex(characters), '0'.repeat(characters)],
  outside: [hex(characters - 1), hex(characters + 1), hex(characters).toUpperCase(), 'g'.repeat(characters), ''],
})

const UP_TO_3_BYTES =
  '(\\d{1,7}|0\\d{7}|1[0-5]\\d{6}|16[0-6]\\d{5}|167[0-6]\\d{4}|1677[0-6]\\d{3}|16777[01]\\d{2}|1677720\\d|1677721[0-5])'
const UP_TO_2_BYTES = '(\\d{1,4}|[0-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5])'

/** One line for each pattern of the contract: a new one has no values until somebody says what is near its bounds. */
const PATTERNS: Readonly<Record<string, Values>> = {
  '^[0-9a-f]{64}$': hexValues(64),
  '^0[23][0-9a-f]{64}$': {
    inside: [`02${hex(64)}`, `03${hex(64)}`],
    outside: [`01${hex(64)}`, `04${hex(64)}`, `02${hex(63)}`, `02${hex(65)}`, `02${'A'.repeat(64)}`, ''],
  },
  '^[0-9a-f]{64}:(0|[1-9]\\d{0,9})$': {
    inside: [`${hex(64)}:0`, `${hex(64)}:9999999999`],
    outside: [
      '',
      hex(64),
      `${hex(63)}:0`,
      `${hex(65)}:0`,
      `${hex(64).toUpperCase()}:0`,
      `${hex(64)}:01`,
      `${hex(64)}:-1`,
      `${hex(64)}:10000000000`,
    ],
  },
  '^([0-9a-f]{2})*$': { inside: ['', 'ab'], outside: ['a', 'abc', 'AB', 'gg'] },
  [`^${UP_TO_3_BYTES}x${UP_TO_3_BYTES}x${UP_TO_2_BYTES}$`]: {
    inside: ['0x0x0', '16777215x16777215x65535', '09999999x16777209x59999', '16776999x1677199x6553'],
    outside: ['', '1x1', 'x1x1', '1x1x1x1', '16777216x1x1', '1x16777216x1', '1x1x65536', '1X1X1'],
  },
  '^(\\[[0-9a-fA-F:.]+\\]|[^\\s:@/]{1,255}):\\d{1,5}$': {
    inside: ['a:1', `${'a'.repeat(255)}:65535`, '[::1]:9735'],
    outside: ['', 'a', 'a:', ':1', `${'a'.repeat(256)}:1`, 'a:100000', 'a b:1', 'a@b:1', '[::1]'],
  },
  '^[a-z0-9][a-z0-9-]{0,63}$': {
    inside: ['a', '0', `a${'-'.repeat(63)}`],
    outside: ['', '-a', 'A', 'a'.repeat(65), 'a_b'],
  },
  '^[A-Za-z0-9]([A-Za-z0-9 ._-]{0,30}[A-Za-z0-9])?$': {
    inside: ['a', 'a b', 'a'.repeat(32)],
    outside: ['', ' a', 'a ', 'a'.repeat(33), 'a@b', 'a/b'],
  },
  '^(0|[1-9][0-9]{0,14}|1[0-9]{15}|20[0-9]{14}|2100000000000000)$': {
    inside: ['0', '1', '2100000000000000', '2099999999999999', '1999999999999999'],
    outside: ['', '-1', '01', '1.5', '2100000000000001', '2200000000000000', '10000000000000000'],
  },
  '^(0|[1-9][0-9]{0,17}|1[0-9]{18}|20[0-9]{17}|2100000000000000000)$': {
    inside: ['0', '1', '2100000000000000000', '2099999999999999999', '1999999999999999999'],
    outside: ['', '-1', '01', '1.5', '2100000000000000001', '2200000000000000000', '10000000000000000000'],
  },
}

/** The same of headers: what Node takes as a header at all. */
const HEADERS: Readonly<Record<string, { readonly inside: readonly string[]; readonly outside: readonly string[] }>> = {
  'idempotency-key': { inside: ['k', '~'.repeat(128)], outside: ['a b', '~'.repeat(129), 'é'] },
  'x-reason': {
    inside: ['a', `a${'.'.repeat(63)}`, `a: ${'x'.repeat(512)}`, 'a:'],
    outside: ['-a', 'A', `a${'.'.repeat(64)}`, `a: ${'x'.repeat(513)}`, 'a b'],
  },
  'x-causes': {
    inside: ['c', '~'.repeat(128), Array(32).fill('c').join(', ')],
    outside: ['a b', '~'.repeat(129), Array(33).fill('c').join(','), 'a,,b', 'a,'],
  },
  'x-timeout-ms': {
    inside: ['1', '9999999', '10000000', '79999999', '85999999', '86399999', '86400000'],
    outside: ['0', '01', '-1', '1.5', '1e3', '86400001', '90000000', '100000000'],
  },
}

const resolved = (schema: Schema): Schema =>
  schema.$ref === undefined ? schema : (document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {})

const valuesOf = (given: Schema): Values => {
  const schema = resolved(given)
  if (schema.anyOf !== undefined) {
    const all = schema.anyOf.map(valuesOf)
    return { inside: all.flatMap(({ inside }) => inside), outside: all.flatMap(({ outside }) => outside) }
  }
  if (schema.const !== undefined) return { inside: [schema.const], outside: ['nonsense', 5] }
  if (schema.enum !== undefined) return { inside: schema.enum, outside: ['nonsense', '', 5, null] }
  switch (schema.type) {
    case 'integer': {
      const { minimum = Number.NaN, maximum = Number.NaN } = schema
      return { inside: [minimum, maximum], outside: [minimum - 1, maximum + 1, minimum + 0.5, true, null] }
    }
    case 'boolean':
      return { inside: [true, false], outside: ['true', 1, null] }
    case 'string':
      return textValues(schema)
    case 'array':
      return listValues(schema)
    case 'object':
      return objectValues(schema)
  }
  throw new Error(`a schema of no type: ${JSON.stringify(schema)}`)
}

const textValues = ({ pattern, minLength = 0, maxLength }: Schema): Values => {
  if (pattern === undefined) {
    if (maxLength === undefined) throw new Error('a text without an end')
    const short = minLength > 0 ? ['a'.repeat(minLength - 1)] : []
    return {
      inside: ['a'.repeat(minLength), 'a'.repeat(maxLength)],
      outside: [...short, 'a'.repeat(maxLength + 1), 5, null],
    }
  }
  const values = PATTERNS[pattern]
  if (values === undefined) throw new Error(`say what is near the bounds of ${pattern}`)
  const long = maxLength === undefined ? [] : ['0'.repeat(maxLength)]
  const longer = maxLength === undefined ? [] : ['0'.repeat(maxLength + 2)]
  return { inside: [...values.inside, ...long], outside: [...values.outside, ...longer, null] }
}

const listValues = ({ items = {}, minItems = 0, maxItems }: Schema): Values => {
  const { inside, outside } = valuesOf(items)
  const of = (count: number): unknown[] => Array.from({ length: count }, () => inside[0])
  if (maxItems === undefined) throw new Error('a list without an end')
  return {
    inside: [of(minItems), of(maxItems), ...inside.map((item) => [item])],
    outside: [
      ...(minItems > 0 ? [of(minItems - 1)] : []),
      of(maxItems + 1),
      ...outside.map((item) => [item]),
      'x',
      null,
    ],
  }
}

const objectValues = ({ properties = {}, required = [], additionalProperties }: Schema): Values => {
  // Any JSON: only its depth is bounded, which is no bound that can be described.
  if (additionalProperties !== false) return { inside: [{}, { a: [1] }], outside: ['x', 5, null] }
  const members = Object.entries(properties).map(([key, schema]) => [key, valuesOf(schema)] as const)
  const whole = Object.fromEntries(
    members.filter(([key]) => required.includes(key)).map(([key, { inside }]) => [key, inside[0]]),
  )
  const without = (key: string) => Object.fromEntries(Object.entries(whole).filter(([name]) => name !== key))
  return {
    inside: [whole, ...members.flatMap(([key, { inside }]) => inside.map((value) => ({ ...whole, [key]: value })))],
    outside: [
      ...required.map(without),
      { ...whole, nonsense: 1 },
      ...members.flatMap(([key, { outside }]) => outside.map((value) => ({ ...whole, [key]: value }))),
    ],
  }
}

const bodyOf = ({ requestBody }: Described): Values => valuesOf(requestBody?.content['application/json'].schema ?? {})

for (const { path, post } of operations) {
  const [actor = '', name = ''] = path.split('/').slice(2)
  const taken = (body: unknown): boolean =>
    parseRequest(actor as 'node', name as 'getInfo', JSON.parse(JSON.stringify(body))).ok

  test(`${path} — takes what is described, to its bounds, and nothing beyond them`, (t) => {
    t.not(findOperation(actor, name), undefined)
    const { inside, outside } = bodyOf(post)
    for (const body of inside) t.true(taken(body), `described and refused: ${JSON.stringify(body).slice(0, 200)}`)
    for (const body of outside) t.false(taken(body), `not described and taken: ${JSON.stringify(body).slice(0, 200)}`)
  })
}

const token = 'ab'.repeat(32)

const served = async (t: ExecutionContext) => {
  const gateway = scriptedGateway()
  gateway.answer = (actor, operation, request) => {
    const parsed = parseRequest(actor as 'node', operation as 'getInfo', request)
    return Promise.resolve(parsed.ok ? ok({}) : err(parsed.error))
  }
  const started = await startApi({ gateway, token, port: 0 })
  if (!started.ok) throw new Error(started.error.cause)
  t.teardown(() => started.value.close())
  const send = async (method: string, path: string, headers: Record<string, string> = {}, body?: string) => {
    const response = await fetch(started.value.url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, ...headers },
      ...(body === undefined ? {} : { body }),
    })
    const { status } = response
    await response.body?.cancel()
    return { status, allow: response.headers.get('allow') }
  }
  return { gateway, send }
}

test('each operation is where it is described, by that method alone, and takes no body where none is required', async (t) => {
  const { send } = await served(t)
  const json = { 'content-type': 'application/json' }
  for (const { path, post } of operations) {
    const { inside, outside } = bodyOf(post)
    t.is((await send('POST', path, json, JSON.stringify(inside[0]))).status, 200, path)
    t.is((await send('POST', path, json, JSON.stringify(outside.at(-1)))).status, 400, path)
    t.is((await send('POST', path)).status, post.requestBody?.required ? 400 : 200, path)
    t.deepEqual(await send('GET', path), { status: 405, allow: 'POST' }, path)
  }
  for (const path of ['/v1/events', '/v1/openapi.json']) {
    t.deepEqual(await send('POST', path, json, '{}'), { status: 405, allow: 'GET' })
  }
  for (const method of ['GET', 'POST', 'PUT']) t.is((await send(method, '/v1/nothing/here')).status, 404)
})

test('every header is taken to the bounds that are described, and refused beyond them', async (t) => {
  const { send } = await served(t)
  const seen = new Set<string>()
  for (const { path, post } of operations) {
    for (const { name, in: where, schema } of post.parameters ?? []) {
      t.is(where, 'header')
      const values = HEADERS[name]
      if (values === undefined) throw new Error(`say what is near the bounds of ${name}`)
      // Their check is one for all operations.
      if (seen.has(name)) continue
      seen.add(name)
      const pattern = new RegExp(schema.pattern ?? '', 'u')
      const body = JSON.stringify(bodyOf(post).inside[0])
      const status = async (value: string) =>
        (await send('POST', path, { 'content-type': 'application/json', [name]: value }, body)).status
      for (const value of values.inside) t.deepEqual([pattern.test(value), await status(value)], [true, 200], value)
      for (const value of values.outside) t.deepEqual([pattern.test(value), await status(value)], [false, 400], value)
    }
  }
  t.deepEqual([...seen].sort(), Object.keys(HEADERS).sort())
})

test('the event stream takes the parameters that are described and refuses all else', async (t) => {
  const { send, gateway } = await served(t)
  gateway.publish('payment.sent', '{}')
  const parameters = document.paths['/v1/events']?.get?.parameters ?? []
  t.deepEqual(
    parameters.map(({ name }) => name),
    ['from', 'types', 'last-event-id'],
  )
  const types = parameters[1]?.schema.items?.enum ?? []
  t.is((await send('GET', `/v1/events?from=c1&types=${types.join(',')}`)).status, 200)
  for (const type of types) t.is((await send('GET', `/v1/events?types=${type}`)).status, 200, type)
  for (const query of ['types=', 'types=nonsense', 'from=', `from=${'c'.repeat(129)}`, 'limit=5', 'from=c1&from=c1']) {
    t.is((await send('GET', `/v1/events?${query}`)).status, 400, query)
  }
  t.is((await send('GET', '/v1/events', { 'last-event-id': 'nonsense' })).status, 400)
})

test('each answer that every request can get is described for each, with the right status', (t) => {
  for (const [path, { post, get }] of Object.entries(document.paths)) {
    const { responses } = post ?? get ?? { responses: {} }
    for (const status of [200, 401, 429, 503]) t.true(Object.hasOwn(responses, status), `${path} ${status}`)
    if (path === '/v1/openapi.json') continue
    t.true(Object.hasOwn(responses, 400), path)
    if (post !== undefined)
      for (const status of [404, ...Object.values(UNREADABLE), 500, 504]) t.true(Object.hasOwn(responses, status), path)
  }
})
