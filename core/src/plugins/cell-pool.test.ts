import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import { type Clock, systemClock } from '../lib/clock.ts'
import { virtualClock } from '../lib/clock-virtual.ts'
import { isolateAddonPath } from './addon-path.ts'
import { cellBundle } from './cell-bundle.ts'
import { CellPool, type StandingWalls } from './cell-pool.ts'
import { systemUsageProbe } from './process-usage.ts'
import { wallPlans } from './walls/choose-walls.ts'
import { StartGuard } from './walls/start-guard.ts'
import type { WallPlan } from './walls/wall-plan.ts'
import { Watchdog, type WatchedCell } from './watchdog.ts'

const test = anyTest as TestFn<{ readonly folder: string; readonly program: string; readonly watchdog: Watchdog }>

test.before(async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-pool-'))
  const watchdog = new Watchdog(systemClock, systemUsageProbe)
  t.context = { folder, program: await cellBundle(folder), watchdog }
})

test.after.always((t) => {
  t.context.watchdog.stop()
  rmSync(t.context.folder, { recursive: true, force: true })
})

const surroundings = { platform: process.platform, root: false, env: {}, filter: false, find: () => undefined }
const [bare] = wallPlans({ ...surroundings, withoutWalls: true })

/** A wall that cannot be put up here. */
const broken = (name: string): WallPlan => {
  if (bare === undefined) throw new Error('there always is one')
  const launch: WallPlan['launch'] = (files, serial) => ({
    ...bare.launch(files, serial),
    command: [process.execPath, '--no-such-option'],
  })
  return { ...bare, name, bare: false, launch }
}

const pool = (
  program: string,
  watchdog: Watchdog,
  plans: readonly (WallPlan | undefined)[],
  {
    keepSpare = false,
    clock = systemClock,
    addon = isolateAddonPath(),
  }: { readonly keepSpare?: boolean; readonly clock?: Clock; readonly addon?: string } = {},
) => {
  const heard: StandingWalls[] = []
  const cells = new CellPool({
    environment: {
      clock,
      watchdog,
      probe: systemUsageProbe,
      files: { program, addon, filter: '' },
      limitData: undefined,
      startGuard: new StartGuard(),
    },
    plans: () => plans.filter((plan) => plan !== undefined),
    keepSpare,
    onWalls: (standing) => heard.push(standing),
  })
  return { cells, heard }
}

test('a wall that cannot be put up is passed over once for all cells, and it is told why', async (t) => {
  const { cells, heard } = pool(t.context.program, t.context.watchdog, [broken('first'), broken('second'), bare])
  t.is(cells.standing, undefined)
  const taken = await Promise.all([cells.take(), cells.take(), cells.take()])
  t.true(taken.every(({ ok }) => ok))
  t.is(heard.length, 1)
  t.like(heard[0], { by: "Node's permission model alone" })
  t.deepEqual(
    heard[0]?.passedOver.map(({ plan }) => plan),
    ['first', 'second'],
  )
  t.true(heard[0]?.passedOver.every(({ why }) => why.includes('--no-such-option')))
  for (const each of taken) if (each.ok) each.value.end({ code: 'stopped', text: '' })
})

test('where nothing is left that holds, no cell is started, and it is said what would help', async (t) => {
  const { cells, heard } = pool(t.context.program, t.context.watchdog, [broken('the only one')])
  const fault = await cells.prove()
  t.is(fault?.code, 'walls-missing')
  t.regex(fault?.text ?? '', /apt install bubblewrap.*--plugins-without-walls.*the only one: /)
  t.like(await cells.take(), { ok: false, error: { code: 'walls-missing' } })
  t.deepEqual(heard, [])
  const none = pool(t.context.program, t.context.watchdog, [])
  t.like(await none.cells.prove(), { code: 'walls-missing' })
})

test('where the node’s own program is away, that is said, and neither a plugin nor a wall is blamed', async (t) => {
  const addon = join(t.context.folder, 'away.node')
  const { cells, heard } = pool(t.context.program, t.context.watchdog, [broken('first'), bare], { addon })
  for (const fault of [await cells.prove(), await cells.take().then((taken) => (taken.ok ? undefined : taken.error))]) {
    t.is(fault?.code, 'program-missing')
    t.true(fault?.text.startsWith(`${addon} is not there`))
  }
  t.deepEqual(heard, [])
})

