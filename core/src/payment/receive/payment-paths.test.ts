import test from 'ava'
import { blindedHops } from '../../onion/blinded-payload.ts'
import { readPaymentOnion } from '../../onion/payment-onion.ts'
import { createOnion } from '../../onion/sphinx.ts'
import { named, sessionKeys, testNode } from '../fixtures/nodes.ts'
import { createPaymentPaths, type PathChannel, type PaymentPathsOptions } from './payment-paths.ts'

const us = testNode('us')
const bob = testNode('bob')
const carol = testNode('carol')

const channel = (peer: typeof bob, shortChannelId: bigint, more: Partial<PathChannel> = {}): PathChannel => ({
  remoteNodeId: peer.nodeId,
  shortChannelId,
  policy: {
    feeBaseMsat: 1000n,
    feeProportionalMillionths: 100,
    cltvExpiryDelta: 40,
    htlcMinimumMsat: 10n,
    htlcMaximumMsat: 90_000_000n,
    disabled: false,
  },
  receivableMsat: 50_000_000n,
  relaysBlinded: true,
  ...more,
})

const paths = (channels: readonly PathChannel[], more: Partial<PaymentPathsOptions> = {}) =>
  createPaymentPaths({
    nodeId: us.nodeId,
    channels,
    amountMsat: 1_000_000n,
    pathId: named('path id'),
    minFinalCltvExpiryDelta: 30,
    expirySeconds: 7200,
    height: 500,
    sessionKey: sessionKeys(),
    ...more,
  })

const beginnings = (channels: readonly PathChannel[], more: Partial<PaymentPathsOptions> = {}) =>
  paths(channels, more).map(({ path }) => (path.firstNodeId.type === 'pubkey' ? path.firstNodeId.nodeId : undefined))

test('BOLT 4, creating blinded paths for payments — a path begins at a peer that relays in it, and leads to us with our path id', (t) => {
  const [made] = paths([channel(bob, 5n)])
  if (made === undefined) return t.fail()
  t.deepEqual(made.costs, {
    feeBaseMsat: 1000,
    feeProportionalMillionths: 100,
    cltvExpiryDelta: 70,
    htlcMinimumMsat: 10n,
    htlcMaximumMsat: 90_000_000n,
  })
  const part = { amtToForward: 1_000_000n, outgoingCltvValue: 510, totalAmountMsat: 1_000_000n }
  const onion = createOnion({
    sessionKey: named('onion'),
    hops: blindedHops(made.path, bob.nodeId, part),
    associatedData: named('hash'),
  })
  if (!onion.ok) return t.fail()
  const atBob = readPaymentOnion(
    onion.value.packet,
    named('hash'),
    { amountMsat: 1_001_100n, cltvExpiry: 580 },
    bob.privateKey,
  )
  if (!atBob.ok || atBob.value.payload.type !== 'blinded-relay') return t.fail()
  const { amtToForward: amountMsat, outgoingCltvValue: cltvExpiry, next, nextPathKey } = atBob.value.payload
  t.deepEqual([amountMsat, cltvExpiry, next], [1_000_000n, 540, { type: 'channel', shortChannelId: 5n }])
  const packet = atBob.value.nextPacket ?? new Uint8Array(0)
  const atUs = readPaymentOnion(packet, named('hash'), { amountMsat, cltvExpiry, pathKey: nextPathKey }, us.privateKey)
  t.like(atUs, { ok: true, value: { payload: { type: 'blinded-final', pathId: named('path id') } } })
})

test('BOLT 4, creating blinded paths for payments — a path holds for as long as its invoice, with time for slow payers, and no longer', (t) => {
  const [made] = paths([], { expirySeconds: 6_000 })
  if (made === undefined) return t.fail()
  const part = { amtToForward: 1n, outgoingCltvValue: 500, totalAmountMsat: 1n }
  const hops = blindedHops(made.path, us.nodeId, part)
  const onion = createOnion({ sessionKey: named('onion'), hops, associatedData: named('hash') })
  if (!onion.ok) return t.fail()
  const read = (cltvExpiry: number) =>
    readPaymentOnion(onion.value.packet, named('hash'), { amountMsat: 1n, cltvExpiry }, us.privateKey)
  t.true(read(500 + 10 + 1008 + 30).ok)
  t.like(read(500 + 10 + 1008 + 31), { ok: false, error: { reason: 'route-expired' } })
})

test('BOLT 4, creating blinded paths for payments — without a peer that takes part, the path begins with us', (t) => {
  t.deepEqual(beginnings([]), [us.nodeId])
  t.deepEqual(beginnings([channel(bob, 5n, { relaysBlinded: false })]), [us.nodeId])
  const disabled = channel(bob, 5n)
  t.deepEqual(beginnings([{ ...disabled, policy: { ...disabled.policy, disabled: true } }]), [us.nodeId])
})

test('peers that can send the whole amount are named, those with the most room first, and four at most', (t) => {
  const small = channel(carol, 6n, { receivableMsat: 999_999n })
  t.deepEqual(beginnings([small, channel(bob, 5n)]), [bob.nodeId])
  const most = channel(carol, 7n, { receivableMsat: 60_000_000n })
  t.deepEqual(beginnings([channel(bob, 5n), most]), [carol.nodeId, bob.nodeId])
  t.is(paths(Array.from({ length: 6 }, (_, at) => channel(bob, BigInt(at)))).length, 4)
  t.deepEqual(beginnings([small, channel(bob, 5n)], { amountMsat: undefined }), [bob.nodeId, carol.nodeId])
})

test('what a channel can receive now is told only where the payment has to come in parts', (t) => {
  const most = (amountMsat: bigint) =>
    paths([channel(bob, 5n), channel(carol, 6n, { receivableMsat: 40_000_000n })], { amountMsat }).map(
      ({ costs }) => costs.htlcMaximumMsat,
    )
  t.deepEqual(most(40_000_000n), [90_000_000n, 90_000_000n])
  t.deepEqual(most(80_000_000n), [50_000_000n, 40_000_000n])
})
