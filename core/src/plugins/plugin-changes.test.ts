import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { PluginHostOptions } from './plugin-host.ts'
import { type PluginSource, type TestHost, testHost } from './testing/test-host.ts'

const hosted = async (t: ExecutionContext, options: Partial<PluginHostOptions> = {}): Promise<TestHost> => {
  const host = await testHost(options)
  t.teardown(() => host.close())
  return host
}

const question = {
  fundingSat: 1n,
  pushMsat: 1n,
  dustLimitSat: 1n,
  channelReserveSat: 1n,
  htlcMinimumMsat: 1n,
  maxHtlcValueInFlightMsat: 1n,
} as never

const plugin = (name: string, setup: string, manifest: object = {}): PluginSource => ({
  name,
  code: `import { definePlugin } from '@fulgurite/plugin-sdk'
    export default definePlugin(({ log, config, hooks, store }) => { ${setup} })`,
  manifest: manifest as Record<string, unknown>,
})

const guard = plugin('guard', "hooks.on('channel.accept', () => ({ type: 'accept' }))", {
  permissions: { hooks: { 'channel.accept': { verdicts: ['accept'] } } },
})

const tuned = plugin(
  'tuned',
  "if (config.mode === 'broken') throw new Error('broken mode'); log.info('runs with', config)",
  {
    config: {
      type: 'object',
      properties: {
        mode: { type: 'string', enum: ['calm', 'brisk', 'broken'], default: 'calm' },
        max: { type: 'integer', minimum: 1, maximum: 9, default: 3 },
      },
    },
  },
)

test('configure — changes what is named, runs the plugin with it, and keeps it over restarts of the node', async (t) => {
  const host = await hosted(t)
  await host.install(tuned, { max: 5 })
  t.like(await host.host.configure('tuned', { mode: 'brisk' }), {
    ok: true,
    value: { config: { mode: 'brisk', max: 5 }, plugin: { state: 'running' } },
  })
  t.truthy(await host.line('tuned', /^runs with {"mode":"brisk","max":5}$/))
  t.like(await host.host.configure('tuned', { max: null }), { ok: true, value: { config: { mode: 'brisk', max: 3 } } })
  await host.host.stop()
  const again = await hosted(t, { dataDir: host.folder })
  t.truthy(await again.line('tuned', /^runs with {"mode":"brisk","max":3}$/))
})

test('configure — names the setting that is wrong, and changes nothing', async (t) => {
  const host = await hosted(t)
  await host.install(tuned)
  const before = host.lines.length
  for (const [config, field] of [
    [{ mode: 'wild' }, 'config.mode'],
    [{ max: 10 }, 'config.max'],
    [{ min: 1 }, 'config.min'],
  ] as const) {
    t.like(await host.host.configure('tuned', config), { error: { code: 'config-invalid', field } })
  }
  t.is(host.lines.length, before)
  t.like(await host.host.configure('nobody', {}), { error: { code: 'plugin-not-found' } })
})

test('configure — goes back to the settings from before where the plugin does not start with others', async (t) => {
  const host = await hosted(t)
  await host.install(tuned)
  const failed = await host.host.configure('tuned', { mode: 'broken' })
  t.like(failed, { error: { code: 'start-failed' } })
  t.regex(failed.ok ? '' : failed.error.message, /broken mode.*Those from before are back$/s)
  t.like(host.host.list(), [{ state: 'running' }])
  t.like(await host.host.configure('tuned', {}), { ok: true, value: { config: { mode: 'calm', max: 3 } } })
})

test('disable — holds over restarts of the node, guards nothing, and keeps what was stored; enable undoes it', async (t) => {
  const host = await hosted(t)
  await host.install(guard)
  t.like(await host.node.askHook('channel.accept', question), [{ type: 'verdict' }])
  t.like(await host.host.disable('guard'), { ok: true, value: { state: 'disabled' } })
  t.deepEqual(await host.node.askHook('channel.accept', question), [])
  t.like(await host.host.restart('guard'), { error: { code: 'plugin-disabled' } })
  t.like(await host.host.disable('guard'), { ok: true, value: { state: 'disabled' } })
  await host.host.stop()

  const again = await hosted(t, { dataDir: host.folder })
  t.like(again.host.list(), [{ name: 'guard', state: 'disabled' }])
  t.deepEqual(again.host.list()[0]?.permissions[0], 'answers channel.accept with accept')
  t.deepEqual(await again.node.askHook('channel.accept', question), [])
  t.like(await again.host.enable('guard'), { ok: true, value: { state: 'running' } })
  t.like(await again.host.enable('guard'), { ok: true, value: { state: 'running', restarts: 0 } })
  t.like(await again.node.askHook('channel.accept', question), [{ type: 'verdict' }])
  await again.host.stop()

  const third = await hosted(t, { dataDir: host.folder })
  t.like(third.host.list(), [{ state: 'running' }])
  t.like(await third.host.enable('nobody'), { error: { code: 'plugin-not-found' } })
  t.like(await third.host.disable('nobody'), { error: { code: 'plugin-not-found' } })
})

