import test from 'ava'
import { virtualClock } from './clock-virtual.ts'
import { Ration } from './ration.ts'

test('a ration gives so many in each stretch of time, and then says how many it refused', async (t) => {
  const clock = virtualClock()
  const ration = new Ration(clock, 2, 1_000)
  t.deepEqual([ration.take(), ration.take(), ration.take(), ration.take()], [0, 0, undefined, undefined])
  await clock.advance(999)
  t.is(ration.take(), undefined)
  await clock.advance(1)
  t.deepEqual([ration.take(), ration.take(), ration.take()], [3, 0, undefined])
})
