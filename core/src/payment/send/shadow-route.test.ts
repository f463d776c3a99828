import test from 'ava'
import { seededRng } from '../../lib/rng.ts'
import { shadowDelta } from './shadow-route.ts'

test('a shadow route has one to three relays, and is another one from payment to payment', (t) => {
  const rng = seededRng(5)
  const drawn = Array.from({ length: 1_000 }, () => shadowDelta((bound) => rng.below(bound)))
  t.is(Math.min(...drawn), 34)
  t.is(Math.max(...drawn), 432)
  t.true(new Set(drawn).size > 25)
  const again = seededRng(5)
  t.deepEqual([shadowDelta((bound) => again.below(bound))], drawn.slice(0, 1))
})
