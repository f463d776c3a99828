import test from 'ava'
import type { Caller } from './recent-calls.ts'
import { WaitingRoom } from './waiting-room.ts'

const ranked = (rank: number): Caller => ({ rank: () => rank })
const ONCE = ranked(0)

const full = (places: number, leastMs = 1_000) => {
  const room = new WaitingRoom<string>({ places, leastMs })
  for (let i = 0; i < places; i++) room.enter(`g${i}`, ONCE, i)
  return room
}

test('while there are places, nobody has to go', (t) => {
  const room = new WaitingRoom<string>({ places: 2, leastMs: 0 })
  t.is(room.enter('a', ranked(9), 0), undefined)
  t.is(room.enter('b', ranked(9), 0), undefined)
  t.true(room.leave('a'))
  t.false(room.leave('a'))
  t.is(room.enter('c', ranked(9), 0), undefined)
  t.deepEqual([...room.guests()], ['b', 'c'])
})

test('of callers alike the older half keeps its places for the least time, and then the oldest goes', (t) => {
  const room = full(8)
  // Whoever comes meanwhile replaces the oldest of the younger half.
  t.is(room.enter('n1', ONCE, 100), 'g4')
  t.is(room.enter('n2', ONCE, 200), 'g5')
  t.is(room.enter('n3', ONCE, 999), 'g6')
  t.is(room.enter('n4', ONCE, 1_000), 'g0')
  t.is(room.enter('n5', ONCE, 1_000), 'n1')
  t.is(room.enter('n6', ONCE, 1_001), 'g1')
  t.is([...room.guests()].length, 8)
})

test('who has called most lately goes first, however old or young', (t) => {
  const room = full(3)
  room.leave('g1')
  room.enter('often', ranked(2), 10)
  t.is(room.enter('n1', ONCE, 20), 'often')
  t.is(room.enter('more often', ranked(3), 30), 'more often')
})

test('a room of one place keeps its guest for the least time', (t) => {
  const room = full(1)
  t.is(room.enter('n1', ONCE, 999), 'n1')
  t.is(room.enter('n2', ONCE, 1_000), 'g0')
})
