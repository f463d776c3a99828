import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import anyTest, { type TestFn } from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { isolateAddonPath } from './addon-path.ts'
import { cellBundle } from './cell-bundle.ts'
import { CellProcess } from './cell-process.ts'
import { systemUsageProbe } from './process-usage.ts'
import { wallPlans } from './walls/choose-walls.ts'
import { StartGuard } from './walls/start-guard.ts'
import { Watchdog } from './watchdog.ts'

const test = anyTest as TestFn<{ readonly folder: string }>

test.before((t) => {
  t.context = { folder: mkdtempSync(join(tmpdir(), 'fulgurite-cell-')) }
})

test.after.always((t) => rmSync(t.context.folder, { recursive: true, force: true }))

const surroundings = { platform: process.platform, root: false, env: {}, filter: false, find: () => undefined }

const limits = { memoryMb: 64, outboxBytes: 1 << 20 }

/** A cell without a plugin. */
const empty = async (folder: string) => {
  const [bare] = wallPlans({ ...surroundings, withoutWalls: true })
  if (bare === undefined) throw new Error('there always is one')
  const clock = virtualClock()
  const cell = new CellProcess(
    {
      clock,
      watchdog: new Watchdog(clock, systemUsageProbe),
      probe: systemUsageProbe,
      files: { program: await cellBundle(folder), addon: isolateAddonPath(), filter: '' },
      limitData: undefined,
      startGuard: new StartGuard(),
    },
    bare,
    1,
  )
  const fault = await cell.ready
  if (fault !== undefined) throw new Error(fault.text)
  return { cell, clock }
}

/** A cell with a plugin in it that does nothing, and what it answers next. */
const resting = async (folder: string, turnMs: number) => {
  const { cell, clock } = await empty(folder)
  let heard = Promise.withResolvers<void>()
  const next = async (ask: () => void): Promise<void> => {
    heard = Promise.withResolvers<void>()
    ask()
    await heard.promise
  }
  const listener = {
    outbox: () => heard.resolve(),
    idle: () => heard.resolve(),
    ended: ({ text }: { readonly text: string }) => heard.reject(new Error(text)),
  }
  const code = 'exports.default = { setup() {} }'
  await next(() => cell.load(code, limits, { maxCpuMs: turnMs, maxWallMs: 10_000 }, listener, () => heard.resolve()))
  const head = { now: clock.now(), uptime: 1, seed: 1 }
  const start = { plugin: { name: 'idle', version: '1.0.0' }, config: {}, schedules: {} }
  await next(() => cell.turn(JSON.stringify({ ...head, start })))
  return { cell, ping: () => next(() => cell.ping()), turn: () => next(() => cell.turn(JSON.stringify(head))) }
}

test('a cell that has had no turn between two signs of life gives back what its start and its turns have left', async (t) => {
  const { cell, ping, turn } = await resting(t.context.folder, 1_000)
  t.teardown(() => cell.end({ code: 'stopped', text: '' }))
  const megabytes = (): number => (cell.residentBytes() ?? 0) / 1e6
  await ping()
  await turn()
  const worked = megabytes()
  await ping()
  // It was at work since the last one.
  t.true(megabytes() > worked - 1, `${worked}, then ${megabytes()}`)
  await ping()
  t.true(megabytes() < worked - 2, `${worked}, then ${megabytes()}`)
  await turn()
})

test('what a cell does for a sign of life is not measured by what its plugin may do in a turn', async (t) => {
  const { cell, ping } = await resting(t.context.folder, 10)
  t.teardown(() => cell.end({ code: 'stopped', text: '' }))
  t.is(cell.maxCpuMs, 10)
  const answered = ping()
  t.is(cell.maxCpuMs, 30_000)
  await answered
})

test('a cell that has ended before it is given a plugin says why, as it would with one', async (t) => {
  const { cell } = await empty(t.context.folder)
  const why = { code: 'cell-crashed', text: 'the system took its memory' } as const
  cell.end(why)
  const { promise, resolve } = Promise.withResolvers<unknown>()
  const listener = { outbox: () => {}, idle: () => {}, ended: resolve }
  cell.load('', limits, { maxCpuMs: 1_000, maxWallMs: 10_000 }, listener, () => t.fail())
  t.deepEqual(await promise, why)
})
