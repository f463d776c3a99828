import { MessageChannel, Worker } from 'node:worker_threads'
import test from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { until } from '../lib/fixtures/until.ts'
import { createActorSystem } from './actor-system.ts'
import { type ConnectTransport, testTransport, transportRig } from './fixtures/transport-compliance.ts'
import type { ActorRef, ActorReport, EndReason, Protocol } from './types.ts'
import { workerTransport } from './worker-transport.ts'

const connect: ConnectTransport = (client, server) => {
  const { port1, port2 } = new MessageChannel()
  workerTransport(port2, { system: server, expose: (path) => server.find(path) })
  return { transport: workerTransport(port1, { system: client }), server }
}

testTransport('worker transport', connect)

test('worker transport — an actor in a thread is asked like any other, and its watch fires when the thread ends', async (t) => {
  const { port1, port2 } = new MessageChannel()
  const here = new URL('.', import.meta.url)
  const code = `
    const { workerData } = await import('node:worker_threads')
    const { createActorSystem } = await import('${new URL('actor-system.ts', here)}')
    const { workerTransport } = await import('${new URL('worker-transport.ts', here)}')
    const system = createActorSystem()
    system.spawn('squares', () => ({ handlers: { square: (n) => n * n } }))
    workerTransport(workerData, { system, expose: (path) => system.find(path) })
  `
  const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), {
    workerData: port2,
    transferList: [port2],
    execArgv: ['--conditions=fulgurite-source', '--disable-warning=ExperimentalWarning'],
  })
  const system = createActorSystem<never>()
  const transport = workerTransport(port1, { system })
  const squares = transport.ref<{ square: { request: bigint; reply: bigint } }>('/squares')
  t.deepEqual(await squares.ask('square', 12n), { ok: true, value: 144n })
  const ended = new Promise<EndReason>((resolve) => void squares.watch(resolve))
  await worker.terminate()
  t.deepEqual(await ended, { code: 'link-lost' })
  t.deepEqual(await transport.ended, { code: 'link-lost' })
  t.like(await squares.ask('square', 1n), { ok: false, error: { code: 'actor-stopped' } })
})

test('worker transport — columns of numbers cross, and shared memory is the same on both sides', async (t) => {
  const { server, transport } = transportRig(connect)
  t.teardown(() => transport.close())
  const columns = { shared: new Float64Array(new SharedArrayBuffer(16)), own: Uint32Array.of(1, 2) }
  server.spawn<Protocol>('server', () => ({
    handlers: {
      write: (request) => {
        const { shared, own } = request as typeof columns
        shared[1] = own[1] as number
        own[0] = 7
        return own
      },
    },
  }))
  const ref: ActorRef<Protocol> = transport.ref('/server')
  t.deepEqual(await ref.ask('write', columns), { ok: true, value: Uint32Array.of(7, 2) })
  t.deepEqual([...columns.shared], [0, 2])
  t.deepEqual([...columns.own], [1, 2])
})

test('worker transport — what is no packet ends it', async (t) => {
  const { port1, port2 } = new MessageChannel()
  const transport = workerTransport(port1, { system: createActorSystem<never>() })
  port2.postMessage({ type: 'ask', id: 'one' })
  t.deepEqual(await transport.ended, { code: 'packet-malformed' })
})

test('worker transport — what is not plain data is not sent: the ask fails, the tell is dropped, both are reported', async (t) => {
  const { client, server, transport } = transportRig(connect)
  const reports: ActorReport[] = []
  client.reports.subscribe((report) => void reports.push(report))
  server.spawn<Protocol>('server', () => ({ handlers: { bad: () => () => {}, good: () => 1 } }))
  const ref: ActorRef<Protocol> = transport.ref('/server')
  const failed = { ok: false, error: { code: 'handler-failed', path: '/server' } } as const
  for (const value of [() => {}, new Map(), Number.NaN, Symbol('s')]) t.deepEqual(await ref.ask('good', value), failed)
  const circle: unknown[] = []
  circle.push(circle)
  ref.tell('good', circle)
  t.is(reports.length, 5)
  t.like(reports[4], { type: 'message-dropped', path: '/server', command: 'good', cause: 'not-encodable' })
  t.deepEqual(await ref.ask('bad', null), failed)
  t.deepEqual(await ref.ask('good', null), { ok: true, value: 1 })
  transport.close()
})

test('worker transport — past the asks that may be in flight more are answered mailbox-full, on either side', async (t) => {
  const { port1, port2 } = new MessageChannel()
  const system = createActorSystem<never>({ clock: virtualClock() })
  const server = createActorSystem<never>({ clock: virtualClock() })
  server.spawn<Protocol>('server', () => ({ handlers: { never: () => new Promise(() => {}) } }))
  workerTransport(port2, { system: server, expose: (path) => server.find(path), maxAsks: 1 })
  const transport = workerTransport(port1, { system, maxAsks: 2 })
  const ref: ActorRef<Protocol> = transport.ref('/server')
  const codes: string[] = []
  for (const name of ['a', 'b', 'c']) {
    void ref.ask('never', null).then((result) => codes.push(`${name} ${result.ok ? 'ok' : result.error.code}`))
  }
  await until(() => codes.length === 2)
  t.deepEqual(codes, ['c mailbox-full', 'b mailbox-full'])
  transport.close()
  await until(() => codes.length === 3)
  t.is(codes[2], 'a actor-stopped')
})
