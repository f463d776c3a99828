import test from 'ava'
import fc from 'fast-check'
import { coarseMaximum } from './htlc-maximum.ts'

test('an htlc_maximum holds what the channel can carry, in halves of the capacity, and does not move to and fro', (t) => {
  t.is(coarseMaximum(900n, 1000n, 1000n), 1000n)
  t.is(coarseMaximum(400n, 1000n, 1000n), 1000n)
  t.is(coarseMaximum(370n, 1000n, 1000n), 500n)
  t.is(coarseMaximum(499n, 500n, 1000n), 500n)
  t.is(coarseMaximum(501n, 500n, 1000n), 1000n)
  t.is(coarseMaximum(0n, 500n, 6400n), 100n)
  t.is(coarseMaximum(0n, 100n, 6400n), 100n)
})

test('BOLT 7, channel_update — ours says at least what the channel can carry, in halves of its capacity, and no more than the operator lets it: never less', (t) => {
  const amount = fc.bigInt({ min: 0n, max: 1_000_000_000n })
  fc.assert(
    fc.property(amount, amount, (carries, said) => {
      const capacity = 1_000_000_000n
      const maximum = coarseMaximum(carries, said, capacity)
      t.true(maximum >= carries)
      t.true(
        maximum === said ||
          (capacity % maximum < maximum && [1n, 2n, 4n, 8n, 16n, 32n, 64n].includes(capacity / maximum)),
      )
    }),
    { seed: 8 },
  )
})