test('disable — a disabled plugin can be configured and replaced, and runs no sooner for it', async (t) => {
  const host = await hosted(t)
  await host.install(tuned)
  await host.host.disable('tuned')
  t.like(await host.host.configure('tuned', { max: 4 }), { ok: true, value: { plugin: { state: 'disabled' } } })
  const next = host.write({ ...tuned, manifest: { ...tuned.manifest, version: '2.0.0' } })
  t.like(await host.propose(next), { ok: true, value: { plugin: { state: 'disabled', version: '2.0.0' } } })
  t.like(await host.host.enable('tuned'), { ok: true, value: { state: 'running' } })
  t.truthy(await host.line('tuned', /^runs with {"mode":"calm","max":4}$/))
})

test('inspect — tells all of a plugin that runs, and what is left of one whose files were changed', async (t) => {
  const host = await hosted(t)
  const manifest = { ...tuned.manifest, publisher: 'somebody', budget: { feesMsat: 5 } }
  await host.install({ ...tuned, manifest }, { max: 5 })
  const inspected = await host.host.inspect('tuned')
  t.like(inspected, {
    ok: true,
    value: {
      plugin: { name: 'tuned', state: 'running' },
      publisher: 'somebody',
      settings: { max: 5 },
      config: { mode: 'calm', max: 5 },
      manifest: { name: 'tuned', budget: { feesMsat: 5 } },
      budget: { limitFeesMsat: 5n, usedFeesMsat: 0n, usedActions: 0, limitActions: 10_000, windowMs: 86_400_000 },
    },
  })
  if (!inspected.ok) return
  const { source, digest, account } = inspected.value
  t.true(source.endsWith('/tuned'))
  t.regex(digest, /^sha256-[0-9a-f]{64}$/)
  t.true((account.find(({ kind, place }) => kind === 'bundle' && place === 'memory')?.bytes ?? 0) > 0)
  await host.host.stop()
  const lock = JSON.parse(readFileSync(join(host.folder, 'plugins', 'plugins.lock.json'), 'utf8'))
  writeFileSync(join(host.folder, 'plugins', lock.plugins[0].folder, 'plugin.js'), '// other')
  const again = await hosted(t, { dataDir: host.folder })
  const less = await again.host.inspect('tuned')
  t.like(less, { ok: true, value: { plugin: { state: 'failed' }, digest, settings: { max: 5 } } })
  t.false(less.ok && 'manifest' in less.value)
  t.like(await again.host.inspect('nobody'), { error: { code: 'plugin-not-found' } })
})

test('restart — runs what is installed, and says where the folder holds something else and how to put that in', async (t) => {
  const host = await hosted(t)
  await host.install(plugin('edited', "log.info('as installed')"))
  t.like(await host.host.restart('edited'), { ok: true, value: { warnings: [] } })
  const path = host.write(plugin('edited', "log.info('as edited')"))
  const restarted = await host.host.restart('edited')
  t.like(restarted, { ok: true, value: { plugin: { state: 'running' } } })
  t.deepEqual(restarted.ok ? restarted.value.warnings : [], [
    `edited 1.0.0 runs as it was installed; ${path} holds something else by now: fulgurite plugins install ${path} puts that in its place`,
  ])
  t.is(host.lines.filter(({ text }) => text === 'as installed').length, 3)
  t.false(host.lines.some(({ text }) => text === 'as edited'))
  writeFileSync(join(path, 'index.ts'), 'const x = ;')
  const broken = await host.host.restart('edited')
  t.regex(broken.ok ? (broken.value.warnings[0] ?? '') : '', /its folder cannot be read: index\.ts:1: /)
  t.is(readFileSync(join(path, 'index.ts'), 'utf8'), 'const x = ;')
})

test('install — says what is wrong with a manifest, and that it was written for another contract', async (t) => {
  const host = await hosted(t)
  const wrong = plugin('wrong', '', { limits: { memryMb: 64 } })
  t.like(await host.propose(host.write(wrong)), { error: { code: 'manifest-invalid', field: 'limits.memryMb' } })
  const other = plugin('other', '', { contract: '^9.0.0' })
  t.like(await host.propose(host.write(other)), { error: { code: 'contract-mismatch', field: 'contract' } })
  t.deepEqual(host.host.list(), [])
})

test('retryParked — is refused while the plugin does not run', async (t) => {
  const host = await hosted(t)
  await host.install(tuned)
  await host.host.disable('tuned')
  t.like(await host.host.retryParked('tuned'), { error: { code: 'plugin-not-running' } })
})
