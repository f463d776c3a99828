import test from 'ava'
import fc from 'fast-check'
import { receivedToRelay, relayedAfterFee, relayFee } from './relay-fee.ts'

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

test('what has to reach a relay is what it sends on, its fee, and what it asks for the channel that it comes in over (bLIP 18)', (t) => {
  // The example of the bLIP.
  const outbound = { feeBaseMsat: 7, feeProportionalMillionths: 30_000 }
  t.is(receivedToRelay(outbound, { inboundFeeBaseMsat: 1, inboundFeeProportionalMillionths: 100_000 }, 100n), 122n)
  // A discount is rounded towards nothing, and never takes from what is sent on.
  t.is(receivedToRelay(outbound, { inboundFeeBaseMsat: -1, inboundFeeProportionalMillionths: -1 }, 100n), 109n)
  t.is(receivedToRelay(outbound, { inboundFeeBaseMsat: -11, inboundFeeProportionalMillionths: 0 }, 100n), 100n)
})
