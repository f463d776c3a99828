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
