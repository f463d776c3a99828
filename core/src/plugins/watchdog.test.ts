import test from 'ava'
import type { Clock } from '../lib/clock.ts'
import type { CellFault } from './cell-protocol.ts'
import { Watchdog, type WatchedCell } from './watchdog.ts'

const MB = 1_048_576

const setUp = () => {
  let now = 0
  let timer: (() => void) | undefined
  const usage = { residentBytes: 50 * MB, cpuMs: 0 }
  const faults: CellFault[] = []
  const clock: Clock = {
    // The time of day is not looked at.
    now: () => 0,
    monotonic: () => now,
    setTimer(_, fire) {
      timer = fire
      return () => {
        timer = undefined
      }
    },
  }
  const watchdog = new Watchdog(clock, () => usage)
  const cell = {
    pid: 1,
    work: 0,
    workSince: 0,
    maxResidentBytes: 100 * MB,
    maxCpuMs: 100,
    maxWallMs: 1_000,
    end: (fault: CellFault) => {
      faults.push(fault)
      cell.work += 1
    },
  } satisfies WatchedCell
  watchdog.add(cell)
  const begin = (): void => {
    cell.work += 1
    cell.workSince = now
    watchdog.wake()
  }
  const pass = (milliseconds: number): void => {
    now += milliseconds
    const fire = timer
    timer = undefined
    fire?.()
  }
  return { cell, usage, faults, begin, pass, looking: () => timer !== undefined }
}

test('nothing is looked at while no cell is at work', (t) => {
  const { cell, begin, pass, looking } = setUp()
  t.false(looking())
  begin()
  t.true(looking())
  cell.work += 1
  pass(25)
  t.false(looking())
})

test('a cell whose turns are shorter than a look is looked at while they last, and once more when it rests', (t) => {
  const { cell, usage, faults, begin, pass, looking } = setUp()
  for (let turn = 0; turn < 3; turn++) {
    begin()
    cell.work += 1
  }
  pass(25)
  t.false(looking())
  begin()
  cell.work += 1
  usage.residentBytes = 101 * MB
  pass(25)
  t.like(faults, [{ code: 'memory-limit' }])
})

test('a cell that is always in another turn is looked at all the same', (t) => {
  const { cell, usage, faults, begin, pass } = setUp()
  begin()
  pass(24)
  cell.work += 1
  begin()
  usage.residentBytes = 101 * MB
  pass(1)
  t.like(faults, [{ code: 'memory-limit' }])
})

test('a turn is ended when it has used its processor time, not when a busy machine gave it none', (t) => {
  const { usage, faults, begin, pass } = setUp()
  begin()
  pass(25)
  pass(25)
  pass(500)
  t.deepEqual(faults, [])
  usage.cpuMs = 101
  pass(25)
  t.like(faults, [{ code: 'turn-time', text: 'a turn took more than 100 ms of processor time' }])
})

test('each turn has its own processor time', (t) => {
  const { cell, usage, faults, begin, pass } = setUp()
  for (let turn = 0; turn < 5; turn++) {
    begin()
    pass(25)
    pass(25)
    usage.cpuMs += 90
    pass(25)
    cell.work += 1
  }
  t.deepEqual(faults, [])
})

test('a cell that answers nothing is ended whatever it uses', (t) => {
  const { faults, begin, pass } = setUp()
  begin()
  pass(1_001)
  t.like(faults, [{ code: 'turn-time', text: 'the plugin has not answered within 1000 ms' }])
})

test('a cell whose process grows past its limit is ended', (t) => {
  const { usage, faults, begin, pass } = setUp()
  begin()
  pass(25)
  usage.residentBytes = 101 * MB
  pass(25)
  t.like(faults, [{ code: 'memory-limit', text: "the cell's process took 101 MB and may take 100 MB" }])
})
