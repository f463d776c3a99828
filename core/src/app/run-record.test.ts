import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { RunRecord } from './run-record.ts'

const MINUTE = 60_000
const notHeld = (): boolean => false

const setUp = (t: ExecutionContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-run-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const clock = virtualClock()
  return { folder, clock, start: () => new RunRecord(folder, clock) }
}

test('safe mode — after two runs in a row that ended without being asked to', (t) => {
  const { start } = setUp(t)
  t.false(start().safeMode)
  t.false(start().safeMode)
  const third = start()
  t.true(third.safeMode)
  t.is(third.earlyEnds, 2)
  t.true(start().safeMode, 'and so it stays until the operator says otherwise')
})

test('safe mode — an orderly stop sets the count back', (t) => {
  const { start } = setUp(t)
  start()
  start().stopped()
  t.is(start().earlyEnds, 0)
  const third = start()
  t.is(third.earlyEnds, 1)
  third.stopped()
  t.is(start().earlyEnds, 0)
})

test('safe mode — a run that was ready for ten minutes did not end early, if it ran with its plugins', async (t) => {
  const { clock, start } = setUp(t)
  start()
  const second = start()
  second.ready(notHeld)
  await clock.advance(10 * MINUTE - 1)
  t.is(start().earlyEnds, 2)
  second.stopped()

  const proven = start()
  proven.ready(notHeld)
  await clock.advance(10 * MINUTE)
  t.is(start().earlyEnds, 0)
})

test('safe mode — a node that runs without its plugins proves nothing until they run', async (t) => {
  const { clock, start } = setUp(t)
  start()
  start()
  const third = start()
  let held = true
  third.ready(() => held)
  await clock.advance(60 * MINUTE)
  held = false
  await clock.advance(9 * MINUTE)
  t.true(start().safeMode)
})

test('safe mode — a crash counts however long the node had run, and so do two of them', async (t) => {
  const { clock, start } = setUp(t)
  for (const expected of [0, 1]) {
    const run = start()
    t.is(run.earlyEnds, expected)
    run.ready(notHeld)
    await clock.advance(600 * MINUTE)
    run.crashed()
  }
  t.true(start().safeMode)
})

test('safe mode — a start that failed for a reason it could tell changes nothing', (t) => {
  const { start } = setUp(t)
  start()
  for (let i = 0; i < 5; i++) {
    const run = start()
    t.is(run.earlyEnds, 1)
    run.withdrawn()
  }
})

test('the last plugin — is whose turn was the last, and known at the next start', (t) => {
  const { start } = setUp(t)
  const first = start()
  t.is(first.lastPlugin, undefined)
  first.serving('a-very-long-name-indeed')
  first.serving('short')
  first.serving('short')
  const second = start()
  t.is(second.lastPlugin, 'short')
  t.is(start().lastPlugin, 'short')
})

test('safe mode — a record that cannot be written any more is taken away, and counts for nothing', (t) => {
  const { folder, start } = setUp(t)
  start()
  const second = start()
  // As on a full disk: nothing new can be made.
  mkdirSync(join(folder, 'run.json.new'))
  second.withdrawn()
  rmSync(join(folder, 'run.json.new'), { recursive: true })
  t.is(start().earlyEnds, 0)
})

test('the run record — damaged or impossible to write, it keeps no node from starting', (t) => {
  const { folder, start } = setUp(t)
  for (const text of ['', '{', '[]', '{"version":1,"phase":"running","earlyEnds":1e400}', '['.repeat(10_000)]) {
    writeFileSync(join(folder, 'run.json'), text)
    t.is(start().earlyEnds, 0, text.slice(0, 20))
  }
  writeFileSync(join(folder, 'last-plugin'), '../../etc\n\u001b[2J')
  t.is(start().lastPlugin, undefined)
  rmSync(join(folder, 'last-plugin'))
  rmSync(join(folder, 'run.json'))
  mkdirSync(join(folder, 'run.json'))
  mkdirSync(join(folder, 'last-plugin'))
  const run = start()
  t.notThrows(() => {
    run.serving('x')
    run.stopped()
  })
  t.throws(() => readFileSync(join(folder, 'run.json')))
})
