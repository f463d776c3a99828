import test from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'

test('virtual clock — fires timers at their moment, in order of time and then of setting, also those set meanwhile', async (t) => {
  const clock = virtualClock(1000)
  const fired: string[] = []
  const note = (name: string) => () => void fired.push(`${name} ${clock.now()}`)
  clock.setTimer(20, note('b'))
  clock.setTimer(10, () => {
    note('a')()
    clock.setTimer(0, note('at once'))
    clock.setTimer(10, note('c'))
  })
  clock.setTimer(30, note('d'))
  clock.setTimer(15, note('cancelled'))()
  t.is(clock.nextTimerAt(), 1010)
  await clock.advance(29)
  t.deepEqual(fired, ['a 1010', 'at once 1010', 'b 1020', 'c 1020'])
  t.is(clock.now(), 1029)
  await clock.advance(1)
  t.is(fired.at(-1), 'd 1030')
  t.is(clock.nextTimerAt(), undefined)
})

test('virtual clock — setting the clock on the wall fires nothing and moves no limit', async (t) => {
  const clock = virtualClock(1000)
  let fired = 0
  clock.setTimer(10, () => {
    fired += 1
  })
  clock.setWall(1_000_000)
  t.deepEqual([clock.now(), clock.monotonic(), clock.nextTimerAt(), fired], [1_000_000, 0, 1_000_010, 0])
  clock.setWall(5)
  await clock.advance(10)
  t.deepEqual([clock.now(), clock.monotonic(), fired], [15, 10, 1])
})
