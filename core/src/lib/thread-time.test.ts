import test from 'ava'
import { threadTime } from './thread-time.ts'

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
