import test from 'ava'
import { ok } from '../../lib/result.ts'
import { worldOf } from '../fixtures/small-graph.ts'
import {
  type LearntDirection,
  LIQUIDITY_HALF_LIFE_MS,
  LiquidityBook,
  type LiquidityEntry,
  MAX_LEARNT,
  type Observation,
} from './liquidity.ts'
import { decodeLiquidity, encodeLiquidity, liquidityKey } from './liquidity-codec.ts'

const CAPACITY = 1_000_000
const forth = { shortChannelId: 5n, direction: 0 } as const
const back = { shortChannelId: 5n, direction: 1 } as const

const seen = (outcome: Observation['outcome'], amountMsat: bigint): Observation => ({
  ...forth,
  amountMsat,
  capacityMsat: BigInt(CAPACITY),
  outcome,
})

const bookOf = (...observations: readonly Observation[]): LiquidityBook => {
  const book = new LiquidityBook()
  for (const observation of observations) book.learn(observation, 0)
  return book
}

test('LiquidityBook — attempts narrow the bounds from both sides', (t) => {
  t.deepEqual(bookOf().bounds(forth, CAPACITY, 0), { lower: 0, upper: CAPACITY })
  const book = bookOf(
    seen('carried', 200_000n),
    seen('refused', 600_000n),
    seen('carried', 100_000n),
    seen('refused', 700_000n),
  )
  t.deepEqual(book.bounds(forth, CAPACITY, 0), { lower: 200_000, upper: 599_999 })
  // A refusal may come of the peer having been away: it says nothing of the other direction.
  t.deepEqual(book.bounds(back, CAPACITY, 0), { lower: 0, upper: CAPACITY })
})

test('LiquidityBook — the newest observation is right, and what contradicts it is dropped', (t) => {
  const refused = bookOf(seen('carried', 500_000n), seen('refused', 300_000n))
  t.deepEqual(refused.bounds(forth, CAPACITY, 0), { lower: 0, upper: 299_999 })
  const carried = bookOf(seen('refused', 300_000n), seen('carried', 500_000n))
  t.deepEqual(carried.bounds(forth, CAPACITY, 0), { lower: 500_000, upper: CAPACITY })
})

test('LiquidityBook — a capacity that was only assumed is no bound for the next one', (t) => {
  t.is(bookOf(seen('carried', 10n)).bounds(forth, CAPACITY * 20, 0).upper, CAPACITY * 20)
  t.is(bookOf(seen('settled', 10n)).bounds(back, CAPACITY * 20, 0).upper, CAPACITY * 20)
})

test('LiquidityBook — what was settled has moved to the other side', (t) => {
  const book = bookOf(seen('refused', 600_001n), seen('settled', 400_000n))
  t.deepEqual(book.bounds(forth, CAPACITY, 0), { lower: 0, upper: 200_000 })
  t.deepEqual(book.bounds(back, CAPACITY, 0), { lower: 400_000, upper: CAPACITY })
})

test('LiquidityBook — with time the bounds widen to nothing and everything', (t) => {
  const book = bookOf(seen('carried', 200_000n), seen('refused', 600_001n))
  t.deepEqual(book.bounds(forth, CAPACITY, LIQUIDITY_HALF_LIFE_MS), { lower: 100_000, upper: 800_000 })
  t.deepEqual(book.bounds(forth, CAPACITY, 60 * LIQUIDITY_HALF_LIFE_MS), { lower: 0, upper: CAPACITY })
  // A clock that was set back widens nothing, and narrows nothing.
  t.deepEqual(book.bounds(forth, CAPACITY, -5), { lower: 200_000, upper: 600_000 })
  // The channel is smaller than it was thought to be.
  t.deepEqual(book.bounds(forth, 100_000, 0), { lower: 100_000, upper: 100_000 })
})

test('LiquidityBook — what was learnt is the same after it was stored', (t) => {
  const book = bookOf(seen('carried', 200_000n), seen('settled', 100_000n))
  const again = new LiquidityBook()
  for (const entry of book.entries()) {
    const decoded = decodeLiquidity(liquidityKey(entry), encodeLiquidity(entry))
    t.deepEqual(decoded, ok(entry))
    again.put(entry)
  }
  t.deepEqual(again.bounds(back, CAPACITY, 9), book.bounds(back, CAPACITY, 9))
})

