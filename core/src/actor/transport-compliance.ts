import test, { type ExecutionContext } from 'ava'
import { type VirtualClock, virtualClock } from '../lib/clock-virtual.ts'
import { until } from '../lib/fixtures/until.ts'
import { type ActorSystem, createActorSystem } from './actor-system.ts'
import type { ActorRef, ActorReport, EndReason, Meta, Protocol, Transport } from './types.ts'

/** Two sides of one transport, as a test sees them. */
export interface TransportRig {
  readonly clock: VirtualClock
  readonly client: ActorSystem<never>
  readonly server: ActorSystem<never>
  readonly serverReports: readonly ActorReport[]
  /** Leads from the client to the server, where every actor can be reached. */
  readonly transport: Transport
}

/** Connects two systems; one system may be both. Returns the client's end. */
export type ConnectTransport = (
  client: ActorSystem<never>,
  server: ActorSystem<never>,
) => { readonly transport: Transport; readonly server: ActorSystem<never> }

export const transportRig = (connect: ConnectTransport): TransportRig => {
  const clock = virtualClock()
  const client = createActorSystem<never>({ clock })
  const { transport, server } = connect(client, createActorSystem<never>({ clock }))
  const serverReports: ActorReport[] = []
  server.reports.subscribe((report) => void serverReports.push(report))
  return { clock, client, server, serverReports, transport }
}

type Server = {
  echo: { request: unknown; reply: unknown }
  meta: { request: null; reply: Meta }
  note: { request: number; reply: null }
  notes: { request: null; reply: readonly number[] }
  crash: { request: null; reply: null }
  never: { request: null; reply: null }
  greet: { request: ActorRef<Greeter>; reply: string }
  keep: { request: ActorRef<Protocol>; reply: ActorRef<Protocol> }
}

type Greeter = { greeting: { request: { from: string }; reply: string } }

const spawnServer = (system: ActorSystem<never>): void => {
  const notes: number[] = []
  system.spawn<Server>(
    'server',
    () => ({
      handlers: {
        echo: (value) => value,
        meta: (_, { meta }) => meta,
        note: (value) => {
          notes.push(value)
          return null
        },
        notes: () => [...notes],
        crash: () => {
          throw new Error('something secret')
        },
        never: () => new Promise(() => {}),
        greet: async (greeter) => {
          const greeted = await greeter.ask('greeting', { from: 'server' })
          return greeted.ok ? greeted.value : greeted.error.code
        },
        keep: (ref) => ref,
      },
    }),
    {
      commandCapacity: 2,
      lanes: { echo: 'priority', note: 'peer', notes: 'peer', meta: 'priority' },
      supervision: { type: 'restart', minBackoffMs: 1000, maxBackoffMs: 1000, resetAfterMs: 0 },
    },
  )
}

