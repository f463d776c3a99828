import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import anyTest, { type ExecutionContext, type TestFn } from 'ava'
import { type ChainRig, devchainRig } from '../support/chain-rig.ts'
import { NodeProcess } from '../support/node-process.ts'
import { installOn, logOn, type PluginSource, writePlugin } from '../support/plugin-source.ts'
import { cellsOf, HAS_PROC, peakMb } from '../support/process-memory.ts'

// A whole node in a process of its own, and plugins that were installed by its API: what they take of core and cell, by the
// kernel's figures, and that an honest plugin beside them goes on. What they took before anybody counted is in
// docs/security.md.

interface Scene {
  readonly chain: ChainRig
  readonly node: NodeProcess
}

const test = anyTest as TestFn<Scene>
const MB = 1 << 20
const MAX_PLUGINS = 3
/** A node and its plugin host are about 200 MB where the sources are compiled as they are read. */
const CORE_MB = 600
/** Of 8 MB that a manifest asks for: twice that and 64 MB for the kernel, beside what Node is before there is a plugin. */
const CELL_MB = 200
const EVENTS = { permissions: { events: { 'invoice.created': {} } } }

test.before(async (t) => {
  const chain = await devchainRig()
  const node = await NodeProcess.start({ name: 'host', chain, env: { FULGURITE_MAX_PLUGINS: String(MAX_PLUGINS) } })
  t.context = { chain, node }
  await installOn(node, {
    name: 'honest',
    setup: `events.each('words', 'invoice.created', ({ description }) => {
      if (description.startsWith('ping')) log.info('heard', description)
    })`,
    manifest: EVENTS,
  })
})

test.after.always(async ({ context: { chain, node } }) => {
  await node.dispose()
  await chain.stop()
})

const onLinux = HAS_PROC ? test.serial : test.serial.skip
if (!HAS_PROC) test('skipped: what processes have taken is read in /proc', (t) => t.pass())

let pings = 0

/** The honest plugin hears of what happens, and the core has not taken more than it may. */
const allIsWell = async (t: ExecutionContext<Scene>): Promise<void> => {
  const { node } = t.context
  const description = `ping ${pings++}`
  await node.ask('invoices', 'create', { description })
  await node.until('the honest plugin hears', async () =>
    (await logOn(node, 'honest')).includes(`plugin info heard ${description}`),
  )
  t.is((await statusOf(node, 'honest')).restarts, 0)
  const core = peakMb(node.pid)
  t.log(`the core took ${core} MB`)
  t.true(core < CORE_MB, `${core} MB`)
}

const statusOf = async (node: NodeProcess, name: string) => {
  const found = (await node.ask('plugins', 'list', {})).items.find((one) => one.name === name)
  if (found === undefined) throw new Error(`${name} is not installed`)
  return found
}

const said = (node: NodeProcess, name: string, line: string): Promise<void> =>
  node.until(line, async () => (await logOn(node, name)).includes(line))

const faultOf = (node: NodeProcess, name: string): unknown =>
  node.payloads('plugin.faulted').find(({ plugin, restartInMs }) => plugin === name && restartInMs !== undefined)?.code

interface OnDisk {
  readonly rows: number
  readonly bytes: number
}

/** Looks at the plugin host's rows on the disk while the node is stopped, which has its database for itself. */
const onDisk = async (node: NodeProcess, look: (under: (prefix: string) => OnDisk) => void): Promise<void> => {
  await node.stop()
  const db = new DatabaseSync(join(node.dataDir, 'node.sqlite'), { readOnly: true })
  try {
    const sum = 'SELECT count(*) AS rows, coalesce(sum(length(key) + length(value)), 0) AS bytes FROM plugin'
    const found = db.prepare(`${sum} WHERE instr(CAST(key AS TEXT), ?) > 0`)
    look((path) => {
      const counted = found.get(path)
      return { rows: Number(counted?.rows), bytes: Number(counted?.bytes) }
    })
  } finally {
    db.close()
    await node.start()
  }
}

/** What takes memory, a step at a time; `n` counts the steps. */
const STEPS = {
  strings: "kept.push('x'.repeat(1 << 20) + n); kept.at(-1).charCodeAt(1)",
  'source to be parsed': "new Function('return [' + '{a:1},'.repeat(1e5) + ']')",
  'the names of symbols': "for (let i = 0; i < 1e4; i++) kept.push(Symbol.for('x'.repeat(50) + n + '/' + i))",
  timers: 'for (let i = 0; i < 1000; i++) setTimeout(() => {}, 1e9)',
  'text that is put together': "try { JSON.stringify(Array(100).fill('x'.repeat(1 << 20))) } catch {}",
}

