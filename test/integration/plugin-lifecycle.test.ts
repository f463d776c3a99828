import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { writePlugin } from '../support/plugin-source.ts'
import { type PluginNode, PluginWorld } from './support/plugin-world.ts'

// A real node with real cells, asked over its API as an operator asks it.

const setUp = async (t: ExecutionContext): Promise<{ readonly world: PluginWorld; readonly bob: PluginNode }> => {
  const world = new PluginWorld()
  t.teardown(() => world.close())
  return { world, bob: await world.pluginNode('bob') }
}

/** The processes that descend from this one and run a cell's program. */
const cells = (): readonly number[] => {
  const parents = new Map<number, number>()
  for (const name of readdirSync('/proc').filter((entry) => /^\d+$/.test(entry))) {
    try {
      const stat = readFileSync(`/proc/${name}/stat`, 'latin1')
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // It has ended meanwhile.
    }
  }
  const isOurs = (pid: number): boolean => {
    const parent = parents.get(pid)
    return parent === process.pid || (parent !== undefined && parent > 1 && isOurs(parent))
  }
  return [...parents.keys()].filter((pid) => isOurs(pid) && isCell(pid))
}

const isCell = (pid: number): boolean => {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'latin1').split('\0')
    return line[0]?.endsWith('bwrap') !== true && line.includes('--permission') && line.includes('--allow-addons')
  } catch {
    return false
  }
}

test.serial(
  'plugins installed, upgraded and restarted all at once — are all there, run once each, and leave no cell behind',
  async (t) => {
    const { world, bob } = await setUp(t)
    const names = Array.from({ length: 4 }, (_, i) => `plugin-${i}`)
    await Promise.all(names.map((name) => bob.install({ name, setup: '' })))
    await Promise.all(
      names.flatMap((name) => {
        const path = writePlugin(world.folder, {
          name: `${name}`,
          setup: "log.info('second')",
          manifest: { version: '2.0.0' },
        })
        return [
          bob.ask('plugins', 'restart', { name }),
          bob.ask('plugins', 'install', { path }),
          bob.ask('plugins', 'restart', { name }),
          bob.ask('plugins', 'disable', { name }),
          bob.ask('plugins', 'enable', { name }),
        ]
      }),
    )
    const { items } = await bob.ask('plugins', 'list', {})
    t.deepEqual(
      items.map(({ name, version, state }) => `${name} ${version} ${state}`).sort(),
      names.map((name) => `${name} 2.0.0 running`),
    )
    // One for each plugin, and the spare one.
    if (process.platform === 'linux') {
      await bob.until(async () => cells().length === names.length + 1)
      t.is(cells().length, names.length + 1)
    }
    await bob.stop()
    if (process.platform === 'linux') {
      // Each was killed; the system takes its time to bury them.
      await bob.until(async () => cells().length === 0)
      t.deepEqual(cells(), [])
    }
    await bob.start()
    t.is((await bob.ask('plugins', 'list', {})).items.filter(({ state }) => state === 'running').length, names.length)
  },
)

test.serial(
  'a version that asks to pay — is put in with consent to exactly that, and what is disabled stays so over a restart',
  async (t) => {
    const { world, bob } = await setUp(t)
    await bob.install({ name: 'payer', setup: '' })
    const greedy = {
      name: 'payer',
      setup: '',
      manifest: {
        version: '1.1.0',
        permissions: { commands: { 'wallet.send': { bounds: { amountSat: { max: 1000 }, feerate: { max: 5000 } } } } },
        budget: { paysOutMsat: 1_000_000 },
      },
    }
    const path = writePlugin(world.folder, greedy)
    const asked = await bob.tryAsk('plugins', 'install', { path })
    t.like(asked, { error: { code: 'consent-needed' } })
    const details = asked.ok ? undefined : (asked.error.details as { consent: string; changes: { text: string }[] })
    t.regex(details?.changes[0]?.text ?? '', /^asks for wallet\.send/)
    t.true(details?.changes.some(({ text }) => /^pays out 1,000,000 msat at most in 24 h/.test(text)))
    t.is((await bob.plugin('payer'))?.version, '1.0.0')
    writeFileSync(join(path, 'index.ts'), 'not what was shown')
    const installed = await bob.ask('plugins', 'install', { path, consent: details?.consent })
    t.like(installed, { replaced: '1.0.0', plugin: { version: '1.1.0', state: 'running' } })

    await bob.ask('plugins', 'disable', { name: 'payer' })
    await bob.stop()
    await bob.start()
    t.is((await bob.plugin('payer'))?.state, 'disabled')
    t.is((await bob.ask('plugins', 'enable', { name: 'payer' })).plugin.state, 'running')
  },
)

test.serial(
  'what happens to a plugin — is told by events: that it runs, that it comes to its limits, and that it was stopped',
  async (t) => {
    const { bob } = await setUp(t)
    const busy = 'let x = 0; for (let i = 0; i < 3e7; i++) x += i'
    await bob.install({
      name: 'busy',
      setup: `schedule('often', 100, () => { ${busy} })`,
      manifest: { limits: { cpuShare: 0.01, turnMs: 10_000 } },
    })
    await bob.until(() => bob.payloads('plugin.started').some(({ plugin }) => plugin === 'busy'))
    await bob.until(() => bob.payloads('plugin.warned').length > 0)
    t.like(bob.payloads('plugin.warned')[0], { plugin: 'busy', pluginVersion: '1.0.0', code: 'cpu-share' })
    await bob.ask('plugins', 'disable', { name: 'busy' })
    await bob.until(() => bob.payloads('plugin.stopped').length > 0)
    t.like(bob.payloads('plugin.stopped')[0], { plugin: 'busy', pluginVersion: '1.0.0', reason: 'disabled' })
  },
)
