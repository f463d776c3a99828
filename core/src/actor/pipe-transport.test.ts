import { type Duplex, duplexPair } from 'node:stream'
import test from 'ava'
import { until } from '../lib/fixtures/until.ts'
import { createActorSystem } from './actor-system.ts'
import { testTransport } from './fixtures/transport-compliance.ts'
import { encodeFrame } from './frame-codec.ts'
import { pipeTransport } from './pipe-transport.ts'
import type { ActorRef, LinkEnd, Protocol } from './types.ts'

testTransport('pipe transport', (client, server) => {
  const [here, there] = duplexPair()
  pipeTransport(there, { system: server, expose: (path) => server.find(path) })
  return { transport: pipeTransport(here, { system: client }), server }
})

const attacked = (options: { maxFrameBytes?: number; maxDepth?: number } = {}) => {
  const [here, there] = duplexPair()
  const system = createActorSystem<never>()
  system.spawn<Protocol>('server', () => ({ handlers: { echo: (value) => value } }))
  const transport = pipeTransport(here, { system, expose: (path) => system.find(path), ...options })
  return { transport, there }
}

const ask = (request: unknown) => ({ type: 'ask', id: 0, to: '/server', command: 'echo', timeoutMs: 1, request })

const attacks: readonly [string, (there: Duplex) => void, LinkEnd][] = [
  ['text that is not JSON', (there) => there.write(encodeFrame('{')), { code: 'not-json' }],
  [
    'a frame over the cap',
    (there) => there.write(Buffer.from([0, 0, 4, 1])),
    { code: 'frame-too-large', byteLength: 1025, maxBytes: 1024 },
  ],
  [
    'brackets that nest too deep',
    (there) => there.write(encodeFrame('['.repeat(11))),
    { code: 'too-deep', maxDepth: 10 },
  ],
  ['bytes that are not UTF-8', (there) => there.write(Buffer.from([0, 0, 0, 1, 0xff])), { code: 'frame-not-utf8' }],
  [
    'an end inside a frame',
    (there) => there.end(Buffer.from([0, 0, 0, 1])),
    { code: 'frame-cut-short', missingBytes: 1 },
  ],
  ['an end', (there) => there.end(), { code: 'link-lost' }],
  ...[
    null,
    [],
    {},
    { type: 'shout' },
    { ...ask(1), id: -1 },
    { ...ask(1), timeoutMs: '1' },
    { ...ask(1), meta: { key: 1 } },
    ask({ $n: '01' }),
    ask({ $n: '1', other: 1 }),
    ask({ $b: '%' }),
    ask({ $x: '' }),
    ask([{ $r: 1 }]),
    { type: 'failure', id: 0, code: 'whatever', path: '/server' },
    { type: 'ended', path: '/server', code: 1 },
  ].map((packet): [string, (there: Duplex) => void, LinkEnd] => [
    `the packet ${JSON.stringify(packet)}`,
    (there) => there.write(encodeFrame(JSON.stringify(packet))),
    { code: 'packet-malformed' },
  ]),
  [
    'a property named __proto__',
    (there) => there.write(encodeFrame(JSON.stringify(ask(1)).replace('"request":1', '"request":{"__proto__":{}}'))),
    { code: 'packet-malformed' },
  ],
]

for (const [what, attack, end] of attacks) {
  test(`pipe transport — ${what} ends it with ${end.code}`, async (t) => {
    const { transport, there } = attacked({ maxFrameBytes: 1024, maxDepth: 10 })
    attack(there)
    t.deepEqual(await transport.ended, end)
  })
}

test('pipe transport — brackets inside strings do not count as nesting', async (t) => {
  const { transport, there } = attacked({ maxDepth: 3 })
  const other = pipeTransport(there, { system: createActorSystem<never>() })
  const value = '[[[[\\"{{{{'
  t.deepEqual(await other.ref<Protocol>('/server').ask('echo', value), { ok: true, value })
  transport.close()
})

test('pipe transport — what was not exposed cannot be reached', async (t) => {
  const [here, there] = duplexPair()
  const system = createActorSystem<never>()
  system.spawn<Protocol>('server', () => ({ handlers: { echo: (value) => value } }))
  pipeTransport(there, { system })
  const ref: ActorRef<Protocol> = pipeTransport(here, { system: createActorSystem<never>() }).ref('/server')
  t.like(await ref.ask('echo', 1), { ok: false, error: { code: 'actor-stopped' } })
})

test('pipe transport — one that is not read from refuses requests rather than keep them all', async (t) => {
  const [here] = duplexPair()
  const system = createActorSystem<never>()
  const dropped: string[] = []
  system.reports.subscribe((report) => void (report.type === 'message-dropped' && dropped.push(report.cause)))
  const transport = pipeTransport(here, { system, maxBufferedBytes: 100_000 })
  const ref: ActorRef<Protocol> = transport.ref('/server')
  const text = 'x'.repeat(1000)
  for (let i = 0; i < 300; i++) ref.tell('echo', text)
  t.true(dropped.length > 190)
  t.true(dropped.every((cause) => cause === 'mailbox-full'))
  t.like(await ref.ask('echo', text), { ok: false, error: { code: 'mailbox-full' } })
  t.true(here.writableLength < 110_000)
  transport.close()
})

test('pipe transport — who asks without reading the answers is no longer listened to, until it reads', async (t) => {
  const [here, there] = duplexPair({ highWaterMark: 1000 })
  const system = createActorSystem<never>()
  let handled = 0
  system.spawn<Protocol>('server', () => ({
    handlers: {
      echo: (value) => {
        handled += 1
        return value
      },
    },
  }))
  const transport = pipeTransport(here, { system, expose: (path) => system.find(path), maxBufferedBytes: 50_000 })
  const text = 'x'.repeat(1000)
  const total = 400
  for (let sent = 1; sent <= total; sent++) {
    there.write(encodeFrame(JSON.stringify({ ...ask(text), id: sent })))
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.true(handled < 100, `${handled} handled`)
  there.resume()
  await until(() => handled === total)
  transport.close()
})
