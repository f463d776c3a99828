import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import { connect } from 'node:net'
import { allOperations } from '@fulgurite/plugin-sdk/contract'
import test, { type ExecutionContext } from 'ava'
import { type VirtualClock, virtualClock } from '../lib/clock-virtual.ts'
import { err, ok } from '../lib/result.ts'
import { API_LIMITS, type ApiLimits } from './api-limits.ts'
import { type ScriptedGateway, scriptedGateway } from './scripted-gateway.ts'
import { startApi } from './server.ts'

const token = 'ab'.repeat(32)

interface Answer {
  readonly code?: string
  readonly field?: string
  readonly message: string
}

interface Api {
  readonly clock: VirtualClock
  readonly port: number
  readonly gateway: ScriptedGateway
  readonly url: string
  readonly bugs: unknown[]
  post(
    path: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<{ status: number; text: string; json: Answer }>
}

const start = async (t: ExecutionContext, limits: Partial<ApiLimits> = {}): Promise<Api> => {
  const gateway = scriptedGateway()
  const clock = virtualClock()
  const bugs: unknown[] = []
  const started = await startApi({
    gateway,
    token,
    port: 0,
    clock,
    limits: { ...API_LIMITS, ...limits },
    onBug: (error) => bugs.push(error),
  })
  if (!started.ok) throw new Error(started.error.cause)
  t.teardown(() => started.value.close())
  const { url } = started.value
  return {
    clock,
    port: Number(new URL(url).port),
    gateway,
    url,
    bugs,
    async post(path, body, headers = {}) {
      const response = await fetch(url + path, {
        method: 'POST',
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body ?? {}),
      })
      const text = await response.text()
      return { status: response.status, text, json: JSON.parse(text) }
    },
  }
}

test('every operation of the contract has its route', async (t) => {
  const { post, gateway } = await start(t)
  for (const { actor, name } of allOperations()) {
    t.is((await post(`/v1/${actor}/${name}`)).status, 200)
    const last = gateway.asked.at(-1)
    t.deepEqual([last?.actor, last?.operation], [actor, name])
  }
})

test('a request reaches the gateway as it came, asked by the operator', async (t) => {
  const { post, gateway } = await start(t)
  await post('/v1/channels/get', { channelId: 'cd', odd: 1 })
  t.deepEqual(gateway.asked[0], {
    actor: 'channels',
    operation: 'get',
    request: { channelId: 'cd', odd: 1 },
    context: { caller: { kind: 'operator' } },
  })
})

test('key, reason, causes and timeout come from the headers', async (t) => {
  const { post, gateway } = await start(t)
  await post(
    '/v1/wallet/send',
    {},
    {
      'idempotency-key': 'k-1',
      'x-reason': 'rent: for november',
      'x-causes': 'c1, c2',
      'x-timeout-ms': '5000',
    },
  )
  t.deepEqual(gateway.asked[0]?.context, {
    caller: { kind: 'operator' },
    key: 'k-1',
    reason: { code: 'rent', text: 'for november' },
    causes: ['c1', 'c2'],
    timeoutMs: 5000,
  })
})

for (const [header, value] of [
  ['idempotency-key', 'with space'],
  ['idempotency-key', 'x'.repeat(129)],
  ['x-reason', 'Not A Code'],
  ['x-timeout-ms', '-1'],
  ['x-timeout-ms', 'soon'],
] as const) {
  test(`a malformed ${header} (${value.slice(0, 12)}) is refused and named`, async (t) => {
    const { post, gateway } = await start(t)
    const { status, json } = await post('/v1/wallet/send', {}, { [header]: value })
    t.is(status, 400)
    t.is(json.code, 'invalid-request')
    t.is(json.field, header)
    t.is(gateway.asked.length, 0)
  })
}

test('amounts are written as integers without loss', async (t) => {
  const { post, gateway } = await start(t)
  gateway.answer = () => Promise.resolve(ok({ amountMsat: 2_100_000_000_000_000_001n, small: 5n, list: [1n] }))
  t.is((await post('/v1/wallet/balance')).text, '{"amountMsat":2100000000000000001,"small":5,"list":[1]}')
})

