import test from 'ava'
import { TABLE } from '../../core/src/node/storage/tables.ts'
import type { Store } from '../../core/src/store/store.ts'
import { type PluginNode, PluginWorld } from './support/plugin-world.ts'
import { skippingClock } from './support/skipping-clock.ts'

// What a plugin leaves on the disk of a whole node with real cells, and how it is deleted.

const STEP_ROWS = 512

interface Step {
  readonly rows: number
  /** Which round of the event loop it was submitted in. */
  readonly round: number
}

/** Every batch that deletes rows of plugins from now on. */
const deletions = (store: Store): readonly Step[] => {
  const steps: Step[] = []
  let round = 0
  const turn = (): void => {
    round += 1
    setImmediate(turn).unref()
  }
  turn()
  const { submit } = store
  store.submit = (writes, onDurable) => {
    const rows = writes.filter(({ table, value }) => table === TABLE.plugin && value === undefined).length
    if (rows > 0) steps.push({ rows, round })
    submit.call(store, writes, onDurable)
  }
  return steps
}

const HOARDER = {
  name: 'hoarder',
  setup: `schedule('store', 86_400_000, () => { void (async () => {
    for (let i = 0; i < 4_000; i += 500)
      await Promise.all(Array.from({ length: 500 }, (_, j) => store.set('key-' + (i + j), 'x'.repeat(100))))
    log.info('stored', (await store.list()).length)
  })() })`,
  manifest: { permissions: { storage: { bytes: 1_000_000 } }, limits: { cpuShare: 1 } },
}

const storesAll = async (bob: PluginNode): Promise<void> => {
  await bob.install(HOARDER)
  await bob.until(async () => (await bob.pluginLog('hoarder')).includes('plugin info stored 4000'))
}

test('a plugin with many rows is removed in small steps, and the node does other things between any two of them', async (t) => {
  const world = new PluginWorld()
  t.teardown(() => world.close())
  const bob = await world.pluginNode('bob')
  await storesAll(bob)
  const { coreMemoryBytes = 0, diskBytes = 0 } = (await bob.plugin('hoarder')) ?? {}
  t.true(coreMemoryBytes > 4_000 * 80, 'the names of what it stored, beside its code')
  t.true(diskBytes > 4_000 * 170 && diskBytes < 1_100_000)
  const steps = deletions(bob.store)
  await bob.ask('plugins', 'remove', { name: 'hoarder' })
  t.true(steps.reduce((sum, { rows }) => sum + rows, 0) >= 4_000)
  t.true(steps.every(({ rows }) => rows <= STEP_ROWS))
  t.true(steps.slice(1).every(({ round }, i) => round > (steps[i]?.round ?? 0)))
  t.deepEqual(await bob.rows('value/'), [])
})

test('a removal goes on when the node has stopped meanwhile', async (t) => {
  const world = new PluginWorld()
  t.teardown(() => world.close())
  const bob = await world.pluginNode('bob')
  await storesAll(bob)
  void bob.tryAsk('plugins', 'remove', { name: 'hoarder' }).catch(() => {})
  await bob.until(async () => (await bob.rows('removed/hoarder')).length > 0 || (await bob.rows('value/')).length === 0)
  await bob.stop()
  await bob.start()
  t.is(await bob.plugin('hoarder'), undefined)
  for (const rows of ['value/', 'schedule/', 'removed/'])
    await bob.until(async () => (await bob.rows(rows)).length === 0)
})

test('events that a plugin fails on for good — are kept up to a number beside a quota of nothing, and go with it in steps', async (t) => {
  const world = new PluginWorld()
  t.teardown(() => world.close())
  const clock = skippingClock()
  const bob = await world.pluginNode('bob', clock)
  await bob.install({
    name: 'failing',
    setup: `for (let i = 0; i < 256; i++)
      events.each('s' + i, 'invoice.created', () => { throw new Error('e'.repeat(500)) })`,
    manifest: {
      permissions: { events: { 'invoice.created': {} }, storage: { bytes: 0 } },
      limits: { cpuShare: 1, turnMs: 10_000, outboxBytes: 1 << 20 },
    },
  })
  for (let i = 0; i < 3; i++) await bob.ask('invoices', 'create', { description: 'd'.repeat(639) })
  const cursors = () => bob.rows('cursor/failing/')
  const last = bob.events.filter(({ name }) => name === 'invoice.created').at(-1)?.cursor
  // Each is tried five times, with growing pauses. A skip is less than any turn may take.
  await bob.until(async () => {
    clock.skip(4_000)
    return (await cursors()).every(([, cursor]) => cursor === last)
  })
  const parked = await bob.rows('parked/failing/')
  t.true(parked.length > 256 && parked.length <= 512, `${parked.length} rows`)
  t.true(parked.reduce((sum, [key, row]) => sum + key.length + row.length, 0) < 2 << 20)
  t.true((await bob.pluginLog('failing')).some((line) => line.startsWith('host warn parked-full')))
  t.like(await bob.plugin('failing'), { state: 'running', restarts: 0 })
  const steps = deletions(bob.store)
  await bob.ask('plugins', 'remove', { name: 'failing' })
  t.true(steps.length > 1 && steps.every(({ rows }) => rows <= STEP_ROWS))
  t.deepEqual(await bob.rows('parked/'), [])
  t.deepEqual(await cursors(), [])
})
