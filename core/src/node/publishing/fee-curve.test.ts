import test from 'ava'
import fc from 'fast-check'
import { bid, nextBid, type Urgency } from './fee-curve.ts'

const estimates = fc.dictionary(fc.constantFrom('2', '6', '12', '36', '144'), fc.integer({ min: 1, max: 200_000 }))

const urgency = fc
  .record({
    estimates,
    ceiling: fc.integer({ min: 1, max: 5_000_000 }),
    patience: fc.constantFrom(12, 144),
    left: fc.integer({ min: -10, max: 300 }),
  })
  .map(({ estimates: known, ceiling, patience, left }) => ({
    height: 1000,
    deadline: 1000 + left,
    patience,
    ceiling,
    estimate: (target: number) => known[String(target)] ?? 253,
  }))

const rateOf = (each: Urgency): number => bid(each)?.feeratePerKw ?? 0

test('a fee rate — never falls as time goes by, nor as more may be paid, nor as estimates rise, and never exceeds what may be paid', (t) => {
  fc.assert(
    fc.property(urgency, fc.nat(20), fc.nat(100_000), (each, more, dearer) => {
      const rate = rateOf(each)
      t.true(rate <= each.ceiling)
      t.true(rateOf({ ...each, height: each.height + more }) >= rate)
      t.true(rateOf({ ...each, ceiling: each.ceiling + dearer }) >= rate)
      t.true(rateOf({ ...each, estimate: (target) => each.estimate(target) + more }) >= rate)
      const { deadline, ...always } = each
      t.true(rateOf(always) <= rate)
    }),
    { numRuns: 500 },
  )
})

test('a fee rate — is what relays at least, or nothing is bid', (t) => {
  fc.assert(
    fc.property(urgency, (each) => {
      const made = bid(each)
      t.is(made === undefined, each.ceiling < 253)
      t.true(made === undefined || made.feeratePerKw >= 253)
    }),
  )
})

test('a fee rate — begins with the estimate for the time that is left, and ends with all that may be paid in the last block in time', (t) => {
  const estimate = (target: number) => 100_000 / target
  const at = (left: number) => bid({ height: 1000 - left, deadline: 1000, patience: 144, ceiling: 1_000_000, estimate })
  t.deepEqual(at(200), { feeratePerKw: 695, why: 'estimate' })
  t.deepEqual(at(40), { feeratePerKw: 2778, why: 'estimate' })
  t.deepEqual(at(18), { feeratePerKw: 8334, why: 'estimate' })
  t.is(at(17)?.why, 'deadline')
  t.true((at(9)?.feeratePerKw ?? 0) > 2 * (100_000 / 6) && (at(9)?.feeratePerKw ?? 0) < 200_000)
  t.deepEqual(at(1), { feeratePerKw: 1_000_000, why: 'budget' })
  t.deepEqual(at(-5), { feeratePerKw: 1_000_000, why: 'budget' })
})

test('the next step of a fee rate — is the first height at which another is worth it, found without looking at each', (t) => {
  fc.assert(
    fc.property(urgency, fc.integer({ min: 0, max: 60_000 }), (each, paid) => {
      const isWorth = ({ feeratePerKw }: { readonly feeratePerKw: number }) => feeratePerKw > paid
      let expected: number | undefined
      for (let height = each.height + 1; height <= each.deadline && expected === undefined; height++) {
        const next = bid({ ...each, height })
        if (next !== undefined && isWorth(next)) expected = height
      }
      // What is worth it now already is worth it in the next block, too: nothing new comes of it.
      const now = bid(each)
      if (now !== undefined && isWorth(now)) return
      t.is(nextBid(each, isWorth)?.height, expected)
    }),
    { numRuns: 500 },
  )
})