test('an empty body is an empty request', async (t) => {
  const { post, gateway } = await start(t)
  t.is((await post('/v1/node/getInfo', '')).status, 200)
  t.deepEqual(gateway.asked[0]?.request, {})
})

for (const [code, status] of [
  ['invalid-request', 400],
  ['key-required', 400],
  ['channel-not-found', 404],
  ['already-paid', 409],
  ['payment-in-flight', 409],
  ['idempotency-mismatch', 409],
  ['cursor-expired', 410],
  ['insufficient-balance', 422],
  ['mailbox-full', 503],
  ['outcome-unknown', 504],
] as const) {
  test(`${code} is answered with status ${status} and the whole error`, async (t) => {
    const { post, gateway } = await start(t)
    gateway.answer = () => Promise.resolve(err({ code, message: 'why', details: { limitMsat: 7n } }))
    const answer = await post('/v1/payments/payInvoice')
    t.is(answer.status, status)
    t.deepEqual(answer.json, { code, message: 'why', details: { limitMsat: 7 } })
  })
}

test('without the right token nothing is served', async (t) => {
  const { url, gateway } = await start(t)
  const attempts: Record<string, string>[] = [
    {},
    { authorization: token },
    { authorization: `Bearer ${'cd'.repeat(32)}` },
    { authorization: `Bearer ${token}0` },
    { authorization: 'Bearer ' },
  ]
  for (const headers of attempts) {
    for (const [method, path] of [
      ['POST', '/v1/node/getInfo'],
      ['GET', '/v1/events'],
      ['GET', '/v1/openapi.json'],
      ['GET', '/nowhere'],
    ] as const) {
      const response = await fetch(url + path, { method, headers })
      t.is(response.status, 401)
      t.is(((await response.json()) as { code: string }).code, 'unauthorized')
    }
  }
  t.is(gateway.asked.length, 0)
})