const taker = (name: string, body: string): PluginSource => ({
  name,
  setup: `const kept = []; let n = 0; ${body}`,
  manifest: { ...EVENTS, limits: { memoryMb: 8, cpuShare: 1, turnMs: 10_000 } },
})

const isEnded = async (
  t: ExecutionContext<Scene>,
  source: PluginSource,
  meanwhile: () => unknown = () => {},
): Promise<void> => {
  const { node } = t.context
  await installOn(node, source)
  let most = 0
  await node.until('the plugin is ended', async () => {
    for (const pid of cellsOf(node.pid)) most = Math.max(most, peakMb(pid))
    await meanwhile()
    return faultOf(node, source.name) !== undefined
  })
  t.log(`a cell took ${most} MB`)
  t.regex(String(faultOf(node, source.name)), /^(memory-limit|cell-crashed)$/)
  t.true(most < CELL_MB, `${most} MB`)
  await node.ask('plugins', 'remove', { name: source.name })
  await allIsWell(t)
}

for (const [i, [what, step]] of Object.entries(STEPS).entries()) {
  onLinux(`memory for ${what}, taken in short turns — ends the cell by what the kernel counts`, (t) =>
    isEnded(t, taker(`short-turns-${i}`, `setInterval(() => { n++; ${step} }, 5)`)),
  )
}

onLinux('memory that is taken in the handlers of events — ends the cell', (t) =>
  isEnded(t, taker('handler', `events.each('all', 'invoice.created', () => { n++; ${STEPS.strings} })`), () =>
    t.context.node.ask('invoices', 'create', { description: 'more' }),
  ),
)

onLinux('memory that is taken in one turn, and kept by a plugin that then rests — ends the cell', (t) =>
  isEnded(t, taker('idle', `setTimeout(() => { for (; n < 200; n++) { ${STEPS.strings} } }, 50)`)),
)

onLinux('array buffers — are refused to a plugin beyond its limit, which may go on without them', async (t) => {
  const { node } = t.context
  await installOn(
    node,
    taker(
      'buffers',
      `setInterval(() => {
        try { kept.push(structuredClone(new Uint8Array(1 << 20).fill(1))) } catch (error) {
          if (++n === 10) log.info('refused', error.name, kept.length < 16)
        }
      }, 5)`,
    ),
  )
  await said(node, 'buffers', 'plugin info refused RangeError true')
  const most = Math.max(...cellsOf(node.pid).map(peakMb))
  t.true(most > 0 && most < CELL_MB, `${most} MB`)
  await node.ask('plugins', 'remove', { name: 'buffers' })
  await allIsWell(t)
})

onLinux('256 subscriptions whose handlers never end — hold no more of the core than one may', async (t) => {
  const { node } = t.context
  const description = 'd'.repeat(639)
  for (let i = 0; i < 4_000; i += 100)
    await Promise.all(Array.from({ length: 100 }, () => node.ask('invoices', 'create', { description })))
  // Each goes through the log by itself.
  await installOn(node, {
    name: 'hoarder',
    setup: `let begun = 0
      const never = () => { begun += 1; if (begun === 256) log.info('all hold'); return new Promise(() => {}) }
      const from = { after: '${node.events[0]?.cursor}' }
      for (let i = 0; i < 256; i++) events.each('s' + i, 'invoice.created', never, { from })`,
    manifest: { ...EVENTS, limits: { memoryMb: 256, turnMs: 10_000 } },
  })
  await said(node, 'hoarder', 'plugin info all hold')
  // What happens meanwhile waits for all of them.
  for (let i = 0; i < 10; i++) await allIsWell(t)
  const { state, restarts, coreMemoryBytes = 0 } = await statusOf(node, 'hoarder')
  t.like({ state, restarts }, { state: 'running', restarts: 0 })
  t.true(coreMemoryBytes < 16 * MB, `${coreMemoryBytes} bytes`)
  await node.ask('plugins', 'remove', { name: 'hoarder' })
})

