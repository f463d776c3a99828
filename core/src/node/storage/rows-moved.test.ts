import test from 'ava'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { rowsMoved } from './rows-moved.ts'

test('a move that takes long is told of every two seconds, with all rows so far; a short one is not', async (t) => {
  const clock = virtualClock()
  const told: number[] = []
  const moved = rowsMoved(clock, (rows) => void told.push(rows))
  moved(1_000)
  await clock.advance(1_999)
  moved(1_000)
  t.deepEqual(told, [])
  await clock.advance(1)
  moved(1_000)
  moved(1_000)
  t.deepEqual(told, [3_000])
  await clock.advance(2_000)
  moved(1)
  t.deepEqual(told, [3_000, 4_001])
})