/** What every transport does alike. Each file that calls it tests one transport. */
export const testTransport = (name: string, connect: ConnectTransport): void => {
  const setUp = (t: ExecutionContext) => {
    const rig = transportRig(connect)
    t.teardown(() => rig.transport.close())
    spawnServer(rig.server)
    return { ...rig, ref: rig.transport.ref<Server>('/server') }
  }

  test(`${name} — an ask carries plain data there and back`, async (t) => {
    const { ref } = setUp(t)
    t.is(ref.path, '/server')
    const values = [
      null,
      undefined,
      0,
      -1.5,
      'text with "quotes" and \u{1f600}',
      true,
      12345678901234567890n,
      -1n,
      Uint8Array.of(0, 255, 1),
      [],
      [1, [2n, [undefined, null]]],
      { a: { b: [{ c: Uint8Array.of(9) }] }, $n: '1', $: 0, $$x: { $r: '/server' } },
    ]
    for (const value of values) t.deepEqual(await ref.ask('echo', value), { ok: true, value })
  })

  test(`${name} — what is told arrives once and in order, before what is asked later in the same lane`, async (t) => {
    const { ref } = setUp(t)
    const sent = Array.from({ length: 1000 }, (_, i) => i)
    for (const value of sent) ref.tell('note', value)
    t.deepEqual(await ref.ask('notes', null), { ok: true, value: sent })
  })

  test(`${name} — meta reaches the handler`, async (t) => {
    const { ref } = setUp(t)
    const meta = { reason: { code: 'why', text: 'because' }, causes: ['1', '2'], key: 'k' }
    t.deepEqual(await ref.ask('meta', null, { meta }), { ok: true, value: meta })
    t.deepEqual(await ref.ask('meta', null), { ok: true, value: {} })
  })

  test(`${name} — a handler that throws is answered handler-failed, without what it threw`, async (t) => {
    const { ref, serverReports } = setUp(t)
    t.deepEqual(await ref.ask('crash', null), { ok: false, error: { code: 'handler-failed', path: '/server' } })
    t.like(serverReports, [{ type: 'actor-faulted', path: '/server', command: 'crash' }])
  })

  test(`${name} — a full mailbox answers mailbox-full, and what it holds is handled in the end`, async (t) => {
    const { ref, clock } = setUp(t)
    await ref.ask('crash', null)
    // The server is about to restart and handles nothing for a second; its command lane holds two.
    const kept = [ref.ask('keep', ref as never), ref.ask('keep', ref as never)]
    const refused = await ref.ask('keep', ref as never)
    t.deepEqual(refused, { ok: false, error: { code: 'mailbox-full', path: '/server' } })
    await clock.advance(1000)
    for (const each of kept) t.true((await each).ok)
  })

  test(`${name} — an unknown command is answered so`, async (t) => {
    const { ref } = setUp(t)
    const answer = await (ref as unknown as ActorRef<Protocol>).ask('toString', null)
    t.deepEqual(answer, { ok: false, error: { code: 'unknown-command', path: '/server', command: 'toString' } })
  })

  test(`${name} — nobody at the path: asks are answered actor-stopped, and a watch fires`, async (t) => {
    const { transport } = setUp(t)
    const nobody = transport.ref<Server>('/nobody')
    nobody.tell('note', 1)
    t.deepEqual(await nobody.ask('notes', null), { ok: false, error: { code: 'actor-stopped', path: '/nobody' } })
    const ends: EndReason[] = []
    nobody.watch((reason) => void ends.push(reason))
    await until(() => ends.length > 0)
    t.deepEqual(ends, [{ code: 'stopped' }])
  })

  test(`${name} — an ask past its deadline is answered ask-timeout`, async (t) => {
    const { ref, clock } = setUp(t)
    const asked = ref.ask('never', null, { timeoutMs: 700 })
    await ref.ask('notes', null)
    await clock.advance(700)
    t.deepEqual(await asked, { ok: false, error: { code: 'ask-timeout', path: '/server', timeoutMs: 700 } })
  })

  test(`${name} — a watch fires once when the actor ends, unless it was given up`, async (t) => {
    const { ref, server } = setUp(t)
    const ends: string[] = []
    ref.watch(({ code }) => void ends.push(`a ${code}`))
    ref.watch(({ code }) => void ends.push(`b ${code}`))()
    ref.watch(() => {
      throw new Error('a careless watcher')
    })
    ref.watch(({ code }) => void ends.push(`c ${code}`))
    await ref.ask('notes', null)
    const inFlight = ref.ask('never', null)
    await ref.ask('notes', null)
    await server.stopActor('/server')
    t.deepEqual(await inFlight, { ok: false, error: { code: 'actor-stopped', path: '/server' } })
    await until(() => ends.length === 2)
    t.deepEqual(ends, ['a stopped', 'c stopped'])
    t.deepEqual(await ref.ask('notes', null), { ok: false, error: { code: 'actor-stopped', path: '/server' } })
  })

  test(`${name} — a ref sent in a message leads back to its actor`, async (t) => {
    const { ref, client } = setUp(t)
    const greeter = client.spawn<Greeter>('greeter', () => ({
      handlers: { greeting: ({ from }) => `hello ${from}` },
    }))
    t.deepEqual(await ref.ask('greet', greeter), { ok: true, value: 'hello server' })
  })

  test(`${name} — a ref that has been there and back is the same address`, async (t) => {
    const { ref, client } = setUp(t)
    const greeter = client.spawn<Greeter>('greeter', () => ({
      handlers: { greeting: ({ from }) => `hello ${from}` },
    }))
    const own = await ref.ask('keep', greeter as never)
    t.is(own.ok && own.value, greeter as never)
    const theirs = await ref.ask('keep', ref as never)
    if (!theirs.ok) return t.fail()
    t.is(theirs.value.path, '/server')
    t.deepEqual(await theirs.value.ask('echo', 'x'), { ok: true, value: 'x' })
  })

  test(`${name} — closed, it answers actor-stopped to what is in flight and to come, and its watches fire`, async (t) => {
    const { ref, transport, clock } = setUp(t)
    const ends: string[] = []
    ref.watch(({ code }) => void ends.push(code))
    const inFlight = ref.ask('never', null)
    await ref.ask('notes', null)
    transport.close()
    const stopped = { ok: false, error: { code: 'actor-stopped', path: '/server' } } as const
    t.deepEqual(await inFlight, stopped)
    t.deepEqual(await ref.ask('notes', null), stopped)
    ref.tell('note', 1)
    ref.watch(({ code }) => void ends.push(code))
    t.deepEqual(ends, ['link-lost', 'link-lost'])
    t.deepEqual(await transport.ended, { code: 'closed' })
    await clock.advance(60_000)
    t.is(clock.nextTimerAt(), undefined)
  })
}