test('liquidity rows — what no book has written is no entry', (t) => {
  const entry = { ...forth, lowerMsat: 1n, upperMsat: 9n, at: 5 }
  const [key, value] = [liquidityKey(entry), encodeLiquidity(entry)]
  t.true(decodeLiquidity(key, value).ok)
  for (let i = 0; i < value.length; i++) t.false(decodeLiquidity(key, value.subarray(0, i)).ok)
  t.false(decodeLiquidity(key.subarray(1), value).ok)
  t.false(decodeLiquidity(key.with(8, 2), value).ok)
  t.false(decodeLiquidity(key, value.with(0, 9)).ok)
  t.false(decodeLiquidity(key, encodeLiquidity({ ...entry, lowerMsat: 10n })).ok)
  t.false(decodeLiquidity(key, encodeLiquidity({ ...entry, upperMsat: 2n ** 53n })).ok)
})

test('LiquidityBook — whoever listens is told of all that is learnt, and of what goes', (t) => {
  const kept = new Map<string, LiquidityEntry>()
  const nameOf = ({ shortChannelId, direction }: LearntDirection): string => `${shortChannelId}/${direction}`
  let gone = 0
  const book = new LiquidityBook({
    learnt: (entry) => void kept.set(nameOf(entry), entry),
    forgotten: (name) => {
      if (kept.delete(nameOf(name))) gone++
    },
  })
  for (let i = 0; i < MAX_LEARNT; i++) {
    book.learn({ ...seen(i % 2 === 0 ? 'settled' : 'refused', 10n), shortChannelId: BigInt(i) }, i)
  }
  t.is(gone, MAX_LEARNT / 2)
  t.deepEqual([...kept.keys()].toSorted(), book.entries().map(nameOf).toSorted())
  t.deepEqual(kept.get(nameOf(book.entries()[0] as LiquidityEntry)), book.entries()[0])
})

test('LiquidityBook — a search may leave out what was learnt before a time', (t) => {
  const { snapshot } = worldOf([{ scid: 5n, between: [0, 1] }])
  const book = new LiquidityBook()
  book.learn(seen('refused', 600_000n), 10)
  const upper = (since: number): number => {
    const view = book.view(snapshot, 20, since)
    return view.upper[view.slots[0] as number] as number
  }
  t.true(upper(10) < 700_000)
  t.is(upper(11), snapshot.topology.channels.capacityMsat[0] as number)
  t.true(book.bounds(forth, CAPACITY, 20, 10).upper < 700_000)
  t.deepEqual(book.bounds(forth, CAPACITY, 20, 11), { lower: 0, upper: CAPACITY })
  t.deepEqual([book.hasBefore(10), book.hasBefore(11)], [false, true])
})

test('LiquidityBook — when it is full, the oldest half goes', (t) => {
  const book = new LiquidityBook()
  for (let i = 0; i <= MAX_LEARNT; i++) book.learn({ ...seen('carried', 10n), shortChannelId: BigInt(i) }, i)
  t.is(book.entries().length, MAX_LEARNT / 2 + 1)
  t.is(book.bounds({ shortChannelId: 0n, direction: 0 }, CAPACITY, 0).lower, 0)
  t.is(book.bounds({ shortChannelId: BigInt(MAX_LEARNT), direction: 0 }, CAPACITY, MAX_LEARNT).lower, 10)
})

test('LiquidityBook — a search sees what was learnt, before and after it has looked at the graph', (t) => {
  const { snapshot } = worldOf([
    { scid: 4n, between: [0, 1] },
    { scid: 5n, between: [1, 2] },
  ])
  const book = new LiquidityBook()
  const boundsNow = () => {
    const { slots, lower, upper } = book.view(snapshot, 0)
    return Array.from(slots, (slot) => (slot === 0 ? '-' : `${lower[slot]}–${upper[slot]}`))
  }
  t.deepEqual(boundsNow(), ['-', '-', '-', '-'])
  book.learn(seen('refused', 501n), 0)
  book.learn({ ...seen('carried', 7n), shortChannelId: 99n }, 0)
  t.deepEqual(boundsNow(), ['-', '-', '0–500', '-'])
  book.learn({ ...seen('carried', 7n), ...back }, 0)
  t.deepEqual(boundsNow(), ['-', '-', '0–500', '7–1000000000'])
})
