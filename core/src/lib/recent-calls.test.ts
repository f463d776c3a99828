import test from 'ava'
import { RecentCalls } from './recent-calls.ts'

const AT = '203.0.113.7'

const after = (count: number, address: (i: number) => string = () => AT, everyMs = 0) => {
  const calls = new RecentCalls()
  let caller = calls.note(address(0), 0)
  for (let i = 1; i < count; i++) caller = calls.note(address(i), i * everyMs)
  return caller
}

for (const [count, rank] of [
  [1, 0],
  [2, 1],
  [4, 2],
  [64, 6],
  [1_024, 10],
] as const) {
  test(`${count} calls at once are of rank ${rank}`, (t) => {
    t.is(after(count).rank(0), rank)
  })
}

test('a call counts half after 30 s, and a single one never less than one', (t) => {
  const often = after(64)
  t.is(often.rank(30_000), 5)
  t.is(often.rank(180_000), 0)
  t.is(often.rank(86_400_000), 0)
  t.is(after(1).rank(30_000), 0)
})

test('one call a minute is of the rank of a single one, however long it goes on', (t) => {
  t.is(after(1_000, undefined, 60_000).rank(999 * 60_000), 0)
  t.is(after(1_000, undefined, 30_000).rank(999 * 30_000), 1)
})

test('what was called from elsewhere does not count, but from the same /48 of IPv6 an eighth does', (t) => {
  t.is(after(64, (i) => `203.0.113.${i}`).rank(0), 0)
  t.is(after(64, (i) => `2001:db8:${i + 1}::1`).rank(0), 0)
  t.is(after(64, (i) => `2001:db8:1:${i}::1`).rank(0), 3)
  t.is(after(64, () => '2001:db8:1:1::1').rank(0), 6)
})

test('calls made after a caller’s own count against it as well', (t) => {
  const calls = new RecentCalls()
  const first = calls.note(AT, 0)
  calls.note(AT, 0)
  t.is(first.rank(0), 1)
})
