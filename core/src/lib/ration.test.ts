import test from 'ava'
import { virtualClock } from './clock-virtual.ts'
import { Ration } from './ration.ts'
import { TokenBucket } from './token-bucket.ts'

test('a ration lets so many through, and then says how many it refused', async (t) => {
  const clock = virtualClock()
  const ration = new Ration(clock, { perSecond: 1, burst: 2 })
  t.deepEqual([ration.take(), ration.take(), ration.take(), ration.take()], [0, 0, undefined, undefined])
  await clock.advance(999)
  t.is(ration.take(), undefined)
  t.is(ration.refused, 3)
  await clock.advance(1_001)
  t.deepEqual([ration.take(), ration.take(), ration.take()], [3, 0, undefined])
})

test('a ration that shares a measure — takes from both or from none', (t) => {
  const clock = virtualClock()
  const all = new TokenBucket(1, 3, clock.monotonic())
  const [first, second] = [1, 2].map(() => new Ration(clock, { perSecond: 1, burst: 2 }, [all]))
  t.deepEqual([first?.take(), first?.take(), first?.take()], [0, 0, undefined])
  t.is(all.left(clock.monotonic()), 1, 'what its own rate refuses takes nothing of what is shared')
  t.deepEqual([second?.take(), second?.take()], [0, undefined])
})
