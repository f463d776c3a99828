import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { PluginHost, PluginHostOptions } from './plugin-host.ts'
import { type PluginSource, type TestHost, testHost } from './testing/test-host.ts'

const CHANNEL = 'cd'.repeat(32)

const moved = (localMsat: bigint) => ({
  channelId: CHANNEL,
  peer: `02${'ab'.repeat(32)}`,
  fundingIndex: 0,
  capacitySat: 1_000n,
  localMsat,
  remoteMsat: 0n,
  spendableMsat: 0n,
  receivableMsat: 0n,
})

const hosted = async (t: ExecutionContext, options: Partial<PluginHostOptions> = {}): Promise<TestHost> => {
  const host = await testHost(options)
  t.teardown(() => host.close())
  return host
}

/** A version of a plugin, in a folder of its own where that is said. */
const version = (version: string, setup: string, manifest: object = {}): PluginSource => ({
  name: 'grows',
  code: `import { definePlugin } from '@fulgurite/plugin-sdk'
    export default definePlugin(({ events, log, store, config, hooks }) => { ${setup} })`,
  manifest: { ...manifest, version },
})

const follows = (words: string): string => `
  events.each('moves', 'channel.balance-changed', async (move, { store }) => {
    const sum = ((await store.get('sum')) ?? 0n) + move.localMsat
    await store.set('sum', sum)
    log.info('${words}', sum)
  })`

const EVENTS = { permissions: { events: { 'channel.balance-changed': {} } } }
const GUARDS = { permissions: { hooks: { 'channel.accept': { verdicts: ['accept'] } } } }
const ACCEPTS = "hooks.on('channel.accept', () => ({ type: 'accept' }))"

const consentOf = async (asked: ReturnType<PluginHost['install']>): Promise<string> => {
  const outcome = await asked
  if (outcome.ok || outcome.error.code !== 'consent-needed') throw new Error(JSON.stringify(outcome))
  return String(outcome.error.details?.consent)
}

const foldersOf = ({ folder }: TestHost): readonly string[] =>
  readdirSync(join(folder, 'plugins')).filter((name) => name.startsWith('grows-'))

test('install — does nothing without consent, and says what there is to agree to', async (t) => {
  const host = await hosted(t)
  const path = host.write(version('1.0.0', follows('one'), EVENTS))
  const asked = await host.propose(path)
  t.like(asked, { error: { code: 'consent-needed', details: { name: 'grows', version: '1.0.0' } } })
  t.deepEqual(asked.ok ? [] : asked.error.details?.changes, [
    { change: 'new', text: 'hears of channel.balance-changed' },
    { change: 'new', text: 'stores 1 MB at most' },
    { change: 'new', text: 'uses 64 MB of memory at most' },
    { change: 'new', text: 'uses 25 % of a processor at most in the long run' },
  ])
  t.deepEqual(host.host.list(), [])
  t.like(await host.propose(path, { consent: 'sha256-00' }), { error: { code: 'consent-needed' } })
  t.deepEqual(host.host.list(), [])
  const consent = await consentOf(host.propose(path))
  t.like(await host.propose(path, { consent }), { ok: true, value: { plugin: { state: 'running' } } })
})

test('install — what was shown is what is put in, whatever becomes of its folder meanwhile', async (t) => {
  const host = await hosted(t)
  const path = host.write(version('1.0.0', "log.info('as shown')"))
  const consent = await consentOf(host.propose(path))
  host.write(version('1.0.0', "log.info('slipped in')", GUARDS))
  t.true((await host.propose(path, { consent })).ok)
  t.truthy(await host.line('grows', /^as shown$/))
  t.false(host.lines.some(({ text }) => text === 'slipped in'))
  // The consent was for that once: for what the folder has now it is none.
  t.like(await host.propose(path, { consent }), { error: { code: 'consent-needed' } })
  t.false(host.lines.some(({ text }) => text === 'slipped in'))
})

