import test from 'ava'
import type { Terminal } from '../terminal.ts'
import { describeEvent, sat } from './describe-event.ts'

const plain: Terminal = {
  line() {},
  dim: String,
  bold: String,
  green: String,
  red: String,
  yellow: String,
  cyan: String,
}
const nameOf = (nodeId: string): string => nodeId.toUpperCase()

test('amounts are shown in satoshis, with their last digits only where there are any', (t) => {
  t.is(sat(0n), '0 sat')
  t.is(sat(1n), '0.001 sat')
  t.is(sat(25_000_000n), '25,000 sat')
  t.is(sat(1_234_567_050n), '1,234,567.050 sat')
})

test('a relay names where it came from, where it went, and what it earned', (t) => {
  const htlc = { channelId: 'c', htlcId: 0, cltvExpiry: 1 }
  const line = describeEvent(
    'payment.relayed',
    {
      paymentHash: 'h',
      feeMsat: 1_500n,
      incoming: [{ ...htlc, peer: 'a', amountMsat: 2_001_500n }],
      outgoing: [{ ...htlc, peer: 'b', amountMsat: 2_000_000n }],
      startedAt: 0,
      settledAt: 0,
    },
    nameOf,
    plain,
  )
  t.is(line, 'relayed   2,000 sat A → B, earned 1.500 sat')
})

test('a new price is shown beside the old one', (t) => {
  const payload = {
    channelId: 'c',
    peer: 'b',
    feeBaseMsat: 0n,
    feeProportionalMillionths: 144,
    previous: { feeBaseMsat: 1_000n, feeProportionalMillionths: 100 },
  }
  t.is(
    describeEvent('channel.relay-fees-changed', payload, nameOf, plain),
    'repriced  the channel to B: 100 → 144 ppm, base 1000 → 0 msat',
  )
})