test('what is no JSON, too large, of another type or nowhere is refused with a typed error', async (t) => {
  const { post, url } = await start(t)
  const broken = await post('/v1/node/getInfo', '{"a":')
  t.is(broken.status, 400)
  t.regex(broken.json.message, /^the body is not JSON/)
  const poisoned = await post('/v1/node/getInfo', '{"__proto__":{"x":1}}')
  t.is(poisoned.status, 400)
  const large = await post('/v1/node/getInfo', JSON.stringify({ text: 'x'.repeat(300_000) }))
  t.is(large.status, 413)
  t.is(large.json.code, 'invalid-request')
  const form = await post('/v1/node/getInfo', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' })
  t.is(form.status, 415)
  const nowhere = await post('/v1/node/getinfo')
  t.is(nowhere.status, 404)
  t.is(nowhere.json.code, 'unknown-operation')
  const wrongMethod = await fetch(`${url}/v1/node/getInfo`, { headers: { authorization: `Bearer ${token}` } })
  t.is(wrongMethod.status, 405)
  t.is(wrongMethod.headers.get('allow'), 'POST')
})

test('a bug behind the gateway is told to the node and not to the caller', async (t) => {
  const { post, gateway, bugs } = await start(t)
  gateway.answer = () => Promise.reject(new Error('secret detail'))
  const { status, text } = await post('/v1/node/getInfo')
  t.is(status, 500)
  t.false(text.includes('secret detail'))
  t.is(bugs.length, 1)
})

test('a port that is taken is an error that says which', async (t) => {
  const { url } = await start(t)
  const port = Number(new URL(url).port)
  const second = await startApi({ gateway: scriptedGateway(), token, port })
  t.like(second, { ok: false, error: { code: 'cannot-listen', host: '127.0.0.1', port } })
})

test('an API that closes finishes what is under way, refuses what comes after, and cuts off what takes too long', async (t) => {
  const gateway = scriptedGateway()
  const clock = virtualClock()
  const started = await startApi({ gateway, token, port: 0, clock })
  if (!started.ok) return t.fail(started.error.cause)
  const release: (() => void)[] = []
  gateway.answer = () => new Promise((resolve) => release.push(() => resolve(ok({}))))
  const underWay = async (count: number): Promise<void> => {
    while (release.length < count) await new Promise(setImmediate)
  }
  const held = fetch(`${started.value.url}/v1/node/getInfo`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}` },
  })
  await underWay(1)

  // The second request has begun to come in, so its connection is not idle when the API closes.
  const head = `POST /v1/node/getInfo HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-length: 2\r\n`
  const rest = 'content-type: application/json\r\n\r\n{}'
  const socket = connect(Number(new URL(started.value.url).port), '127.0.0.1').setEncoding('utf8')
  socket.write(head + rest + head)
  await underWay(2)
  release[1]?.()
  t.regex((await once(socket, 'data'))[0], /^HTTP\/1\.1 200 /)
  const closed = started.value.close()
  socket.write(rest)
  t.regex((await once(socket, 'data'))[0], /^HTTP\/1\.1 503 [\s\S]*"code":"not-ready"/)
  socket.destroy()

  await clock.advance(3_000)
  await t.throwsAsync(held)
  await closed
})

test('the OpenAPI document names every route', async (t) => {
  const { url } = await start(t)
  const response = await fetch(`${url}/v1/openapi.json`, { headers: { authorization: `Bearer ${token}` } })
  const document = (await response.json()) as { paths: Record<string, unknown> }
  t.is(Object.keys(document.paths).length, allOperations().length + 2)
})

/** Reads an event stream until `count` messages came; the rest of the stream goes on. */
const tail = (url: string, path: string, headers: Record<string, string> = {}) => {
  let text = ''
  let wake = (): void => {}
  const request = httpRequest(url + path, { headers: { authorization: `Bearer ${token}`, ...headers } })
  const ready = new Promise<number>((resolve) => {
    request.on('response', (response) => {
      resolve(response.statusCode ?? 0)
      response.setEncoding('utf8')
      response.on('data', (chunk) => {
        text += chunk
        wake()
      })
      response.on('end', () => wake())
      response.on('error', () => wake())
    })
  })
  request.on('error', () => {})
  request.end()
  const messages = () => text.split('\n\n').filter((one) => one !== '' && !one.startsWith(':'))
  return {
    ready,
    end: () => request.destroy(),
    async until(count: number): Promise<string[]> {
      while (messages().length < count) await new Promise<void>((resolve) => (wake = resolve))
      return messages()
    },
  }
}

test('the event stream replays from a cursor and goes on live, without gap or repetition', async (t) => {
  const { url, gateway } = await start(t)
  for (let i = 1; i <= 1_203; i++) gateway.publish('payment.received', `{"n":${i}}`)
  const stream = tail(url, '/v1/events?from=c3')
  t.teardown(stream.end)
  t.is(await stream.ready, 200)
  // Some while the stored ones are still being read, some after.
  for (let i = 1_204; i <= 1_220; i++) gateway.publish('payment.received', `{"n":${i}}`)
  await stream.until(1_217)
  for (let i = 1_221; i <= 1_230; i++) gateway.publish('payment.received', `{"n":${i}}`)
  const messages = await stream.until(1_227)
  const numbers = messages.map((message) => Number(/"n":(\d+)/.exec(message)?.[1]))
  t.deepEqual(
    numbers,
    Array.from({ length: 1_227 }, (_, i) => i + 4),
  )
  t.regex(messages[0] ?? '', /^id: c4\nevent: payment\.received\ndata: \{"cursor":"c4",.*\}$/)
})

test('without a cursor the stream begins with what happens next, and can be filtered', async (t) => {
  const { url, gateway } = await start(t)
  gateway.publish('payment.received', '{"n":1}')
  const stream = tail(url, '/v1/events?types=payment.sent,chain.block')
  t.teardown(stream.end)
  await stream.ready
  while (gateway.subscribers() === 0) await new Promise(setImmediate)
  await new Promise(setImmediate)
  gateway.publish('payment.received', '{"n":2}')
  gateway.publishEphemeral('chain.block', '{"blockHeight":5}')
  gateway.publish('payment.sent', '{"n":3}')
  const messages = await stream.until(2)
  t.regex(messages[0] ?? '', /^event: chain\.block\ndata: /)
  t.regex(messages[1] ?? '', /^id: c3\nevent: payment\.sent\n/)
})

test('a reader that comes back resumes after the last event it saw', async (t) => {
  const { url, gateway } = await start(t)
  for (let i = 1; i <= 5; i++) gateway.publish('payment.received', `{"n":${i}}`)
  const stream = tail(url, '/v1/events?from=c1', { 'last-event-id': 'c4' })
  t.teardown(stream.end)
  t.regex((await stream.until(1))[0] ?? '', /"n":5/)
})

test('a cursor or event name that does not exist is said', async (t) => {
  const { url } = await start(t)
  const wrongName = tail(url, '/v1/events?types=payment.lost')
  t.is(await wrongName.ready, 400)
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}`, ...headers } })
    const { code, field, message } = (await response.json()) as Answer
    return [response.status, code, field, message]
  }
  t.deepEqual(await ask('/v1/events?from=nonsense'), [400, 'cursor-invalid', undefined, 'no such cursor'])
  t.deepEqual((await ask('/v1/events', { 'last-event-id': 'nonsense' })).slice(0, 2), [400, 'cursor-invalid'])
  for (const [query, field, says] of [
    ['type=payment.sent', 'type', /there is no such parameter/],
    ['types=payment.sent&types=payment.sent', 'types', /expected once, with commas/],
    ['types=', 'types', /there is no event without a name/],
    ['types=payment.sent,payment.lost', 'types', /there is no event payment\.lost/],
  ] as const) {
    const [status, code, at, message] = await ask(`/v1/events?${query}`)
    t.deepEqual([status, code, at], [400, 'invalid-request', field], query)
    t.regex(String(message), says)
  }
})

