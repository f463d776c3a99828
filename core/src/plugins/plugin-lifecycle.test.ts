import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { systemClock } from '../lib/clock.ts'
import { HEARTBEAT_MS, type PluginHostOptions } from './plugin-host.ts'
import { MemoryStore } from './testing/fake-node.ts'
import { type PluginSource, type TestHost, testHost } from './testing/test-host.ts'

const question = {
  fundingSat: 1n,
  pushMsat: 1n,
  dustLimitSat: 1n,
  channelReserveSat: 1n,
  htlcMinimumMsat: 1n,
  maxHtlcValueInFlightMsat: 1n,
} as never

const moved = {
  channelId: '00'.repeat(32),
  peer: `02${'11'.repeat(32)}`,
  capacitySat: 9n,
  localMsat: 1n,
  remoteMsat: 1n,
  spendableMsat: 1n,
  receivableMsat: 1n,
  htlcsInFlight: 0,
} as never

const guard = (name: string): PluginSource => ({
  name,
  code: `import { definePlugin } from '@fulgurite/plugin-sdk'
    export default definePlugin(({ hooks }) => { hooks.on('channel.accept', () => ({ type: 'accept' })) })`,
  manifest: { permissions: { hooks: { 'channel.accept': { verdicts: ['accept', 'reject'] } } } },
})

/** A host, and how many runs of each plugin have begun that have not ended. */
const counted = async (
  t: ExecutionContext,
  options: Partial<PluginHostOptions> = {},
): Promise<TestHost & { readonly runs: (name: string) => number }> => {
  const running = new Map<string, number>()
  const host = await testHost({
    ...options,
    onNotice: ({ name }, { type }) => {
      const change = type === 'plugin.started' ? 1 : type === 'plugin.stopped' ? -1 : 0
      running.set(name, (running.get(name) ?? 0) + change)
    },
  })
  t.teardown(() => host.close())
  return { ...host, runs: (name) => running.get(name) ?? 0 }
}

test('a plugin — that is restarted twice at once runs once', async (t) => {
  const { host, install, runs } = await counted(t)
  await install(guard('guard'))
  const [first, second] = await Promise.all([host.restart('guard'), host.restart('guard')])
  t.true(first.ok && second.ok)
  t.is(runs('guard'), 1)
})

test('a plugin — starts although the node asks for a sign of life while what the plugin has kept is read', async (t) => {
  const beats: (() => void)[] = []
  const clock: typeof systemClock = {
    ...systemClock,
    setTimer(delayMs, fire) {
      if (delayMs !== HEARTBEAT_MS) return systemClock.setTimer(delayMs, fire)
      beats.push(fire)
      return () => {}
    },
  }
  class Reading extends MemoryStore {
    override list(...query: Parameters<MemoryStore['list']>): ReturnType<MemoryStore['list']> {
      for (const beat of beats.splice(0)) beat()
      return super.list(...query)
    }
  }
  const { host, install, runs } = await counted(t, { clock, storage: new Reading() })
  await install(guard('guard'))
  t.true((await host.restart('guard')).ok)
  t.is(runs('guard'), 1)
})

test('a plugin — that is removed while it starts again does not run', async (t) => {
  const { host, install, node, runs } = await counted(t)
  await install(guard('guard'))
  const [, removed] = await Promise.all([host.restart('guard'), host.remove('guard')])
  t.true(removed.ok)
  t.is(runs('guard'), 0)
  t.deepEqual(host.list(), [])
  t.deepEqual(await node.askHook('channel.accept', question), [])
})

test('plugins — that are held back and resumed twice at once run once', async (t) => {
  const first = await counted(t)
  await first.install(guard('guard'))
  await first.host.stop()
  const { host, runs } = await counted(t, { dataDir: first.folder, hold: { code: 'safe-mode', message: 'x' } })
  await Promise.all([host.resume(), host.resume()])
  t.is(runs('guard'), 1)
})

test('a plugin — of which two versions are installed at once runs in one of them, and the other leaves nothing on the disk', async (t) => {
  const { folder, host, write, runs } = await counted(t)
  const sources = ['1.0.0', '2.0.0'].map((version) => {
    const { name, code, manifest } = guard('twice')
    return write({ name: `${name}-${version}`, code, manifest: { ...manifest, name, version } })
  })
  const installed = await Promise.all(sources.map((source) => host.install(source)))
  const [status] = host.list()
  t.is(host.list().length, 1)
  t.true(installed.some((each) => each.ok && each.value.plugin.version === status?.version))
  t.is(runs('twice'), 1)
  const folders = readdirSync(join(folder, 'plugins')).filter((name) => name.startsWith('twice-'))
  t.is(folders.length, 1)
  t.like(await host.restart('twice'), { ok: true, value: { plugin: { state: 'running' }, warnings: [] } })
})

