import test from 'ava'
import fc from 'fast-check'
import { relayedAfterFee, relayFee } from './relay-fee.ts'

test('the fee is the base and the part of the amount, rounded down (BOLT 7, HTLC fees)', (t) => {
  t.is(relayFee({ feeBaseMsat: 200n, feeProportionalMillionths: 2000 }, 4_999_999n), 10_199n)
  t.is(relayFee({ feeBaseMsat: 0n, feeProportionalMillionths: 999_999 }, 1n), 0n)
})

test('what is relayed after the fee is the most that still pays it', (t) => {
  const amount = fc.bigInt({ min: 0n, max: 10n ** 15n })
  fc.assert(
    fc.property(amount, fc.nat(100_000), fc.nat(2_000_000), (received, feeBaseMsat, feeProportionalMillionths) => {
      const fee = { feeBaseMsat, feeProportionalMillionths }
      const relayed = relayedAfterFee(fee, received)
      if (relayed < 0n) {
        t.true(received < BigInt(feeBaseMsat))
        return
      }
      t.true(relayed + relayFee(fee, relayed) <= received)
      t.true(relayed + 1n + relayFee(fee, relayed + 1n) > received)
    }),
    { seed: 21, numRuns: 1000 },
  )
})
