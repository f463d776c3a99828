import test from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { EventPace } from './event-pace.ts'

const paced = () => {
  const clock = virtualClock()
  let resumed = 0
  const pace = new EventPace({
    clock,
    batch: 10,
    resume: () => {
      resumed += 1
    },
  })
  return { clock, pace, resumed: () => resumed }
}

test('the first event after a rest goes at once', async (t) => {
  const { clock, pace } = paced()
  t.false(pace.mustWait(1))
  pace.given(1, 1)
  await clock.advance(100)
  t.false(pace.mustWait(1))
})

test('events close behind others wait until they are due, and the owner is told once', async (t) => {
  const { clock, pace, resumed } = paced()
  pace.given(3, 3)
  await clock.advance(10)
  t.true(pace.mustWait(1))
  t.true(pace.mustWait(2))
  await clock.advance(89)
  t.is(resumed(), 0)
  await clock.advance(1)
  t.is(resumed(), 1)
  t.false(pace.mustWait(2))
})

test('as many as fill a turn do not wait, and nothing waits for nothing', (t) => {
  const { pace } = paced()
  pace.given(1, 1)
  t.false(pace.mustWait(10))
  t.false(pace.mustWait(0))
})

test('what a turn had no room for follows in the next one at once', (t) => {
  const { pace } = paced()
  pace.given(5, 5)
  t.true(pace.mustWait(8))
  pace.given(2, 8)
  t.false(pace.mustWait(6))
})

test('who has ended is not told', async (t) => {
  const { clock, pace, resumed } = paced()
  pace.given(1, 1)
  t.true(pace.mustWait(1))
  pace.stop()
  await clock.advance(100)
  t.is(resumed(), 0)
})