onLinux(
  'schedules under new names at each start — keep a bounded number of rows beside a quota of nothing',
  async (t) => {
    const { node } = t.context
    await installOn(node, {
      name: 'renamer',
      setup: `const name = crypto.randomUUID().padEnd(120, 'x')
      let ran = 0
      for (let i = 0; i < 256; i++) schedule(name + i, 1_000_000, () => { ran += 1; if (ran === 256) log.info('all ran') })`,
      manifest: { permissions: { storage: { bytes: 0 } }, limits: { cpuShare: 1, turnMs: 10_000 } },
    })
    for (let starts = 1; ; starts++) {
      await node.until('all schedules have run', async () => {
        const lines = await logOn(node, 'renamer')
        return lines.filter((line) => line === 'plugin info all ran').length === starts
      })
      if (starts === 8) break
      await node.ask('plugins', 'restart', { name: 'renamer' })
    }
    await onDisk(node, (under) => {
      const { rows, bytes } = under('schedule/renamer/')
      // Those of this start and of the one before it, and so many that are not used any more.
      t.true(rows >= 2 * 256 && rows <= 3 * 256, `${rows} rows`)
      t.true(bytes < MB / 2, `${bytes} bytes`)
      t.is(under('value/renamer/').rows, 0)
    })
    await node.ask('plugins', 'remove', { name: 'renamer' })
    await onDisk(node, (under) => t.is(under('/renamer/').rows, 0))
    await allIsWell(t)
  },
)

onLinux('refused asks by the thousand, each of 50,000 characters — are a few rows of the audit', async (t) => {
  const { node } = t.context
  await installOn(node, {
    name: 'asker',
    setup: `schedule('ask', 1_000_000, () => { void (async () => {
      for (let i = 0; i < 2_000; i += 10)
        await Promise.allSettled(Array.from({ length: 10 }, (_, j) =>
          actors.channels.close({ channelId: String(i + j).repeat(50_000).slice(0, 50_000) }, { reason: { code: 'x' } })))
      log.info('all are refused')
    })() })`,
    manifest: { limits: { cpuShare: 1, turnMs: 10_000, outboxBytes: MB } },
  })
  await said(node, 'asker', 'plugin info all are refused')
  const { diskBytes = 0 } = await statusOf(node, 'asker')
  t.true(node.payloads('plugin.refused').filter(({ plugin }) => plugin === 'asker').length <= 30)
  await allIsWell(t)
  await onDisk(node, (under) => {
    const { rows, bytes } = under('audit/asker/')
    t.true(rows >= 1 && rows < 100, `${rows} rows`)
    t.true(bytes < MB / 4, `${bytes} bytes`)
    t.true(diskBytes >= bytes && diskBytes < MB, 'they are on its account')
  })
  await node.ask('plugins', 'remove', { name: 'asker' })
})

onLinux('a plugin whose store is full — fails in what it stores, and is neither ended nor stops to hear', async (t) => {
  const { node } = t.context
  await installOn(node, {
    name: 'full',
    setup: `let heard = 0
      events.each('keeps', 'invoice.created', async ({ description }, { store }) => store.set(description, 'x'.repeat(1_000)))
      events.each('hears', 'invoice.created', () => { heard += 1; if (heard === 200) log.info('heard all') })
      schedule('keeps', 100, async ({ store }) => store.set('tick', 'x'.repeat(1_000)))`,
    manifest: { permissions: { ...EVENTS.permissions, storage: { bytes: 500 } }, limits: { cpuShare: 1 } },
  })
  for (let i = 0; i < 200; i++) await node.ask('invoices', 'create', { description: `to keep ${i}` })
  await said(node, 'full', 'plugin info heard all')
  await node.until('it was refused', async () =>
    (await logOn(node, 'full')).some((line) => /^host error plugin-threw: full: .*ActorError: storage-full/.test(line)),
  )
  t.like(await statusOf(node, 'full'), { state: 'running', restarts: 0 })
  await allIsWell(t)
  await onDisk(node, (under) => t.is(under('value/full/').rows, 0))
  await node.ask('plugins', 'remove', { name: 'full' })
})

test.serial('a plugin beyond the number that the operator allows — is refused, and leaves nothing', async (t) => {
  const { node } = t.context
  for (let i = 1; i < MAX_PLUGINS; i++) await installOn(node, { name: `one-of-${i}`, setup: '' })
  const path = writePlugin(node.dataDir, { name: 'one-more', setup: '' })
  t.like(await node.tryAsk('plugins', 'install', { path }), { error: { code: 'too-many-plugins' } })
  t.is((await node.ask('plugins', 'list', {})).items.length, MAX_PLUGINS)
  await onDisk(node, (under) => t.is(under('one-more').rows, 0))
  for (let i = 1; i < MAX_PLUGINS; i++) await node.ask('plugins', 'remove', { name: `one-of-${i}` })
  if (HAS_PROC) await allIsWell(t)
})
