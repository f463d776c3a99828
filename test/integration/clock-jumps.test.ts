import test from 'ava'
import { systemClock } from '../../core/src/lib/clock.ts'
import { type PluginNode, PluginWorld } from './support/plugin-world.ts'

const DAY = 86_400_000

/** The system's clock, whose time on the wall a test sets. */
const settableClock = () => {
  let ahead = 0
  return {
    ...systemClock,
    now: () => systemClock.now() + ahead,
    set(ms: number): void {
      ahead = ms
    },
  }
}

// Says what it was asked to, by an invoice's description, and what became of it.
const WORKER = {
  name: 'worker',
  setup: `
    const command = (actors, description) => actors.invoices.create({ description }, { reason: { code: 'test' } })
      .then(() => 'done', ({ code }) => code)
    let failed = new Set()
    let beats = ''
    schedule('beat', 200, () => { if (beats !== '') { log.info('beat', beats); beats = '' } })
    events.each('words', 'invoice.created', async ({ description }, { actors }) => {
      const [what, when] = description.split(' ')
      if (what === 'act') log.info('act', when, await command(actors, 'acted'))
      if (what === 'beat') beats = when
      if (what === 'wait') { log.info('waits', when); setTimeout(() => log.info('wait', when), 1_500) }
      if (what === 'fail' && !failed.has(when)) { failed.add(when); log.info('fails', when); throw new Error('the first time') }
      if (what === 'fail') log.info('fail', when)
      if (what === 'work') {
        log.info('works', when)
        await actors.node.getInfo()
        let sum = 0
        for (let i = 0; i < 5e7; i++) sum += i
        log.info('work', when)
      }
    })`,
  manifest: {
    permissions: {
      events: { 'invoice.created': {} },
      queries: ['node.getInfo'],
      commands: { 'invoices.create': { bounds: {} } },
    },
    budget: { actions: 4, windowMs: 3_600_000 },
    limits: { cpuShare: 1, turnMs: 10_000 },
  },
}

const tell = (bob: PluginNode, description: string) => bob.ask('invoices', 'create', { description })

const hasSaid = (bob: PluginNode, line: string): Promise<void> =>
  bob.until(async () => (await bob.pluginLog('worker')).includes(`plugin info ${line}`))

test('the clock on the wall is set a day ahead and back under running plugins — nothing is refused, renewed, held up or ended', async (t) => {
  const world = new PluginWorld()
  t.teardown(() => world.close())
  const clock = settableClock()
  const bob = await world.pluginNode('bob', clock)
  await bob.install(WORKER)
  const walls = [DAY, -DAY, 0, 400 * DAY]
  for (const [i, wall] of walls.entries()) {
    for (const [order, answer] of [
      ['wait', 'waits'],
      ['fail', 'fails'],
      ['work', 'works'],
    ]) {
      await tell(bob, `${order} ${i}`)
      await hasSaid(bob, `${answer} ${i}`)
    }
    // While it computes, waits for its timer, and is to be tried again.
    clock.set(wall)
    await tell(bob, `act ${i}`)
    await hasSaid(bob, `act ${i} done`)
    await tell(bob, `beat ${i}`)
    for (const line of ['wait', 'fail', 'work', 'beat']) await hasSaid(bob, `${line} ${i}`)
  }
  // Four were its budget for an hour, which has not passed.
  await tell(bob, 'act last')
  await hasSaid(bob, 'act last budget-exceeded')
  // It is told once it is durable, behind everything that was told before.
  await bob.until(() => bob.payloads('plugin.refused').length > 0)
  t.like(await bob.plugin('worker'), { state: 'running', restarts: 0 })
  await bob.until(() => bob.payloads('plugin.refused').length > 0)
  t.deepEqual(
    bob.payloads('plugin.refused').map(({ code }) => code),
    ['budget-exceeded'],
  )
})

test('a schedule that ran when the clock was a day ahead — runs after its interval, also in the next life of the node', async (t) => {
  const world = new PluginWorld()
  t.teardown(() => world.close())
  const clock = settableClock()
  clock.set(DAY)
  const bob = await world.pluginNode('bob', clock)
  await bob.install(WORKER)
  await bob.until(async () => (await bob.rows('schedule/worker/beat')).length > 0)
  await bob.stop()
  clock.set(0)
  await bob.start()
  await tell(bob, 'beat again')
  await hasSaid(bob, 'beat again')
  t.like(await bob.plugin('worker'), { state: 'running', restarts: 0 })
})

test('events of a time are listed in both orders also where the clock was a day ahead for a while', async (t) => {
  const world = new PluginWorld()
  t.teardown(() => world.close())
  const clock = settableClock()
  const bob = await world.pluginNode('bob', clock)
  const created = (description: string) => bob.ask('invoices', 'create', { description })
  await created('before')
  clock.set(DAY)
  await created('ahead')
  clock.set(0)
  await created('after')
  const listed = async (query: object): Promise<readonly unknown[]> =>
    (await bob.ask('events', 'list', { types: ['invoice.created'], ...query })).items.map(
      ({ payload }) => (payload as { description?: string }).description,
    )
  const until = clock.now() + DAY / 2
  t.deepEqual(await listed({ until }), ['before', 'after'])
  t.deepEqual(await listed({ until, order: 'newest-first' }), ['after', 'before'])
  t.deepEqual(await listed({}), ['before', 'ahead', 'after'])
  // Where what follows is later, a list by time has an end.
  clock.set(2 * DAY)
  await created('later')
  const page = await bob.ask('events', 'list', { types: ['invoice.created'], until, limit: 3 })
  t.is(page.items.length, 2)
  const end = await bob.ask('events', 'list', { types: ['invoice.created'], until, from: page.next })
  t.deepEqual([end.items, end.next], [[], page.next])
})