test('install — consent to what is no longer kept does for the same files and for no others', async (t) => {
  const first = await hosted(t)
  const path = first.write(version('1.0.0', "log.info('same')"))
  const consent = await consentOf(first.propose(path))
  const second = await hosted(t)
  t.true((await second.propose(path, { consent })).ok)
  const third = await hosted(t)
  writeFileSync(
    join(path, 'index.ts'),
    "import { definePlugin } from '@fulgurite/plugin-sdk'\nexport default definePlugin(() => {})\n",
  )
  t.like(await third.propose(path, { consent }), { error: { code: 'consent-needed' } })
})

test('upgrade — goes on with what was stored and with what waits, and says what was replaced', async (t) => {
  const host = await hosted(t)
  await host.install(version('1.0.0', follows('one'), EVENTS))
  host.node.emit('channel.balance-changed', moved(5n))
  await host.line('grows', /^one "5"$/)
  const upgraded = await host.propose(host.write(version('1.1.0', follows('two'), EVENTS)))
  t.like(upgraded, {
    ok: true,
    value: { plugin: { version: '1.1.0', state: 'running' }, replaced: '1.0.0', changes: [] },
  })
  host.node.emit('channel.balance-changed', moved(6n))
  t.truthy(await host.line('grows', /^two "11"$/))
  t.is(host.lines.filter(({ text }) => /^two/.test(text)).length, 1)
  t.is(foldersOf(host).length, 1)
})

test('upgrade — a version that asks for more never gets it without consent, and the old one runs on meanwhile', async (t) => {
  const host = await hosted(t)
  await host.install(version('1.0.0', follows('one'), EVENTS))
  const more = version('2.0.0', ACCEPTS, {
    ...GUARDS,
    permissions: { ...GUARDS.permissions, storage: { bytes: 2 << 20 } },
    limits: { memoryMb: 32 },
  })
  const path = host.write(more)
  const asked = await host.propose(path)
  t.deepEqual(asked.ok ? [] : asked.error.details?.changes, [
    { change: 'new', text: 'answers channel.accept with accept' },
    { change: 'raised', text: 'stores 2 MB at most (before: stores 1 MB at most)' },
    {
      change: 'lowered',
      text: 'uses 32 MB of memory at most (before: uses 64 MB of memory at most)',
    },
    { change: 'gone', text: 'hears of channel.balance-changed' },
  ])
  t.like(host.host.list(), [{ version: '1.0.0', state: 'running' }])
  host.node.emit('channel.balance-changed', moved(5n))
  await host.line('grows', /^one "5"$/)
  const consent = await consentOf(host.propose(path))
  t.like(await host.propose(path, { consent }), { ok: true, value: { plugin: { version: '2.0.0' } } })
  // Less than before needs nobody's word.
  t.like(await host.propose(host.write(version('3.0.0', '', { limits: { memoryMb: 32 } }))), {
    value: { plugin: { version: '3.0.0' } },
  })
})

test('upgrade — consent is for the step from what is installed: after another one it has to be given anew', async (t) => {
  const host = await hosted(t)
  await host.install(version('1.0.0', ACCEPTS, GUARDS))
  const more = { ...GUARDS, limits: { memoryMb: 128 } }
  const path = host.write({
    ...version('2.0.0', ACCEPTS, more),
    name: 'grows-2',
    manifest: { ...more, name: 'grows', version: '2.0.0' },
  })
  const consent = await consentOf(host.propose(path))
  // Meanwhile it comes to have less: what was shown as the difference is not what it would be now.
  t.true((await host.propose(host.write(version('1.1.0', '')))).ok)
  t.like(await host.propose(path, { consent }), { error: { code: 'consent-needed' } })
  t.like(host.host.list(), [{ version: '1.1.0' }])
})

