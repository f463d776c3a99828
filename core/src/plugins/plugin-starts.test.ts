import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { type TestHost, testHost } from './testing/test-host.ts'

const question = {
  fundingSat: 1n,
  pushMsat: 1n,
  dustLimitSat: 1n,
  channelReserveSat: 1n,
  htlcMinimumMsat: 1n,
  maxHtlcValueInFlightMsat: 1n,
} as never

const guard = {
  name: 'guard',
  code: `import { definePlugin } from '@fulgurite/plugin-sdk'
    export default definePlugin(({ hooks }) => { hooks.on('channel.accept', () => ({ type: 'accept' })) })`,
  manifest: { permissions: { hooks: { 'channel.accept': { verdicts: ['accept', 'reject'] } } } },
}

const watcher = {
  name: 'watcher',
  code: `import { definePlugin } from '@fulgurite/plugin-sdk'
    export default definePlugin(() => {})`,
}

/** A data folder with a guard and another plugin installed, and hosts that are closed in the end. */
const installed = async (t: ExecutionContext): Promise<TestHost> => {
  const first = await testHost()
  t.teardown(() => first.close())
  await first.install(guard)
  await first.install(watcher)
  await first.host.stop()
  return first
}

const again = async (t: ExecutionContext, { folder }: TestHost, options = {}, whole = true): Promise<TestHost> => {
  const host = await testHost({ dataDir: folder, ...options }, whole)
  t.teardown(() => host.close())
  return host
}

const NOT_RUNNING = { type: 'no-verdict', code: 'not-running' }

test('a start — waits for what guards something, and for nothing else', async (t) => {
  const { host, node } = await again(t, await installed(t), {}, false)
  t.like(host.list(), [
    { name: 'guard', state: 'running' },
    { name: 'watcher', state: 'starting' },
  ])
  t.like(await node.askHook('channel.accept', question), [{ type: 'verdict', plugin: 'guard' }])
  await host.startOthers()
  t.like(host.list(), [{ state: 'running' }, { state: 'running' }])
})

test('a start — that the node ends meanwhile starts nothing more', async (t) => {
  const { host, lines } = await again(t, await installed(t), {}, false)
  const others = host.startOthers()
  await host.stop()
  await others
  t.false(lines.some(({ plugin, text }) => plugin === 'watcher' && text === 'running'))
})

test('held plugins — none is started, what they guard stays closed, and resume starts them', async (t) => {
  const first = await installed(t)
  const hold = { code: 'safe-mode', message: 'the node ended early' } as const
  const { host, node, lines } = await again(t, first, { hold })
  t.like(host.list(), [
    { name: 'guard', state: 'held', lastFault: 'safe-mode: the node ended early' },
    { name: 'watcher', state: 'held' },
  ])
  t.deepEqual(lines, [])
  // What a person is told to look into can be looked into.
  const logs = host.logs('guard')
  t.true(logs.ok && logs.value.lines.some(({ text }) => text === 'running'))
  t.deepEqual(host.held, hold)
  t.deepEqual(await node.askHook('channel.accept', question), [{ ...NOT_RUNNING, plugin: 'guard' }] as never)
  t.like(await host.resume(), { ok: true, value: [{ state: 'running' }, { state: 'running' }] })
  t.is(host.held, undefined)
  t.like(await node.askHook('channel.accept', question), [{ type: 'verdict', plugin: 'guard' }])
})

test('held plugins — one can be taken off meanwhile, and then is not started', async (t) => {
  const first = await installed(t)
  const { host } = await again(t, first, { hold: { code: 'safe-mode', message: 'x' } })
  t.true((await host.remove('guard')).ok)
  t.like(await host.resume(), { ok: true, value: [{ name: 'watcher', state: 'running' }] })
})

test('hold — says nothing where no plugin is installed', async (t) => {
  const { host } = await testHost({ hold: { code: 'safe-mode', message: 'x' } })
  t.teardown(() => host.stop())
  t.is(host.held, undefined)
})

test('a damaged lock file — every hook stays closed, nothing is overwritten, and resume goes on when it is whole', async (t) => {
  const first = await installed(t)
  const path = join(first.folder, 'plugins', 'plugins.lock.json')
  const whole = readFileSync(path, 'utf8')
  const damaged = whole.slice(0, whole.length / 2)
  writeFileSync(path, damaged)
  const { host, node, write } = await again(t, first)
  t.is(host.held?.code, 'lock-file-damaged')
  t.deepEqual(await node.askHook('channel.accept', question), [
    { ...NOT_RUNNING, plugin: 'lock-file', onFailure: 'closed' },
  ] as never)
  t.like(await host.install(write(watcher)), { error: { code: 'lock-file-damaged' } })
  t.like(await host.resume(), { error: { code: 'lock-file-damaged' } })
  t.is(readFileSync(path, 'utf8'), damaged)
  writeFileSync(path, whole)
  t.like(await host.resume(), { ok: true, value: [{ state: 'running' }, { state: 'running' }] })
  t.like(await node.askHook('channel.accept', question), [{ type: 'verdict', plugin: 'guard' }])
})
