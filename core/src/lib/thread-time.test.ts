import test from 'ava'
import { threadTime, WorkMeter } from './thread-time.ts'

test('work is counted, waiting is not', (t) => {
  const begun = threadTime()
  const wall = performance.now()
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100)
  const waited = performance.now() - wall
  t.true(threadTime() - begun < waited)
  const worked = threadTime()
  while (threadTime() === worked);
  t.true(threadTime() > worked)
})

/** A machine where the thread works, waits for a processor, or stands still with the machine; and how often the system was asked. */
const machine = () => {
  const at = { wall: 1_000, thread: 50, looks: 0 }
  const meter = new WorkMeter({
    wall: () => at.wall,
    thread: () => {
      at.looks += 1
      return at.thread
    },
  })
  const work = (ms: number): void => {
    at.wall += ms
    at.thread += ms
  }
  const stop = (ms: number): void => {
    at.wall += ms
  }
  return { at, meter, work, stop }
}

test('a stretch of work — counts whole, long or brief, also after a long time without one', (t) => {
  const { meter, work, stop } = machine()
  for (const ms of [0.01, 0.2, 0.3, 5, 700]) {
    work(3_000)
    stop(10_000)
    const worked = meter.begin()
    work(ms)
    t.true(Math.abs(worked() - ms) < 1e-6)
  }
})

test('a stretch of work — in which the machine stands still counts little more than the work', (t) => {
  const { meter, work, stop } = machine()
  for (const before of [0.01, 0.4, 0.6, 2_000]) {
    const earlier = meter.begin()
    work(before)
    earlier()
    const worked = meter.begin()
    work(0.1)
    stop(60_000)
    const ms = worked()
    t.true(ms > 0.099 && ms < 0.1 + 0.51)
  }
})

test('a stretch of work — counts whole although another is measured within it', (t) => {
  const { meter, work } = machine()
  const outer = meter.begin()
  work(1)
  const inner = meter.begin()
  work(2)
  t.true(Math.abs(inner() - 2) < 1e-6)
  t.true(Math.abs(outer() - 3) < 1e-6)
})

test('brief stretches — one after the other ask the system twice in a millisecond at most', (t) => {
  const { at, meter, work } = machine()
  const BRIEF = 0.01
  const COUNT = 10_000
  let sum = 0
  for (let i = 0; i < COUNT; i++) {
    const worked = meter.begin()
    work(BRIEF)
    sum += worked()
  }
  t.true(Math.abs(sum - COUNT * BRIEF) < 1e-6)
  t.true(at.looks <= 2 * COUNT * BRIEF)
})