test('upgrade — to what does not start goes back to the version from before, with its store and its events', async (t) => {
  const host = await hosted(t)
  await host.install(version('1.0.0', follows('one'), EVENTS))
  host.node.emit('channel.balance-changed', moved(5n))
  await host.line('grows', /^one "5"$/)
  const broken = version('2.0.0', "store.set('sum', 0n); throw new Error('not this one')", EVENTS)
  const failed = await host.propose(host.write(broken))
  t.like(failed, { error: { code: 'start-failed' } })
  t.regex(
    failed.ok ? '' : failed.error.message,
    /^2\.0\.0 did not start: .*not this one.*1\.0\.0 is back in its place$/s,
  )
  t.like(host.host.list(), [{ version: '1.0.0', state: 'running' }])
  host.node.emit('channel.balance-changed', moved(6n))
  t.truthy(await host.line('grows', /^one "11"$/))
  t.is(foldersOf(host).length, 1)
  t.like(await host.host.restart('grows'), { ok: true, value: { plugin: { version: '1.0.0' } } })
})

test('upgrade — that cannot be written down goes back to the version from before', async (t) => {
  const host = await hosted(t)
  await host.install(version('1.0.0', "log.info('one')"))
  const path = host.write(version('2.0.0', "log.info('two')"))
  // The lock file cannot be replaced by a file while a folder has its place beside it.
  const beside = join(host.folder, 'plugins', `plugins.lock.json.${process.pid}.tmp`)
  mkdirSync(beside)
  await t.throwsAsync(host.propose(path))
  rmSync(beside, { recursive: true })
  t.like(host.host.list(), [{ version: '1.0.0', state: 'running' }])
  t.like(await host.propose(path), { ok: true, value: { plugin: { version: '2.0.0' } } })
})

test('upgrade — keeps the settings, and asks for others where those do not fit the new version', async (t) => {
  const host = await hosted(t)
  const config = (properties: object) => ({ config: { type: 'object', properties } })
  await host.install(
    version('1.0.0', "log.info('max', config.max)", config({ max: { type: 'integer', default: 3 } })),
    { max: 7 },
  )
  t.true(
    (
      await host.propose(
        host.write(version('1.1.0', "log.info('now', config.max)", config({ max: { type: 'integer' } }))),
      )
    ).ok,
  )
  t.truthy(await host.line('grows', /^now 7$/))
  const path = host.write(version('2.0.0', '', config({ most: { type: 'integer' } })))
  t.like(await host.propose(path), {
    error: { code: 'config-invalid', field: 'config.max' },
  })
  t.like(host.host.list(), [{ version: '1.1.0', state: 'running' }])
  t.like(await host.propose(path, { config: { most: 1 } }), { ok: true, value: { plugin: { version: '2.0.0' } } })
})

test('upgrade — keeps what it has used of its budget', async (t) => {
  const host = await hosted(t)
  host.node.answers.set('channels.setRelayFees', () => ({ ok: false, error: { code: 'not-supported', message: 'no' } }))
  const acts = (name: string) => `
    events.each('moves', 'channel.balance-changed', ({ channelId }, { actors }) =>
      actors.channels
        .setRelayFees({ channelId, feeBaseMsat: 1n, feeProportionalMillionths: 1 }, { reason: { code: 'test' } })
        .catch(({ code }) => log.info('${name}', code)))`
  const manifest = {
    permissions: {
      ...EVENTS.permissions,
      commands: {
        'channels.setRelayFees': { bounds: { feeBaseMsat: { max: 1 }, feeProportionalMillionths: { max: 1 } } },
      },
    },
    budget: { actions: 1 },
  }
  await host.install(version('1.0.0', acts('one'), manifest))
  host.node.emit('channel.balance-changed', moved(1n))
  await host.line('grows', /^one not-supported$/)
  t.true((await host.propose(host.write(version('1.1.0', acts('two'), manifest)))).ok)
  host.node.emit('channel.balance-changed', moved(2n))
  t.truthy(await host.line('grows', /^two budget-exceeded$/))
})

test('install — of what runs already does nothing, and says so', async (t) => {
  const host = await hosted(t)
  await host.install(version('1.0.0', "log.info('begun')"))
  const again = await host.propose(host.write(version('1.0.0', "log.info('begun')")))
  t.like(again, { ok: true, value: { plugin: { version: '1.0.0', restarts: 0 } } })
  t.regex(again.ok ? (again.value.warnings[0] ?? '') : '', /nothing was done$/)
  t.is(host.lines.filter(({ text }) => text === 'begun').length, 1)
})