test('what a plugin guards — stays closed while it is restarted', async (t) => {
  const { host, install, line, node } = await counted(t)
  await install(guard('guard'))
  const restarted = host.restart('guard')
  await line('guard', /^stopped: restarted/)
  t.deepEqual(await node.askHook('channel.accept', question), [
    { type: 'no-verdict', plugin: 'guard', code: 'not-running' },
  ] as never)
  t.true((await restarted).ok)
  t.like(await node.askHook('channel.accept', question), [{ type: 'verdict', plugin: 'guard' }])
})

test('what a plugin guards — stays closed when plugins are stopped since what they spend cannot be kept', async (t) => {
  const { host, install, line, node, store } = await counted(t)
  await install(guard('guard'))
  await install({
    name: 'asker',
    code: `import { definePlugin } from '@fulgurite/plugin-sdk'
      export default definePlugin(({ events }) => {
        events.each('act', 'channel.balance-changed', (_, { actors }) =>
          actors.channels.setRelayFees(
            { channelId: '${'00'.repeat(32)}', feeBaseMsat: 1n, feeProportionalMillionths: 1 },
            { reason: { code: 'test' } },
          ))
      })`,
    manifest: {
      permissions: {
        events: { 'channel.balance-changed': {} },
        commands: {
          'channels.setRelayFees': { bounds: { feeBaseMsat: { max: 1 }, feeProportionalMillionths: { max: 1 } } },
        },
      },
      budget: { actions: 10 },
    },
  })
  store.put = () => Promise.reject(new Error('the disk is full'))
  node.emit('channel.balance-changed', moved)
  await line('guard', /^stopped: what it spends cannot be kept/)
  t.like(host.list(), [{ name: 'guard', state: 'stopped' }])
  t.deepEqual(await node.askHook('channel.accept', question), [
    { type: 'no-verdict', plugin: 'guard', code: 'not-running' },
  ] as never)
})

test('plugins — that are installed at the same time are all there, run once each, and are there after a restart', async (t) => {
  const { host, folder, write, runs } = await counted(t)
  const names = Array.from({ length: 6 }, (_, i) => `guard-${i}`)
  const installed = await Promise.all(names.map((name) => host.install(write(guard(name)))))
  t.true(installed.every(({ ok }) => ok))
  t.deepEqual(
    host
      .list()
      .map(({ name }) => name)
      .sort(),
    names,
  )
  t.deepEqual(names.map(runs), [1, 1, 1, 1, 1, 1])
  await host.stop()
  const again = await counted(t, { dataDir: folder })
  t.deepEqual(
    again.host
      .list()
      .map(({ name, state }) => `${name} ${state}`)
      .sort(),
    names.map((name) => `${name} running`),
  )
})

test('plugins — that are installed at the same time have no more room together than one after the other', async (t) => {
  const { host, write } = await counted(t, { limits: { plugins: 2 } })
  const installed = await Promise.all(['a', 'b', 'c'].map((name) => host.install(write(guard(name)))))
  t.is(installed.filter(({ ok }) => ok).length, 2)
  t.deepEqual(
    installed.flatMap((each) => (each.ok ? [] : [each.error.code])),
    ['too-many-plugins'],
  )
})

test('a plugin — that takes its time to start keeps no other waiting, and what is asked of it comes in order', async (t) => {
  const { host, install, write, store, runs } = await counted(t)
  await install(guard('slow'))
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const { list } = store
  store.list = async (prefix, page) => {
    if (prefix.includes('/slow/')) await released
    return list.call(store, prefix, page)
  }
  const asked: string[] = []
  const restarts = [1, 2].map((n) => host.restart('slow').finally(() => asked.push(`restart ${n}`)))
  const removed = host.remove('slow').finally(() => asked.push('remove'))
  t.true((await host.install(write(guard('quick')))).ok)
  t.true((await host.restart('quick')).ok)
  t.deepEqual(asked, [])
  release()
  await Promise.all([...restarts, removed])
  t.deepEqual(asked, ['restart 1', 'restart 2', 'remove'])
  t.is(runs('slow'), 0)
  t.deepEqual(
    host.list().map(({ name }) => name),
    ['quick'],
  )
})

test('a plugin — that faults again and again is gone once it is removed, whatever was to be started', async (t) => {
  const { host, install, line, lines } = await counted(t, {
    restart: { firstMs: 1, maxMs: 1, maxFaults: 50, windowMs: 3_600_000 },
  })
  await install({
    name: 'faulty',
    code: `import { definePlugin } from '@fulgurite/plugin-sdk'
      export default definePlugin(() => { setTimeout(() => { for (;;); }, 1) })`,
    manifest: { limits: { turnMs: 50 } },
  })
  await line('faulty', /started again in 1 ms/)
  await Promise.all([host.restart('faulty'), host.restart('faulty'), host.remove('faulty')])
  t.deepEqual(host.list(), [])
  const before = lines.length
  await install(guard('later'))
  t.deepEqual(
    lines.slice(before).filter(({ plugin }) => plugin === 'faulty'),
    [],
  )
})