test('a reader that goes away is forgotten', async (t) => {
  const { url, gateway } = await start(t)
  const stream = tail(url, '/v1/events')
  await stream.ready
  while (gateway.subscribers() === 0) await new Promise(setImmediate)
  stream.end()
  while (gateway.subscribers() > 0) await new Promise(setImmediate)
  t.pass()
})

/** A connection under the test's control. */
const dial = async (t: ExecutionContext, port: number) => {
  const socket = connect(port, '127.0.0.1').setEncoding('utf8')
  socket.on('error', () => {})
  let received = ''
  socket.on('data', (text) => {
    received += text
  })
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(received)))
  await once(socket, 'connect')
  t.teardown(() => socket.destroy())
  return { socket, closed, answer: async () => String((await once(socket, 'data'))[0]) }
}

const HEAD = `POST /v1/node/getInfo HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${token}\r\ncontent-type: application/json\r\n`
const REQUEST = `${HEAD}content-length: 2\r\n\r\n{}`

test('what is no HTTP request is answered as every refusal is', async (t) => {
  const { port } = await start(t)
  for (const [sent, status, message] of [
    ['\x16\x03\x01 greetings\r\n\r\n', 400, 'this is no HTTP request'],
    [`FOO /v1/node/getInfo HTTP/1.1\r\nhost: x\r\n\r\n`, 400, 'this is no HTTP request'],
    [`${HEAD}x-big: ${'a'.repeat(40_000)}\r\n\r\n`, 431, 'the headers are too large'],
  ] as const) {
    const { socket, closed } = await dial(t, port)
    socket.write(sent)
    const [head = '', body = ''] = (await closed).split('\r\n\r\n')
    t.true(head.startsWith(`HTTP/1.1 ${status} `), head)
    t.deepEqual(JSON.parse(body), { code: 'invalid-request', message })
  }
})

test('however many silent connections there are, the operator is served: they make room for each other', async (t) => {
  const { port } = await start(t, { silent: { strangers: 4, familiar: 4 } })
  const silent = []
  for (let i = 0; i < 20; i++) silent.push(await dial(t, port))
  // The older half of the four stays for a time.
  for (const { closed } of silent.slice(2, 18)) t.is(await closed, '')
  const operator = await dial(t, port)
  operator.socket.write(REQUEST)
  t.regex(await operator.answer(), /^HTTP\/1\.1 200 /)
  // With the token shown, the connection is no longer among those that make room.
  for (let i = 0; i < 8; i++) await dial(t, port)
  operator.socket.write(REQUEST)
  t.regex(await operator.answer(), /^HTTP\/1\.1 200 /)
})

