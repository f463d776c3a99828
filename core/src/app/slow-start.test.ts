import test from 'ava'
import { virtualClock } from '../lib/clock-virtual.ts'
import { toldIfSlow } from './slow-start.ts'

test('work that takes longer than two seconds is told of once, and other work is not', async (t) => {
  const clock = virtualClock()
  let told = 0
  const quick = Promise.withResolvers<number>()
  const first = toldIfSlow(clock, quick.promise, () => void told++)
  await clock.advance(1_999)
  quick.resolve(1)
  t.is(await first, 1)
  await clock.advance(10_000)
  t.is(told, 0)
  const slow = Promise.withResolvers<number>()
  const second = toldIfSlow(clock, slow.promise, () => void told++)
  await clock.advance(10_000)
  t.is(told, 1)
  slow.reject(new Error('unreadable'))
  await t.throwsAsync(second, { message: 'unreadable' })
})
