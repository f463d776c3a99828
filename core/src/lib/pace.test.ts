import test from 'ava'
import { pacer } from './pace.ts'

test('work goes on while its turn lasts, and others have theirs when it is over', async (t) => {
  let now = 0
  const pace = pacer({ monotonic: () => now })
  t.is(pace(), undefined)
  now = 9
  t.is(pace(), undefined)
  now = 10
  let others = 0
  setImmediate(() => others++)
  await pace()
  t.is(others, 1)
  t.is(pace(), undefined)
})