test('a connection that shows no token in time is closed', async (t) => {
  const { port, clock } = await start(t, { headMs: 5_000, silent: { strangers: 2, familiar: 2 } })
  const slow = await dial(t, port)
  slow.socket.write('POST /v1/node/getInfo HTTP/1.1\r\nhost')
  // Once a later one was answered, the slow one has surely been taken in.
  const later = await dial(t, port)
  later.socket.write(REQUEST)
  await later.answer()
  await clock.advance(5_000)
  t.is(await slow.closed, '')
  // The one that has shown it stays.
  later.socket.write(REQUEST)
  t.regex(await later.answer(), /^HTTP\/1\.1 200 /)
})

test('a body that stalls ends its connection, and an answer may take as long as it takes', async (t) => {
  const { port, clock, gateway } = await start(t, { bodyMs: 5_000 })
  let release = (): void => {}
  gateway.answer = () =>
    new Promise((resolve) => {
      release = () => resolve(ok({}))
    })
  const patient = await dial(t, port)
  patient.socket.write(REQUEST)
  while (gateway.asked.length === 0) await new Promise(setImmediate)
  const stalled = await dial(t, port)
  stalled.socket.write(`${HEAD}expect: 100-continue\r\ncontent-length: 1000\r\n\r\n`)
  t.regex(await stalled.answer(), /^HTTP\/1\.1 100 /)
  stalled.socket.write('{')
  while (clock.nextTimerAt() === undefined) await new Promise(setImmediate)
  await clock.advance(6_000)
  await stalled.closed
  release()
  t.regex(await patient.answer(), /^HTTP\/1\.1 200 /)
})

test('of the connections that have shown the token only an idle one makes room', async (t) => {
  const { port, gateway } = await start(t, { operators: 2 })
  const busy = await dial(t, port)
  const idle = await dial(t, port)
  idle.socket.write(REQUEST)
  await idle.answer()
  let release = (): void => {}
  gateway.answer = () =>
    new Promise((resolve) => {
      release = () => resolve(ok({}))
    })
  busy.socket.write(REQUEST)
  while (gateway.asked.length < 2) await new Promise(setImmediate)
  const newcomer = await dial(t, port)
  newcomer.socket.write(REQUEST)
  t.regex(await idle.closed, /^HTTP\/1\.1 200 /)
  while (gateway.asked.length < 3) await new Promise(setImmediate)
  const refused = await dial(t, port)
  refused.socket.write(REQUEST)
  t.regex(await refused.closed, /^HTTP\/1\.1 429 [\s\S]*"code":"rate-limited"/)
  release()
  t.regex(await newcomer.answer(), /^HTTP\/1\.1 200 /)
})

test('whoever keeps asking without the token is cut off unheard, and the operator at the same address is served', async (t) => {
  const { port, post, clock } = await start(t, { refusals: { perSecond: 1, burst: 3 } })
  const guess = async (): Promise<string> => {
    const guesser = await dial(t, port)
    guesser.socket.write('GET /v1/openapi.json HTTP/1.1\r\nhost: x\r\nauthorization: Bearer wrong\r\n\r\n')
    return guesser.closed
  }
  for (let i = 0; i < 3; i++) t.regex(await guess(), /^HTTP\/1\.1 401 [\s\S]*connection: close/i)
  t.is(await guess(), '')
  t.is((await post('/v1/node/getInfo')).status, 200)
  await clock.advance(1_000)
  t.regex(await guess(), /^HTTP\/1\.1 401 /)
})

test('there are so many event streams and no more', async (t) => {
  const { url } = await start(t, { streams: 2 })
  const first = tail(url, '/v1/events')
  const second = tail(url, '/v1/events')
  for (const stream of [first, second]) t.teardown(stream.end)
  t.is(await first.ready, 200)
  t.is(await second.ready, 200)
  const third = tail(url, '/v1/events')
  t.is(await third.ready, 429)
})

test('an event stream outlives the time that a request has', async (t) => {
  const { url, clock, gateway } = await start(t)
  const stream = tail(url, '/v1/events')
  t.teardown(stream.end)
  t.is(await stream.ready, 200)
  while (gateway.subscribers() === 0) await new Promise(setImmediate)
  await clock.advance(120_000)
  gateway.publish('payment.received', '{"n":1}')
  t.is((await stream.until(1)).length, 1)
})
