import test from 'ava'
import type { KnownNode } from '../devnet/devnet-node.ts'
import { type PaidInvoice, relayMatches } from './payments.ts'

const node = {} as KnownNode
const paid: PaidInvoice = { paymentHash: 'h', from: node, to: node, amountMsat: 1_000_000n, feesMsat: 1_100n }
const policy = { feeBaseMsat: 1_000n, feeProportionalMillionths: 100 }
const htlc = { channelId: 'c', peer: 'p', htlcId: 0, cltvExpiry: 100 }
const relayed = (incoming: bigint, outgoing: bigint, feeMsat: bigint) => ({
  paymentHash: 'h',
  feeMsat,
  incoming: [{ ...htlc, amountMsat: incoming }],
  outgoing: [{ ...htlc, amountMsat: outgoing }],
  startedAt: 0,
  settledAt: 0,
})

test('a relay matches when sender, relay and an announced fee agree', (t) => {
  t.true(relayMatches(paid, relayed(1_001_100n, 1_000_000n, 1_100n), [policy]))
})

test('a relay that took a millisatoshi more, or another fee than any announced, does not match', (t) => {
  t.false(relayMatches(paid, relayed(1_001_101n, 1_000_000n, 1_101n), [policy]))
  t.false(relayMatches(paid, relayed(1_001_100n, 1_000_000n, 1_100n), [{ ...policy, feeBaseMsat: 999n }]))
  t.false(relayMatches(paid, undefined, [policy]))
})
