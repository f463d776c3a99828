import test from 'ava'
import { ok } from '../../lib/result.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { worldOf } from '../fixtures/small-graph.ts'
import { LIQUIDITY_HALF_LIFE_MS, LiquidityBook, MAX_LEARNT, type Observation } from './liquidity.ts'
import { liquidityCodec } from './liquidity-codec.ts'

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
  const decoded = decodeWith(liquidityCodec, encodeWith(liquidityCodec, book.entries()))
  t.deepEqual(decoded, ok(book.entries()))
  t.deepEqual(new LiquidityBook(book.entries()).bounds(back, CAPACITY, 9), book.bounds(back, CAPACITY, 9))
  t.false(decodeWith(liquidityCodec, Uint8Array.of(0, 1, 2)).ok)
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