test('the cell that shows that walls can be put up is the first to be taken', async (t) => {
  const { cells, heard } = pool(t.context.program, t.context.watchdog, [bare])
  t.is(await cells.prove(), undefined)
  t.is(await cells.prove(), undefined)
  const taken = await cells.take()
  t.true(taken.ok)
  t.is(heard.length, 1)
  if (taken.ok) taken.value.end({ code: 'stopped', text: '' })
})

test('a cell that was started is handed over, though no spare one can be started after it', async (t) => {
  if (bare === undefined) return t.fail('there always is one')
  let launches = 0
  const scarce: WallPlan = {
    ...bare,
    launch(files, serial) {
      launches += 1
      return launches === 1 ? bare.launch(files, serial) : { ...bare.launch(files, serial), open: ['/no/such/file'] }
    },
  }
  const { cells } = pool(t.context.program, t.context.watchdog, [scarce], { keepSpare: true })
  const taken = await cells.take()
  t.is(launches, 2)
  t.true(taken.ok)
  if (taken.ok) taken.value.end({ code: 'stopped', text: '' })
  await t.throwsAsync(cells.take(), { code: 'ENOENT' })
  cells.close()
})

test('a trial of walls that could not even begin is made again for the next who wants a cell', async (t) => {
  if (bare === undefined) return t.fail('there always is one')
  let launches = 0
  const late: WallPlan = {
    ...bare,
    launch(files, serial) {
      launches += 1
      return launches === 1 ? { ...bare.launch(files, serial), open: ['/no/such/file'] } : bare.launch(files, serial)
    },
  }
  const { cells } = pool(t.context.program, t.context.watchdog, [late])
  await t.throwsAsync(cells.prove(), { code: 'ENOENT' })
  const taken = await cells.take()
  t.true(taken.ok)
  if (taken.ok) taken.value.end({ code: 'stopped', text: '' })
})

/** A way to start cells that works, and how many it has started. */
const counting = () => {
  if (bare === undefined) throw new Error('there always is one')
  let launches = 0
  const launch: WallPlan['launch'] = (files, serial) => {
    launches += 1
    return bare.launch(files, serial)
  }
  return { plan: { ...bare, launch }, launches: () => launches }
}

test('a spare cell waits ten seconds for a plugin, and is there again once one is to be started', async (t) => {
  const clock = virtualClock()
  const counted = counting()
  const { cells } = pool(t.context.program, new Watchdog(clock, systemUsageProbe), [counted.plan], {
    keepSpare: true,
    clock,
  })
  const take = async (): Promise<number> => {
    const taken = await cells.take()
    if (!taken.ok) throw new Error(taken.error.text)
    taken.value.end({ code: 'stopped', text: '' })
    return counted.launches()
  }
  // Each that is taken leaves a new spare one behind.
  t.is(await take(), 2)
  await clock.advance(9_999)
  t.is(await take(), 3)
  await clock.advance(9_999)
  t.is(counted.launches(), 3)
  await clock.advance(1)
  t.is(await take(), 5)
  await clock.advance(10_000)
  t.is(await cells.prove(), undefined)
  t.is(counted.launches(), 6)
  t.is(await take(), 7)
  cells.close()
})

test('a pool that is closed while somebody waits for a cell starts none any more', async (t) => {
  const counted = counting()
  const { cells } = pool(t.context.program, t.context.watchdog, [counted.plan], { keepSpare: true })
  const taken = await cells.take()
  if (taken.ok) taken.value.end({ code: 'stopped', text: '' })
  const waiting = cells.take()
  cells.close()
  t.like(await waiting, { ok: false, error: { code: 'stopped' } })
  t.like(await cells.take(), { ok: false, error: { code: 'stopped' } })
  t.is(counted.launches(), 2)
})

test('however many are about to take a cell when the walls are tried, one spare is kept and no process is left over', async (t) => {
  const ended: number[] = []
  class Ends extends Watchdog {
    override remove(cell: WatchedCell): void {
      super.remove(cell)
      ended.push(cell.pid)
    }
  }
  const counted = counting()
  const { cells } = pool(t.context.program, new Ends(systemClock, systemUsageProbe), [counted.plan], {
    keepSpare: true,
  })
  t.deepEqual(await Promise.all([cells.prove(), cells.prove(), cells.prove()]), [undefined, undefined, undefined])
  cells.close()
  t.is(ended.length, counted.launches())
})
