import test from 'ava'
import { encodeGossip } from '../../wire/gossip-codecs.ts'
import { CHAIN_HASH, NOW } from '../fixtures/signed-gossip.ts'
import { isAlias, nextOwnNode, type OwnNode } from './own-node.ts'
import { nextOwnUpdate, type OwnTerms, REFRESHED_AFTER } from './own-update.ts'

const terms: OwnTerms = {
  shortChannelId: 0x100_000002_0003n,
  direction: 1,
  disabled: false,
  cltvExpiryDelta: 144,
  htlcMinimumMsat: 1_000n,
  htlcMaximumMsat: 500_000_000n,
  feeBaseMsat: 1_000n,
  feeProportionalMillionths: 100,
  saidToPeer: 0,
}

const at = (now: number) => ({ chainHash: CHAIN_HASH, now })

test('BOLT 7, channel_update — ours has must_be_one, our direction and no flag without a meaning', (t) => {
  t.like(nextOwnUpdate(undefined, terms, at(NOW)), { messageFlags: 1, channelFlags: 1, timestamp: NOW })
  t.like(nextOwnUpdate(undefined, { ...terms, direction: 0, disabled: true }, at(NOW)), {
    messageFlags: 1,
    channelFlags: 2,
  })
})

test('BOLT 7, channel_update — ours has a greater timestamp than every one before, whatever the clock says', (t) => {
  const last = nextOwnUpdate(undefined, terms, at(NOW))
  const later = nextOwnUpdate(last, { ...terms, disabled: true }, at(NOW - 500))
  t.is(later?.timestamp, NOW + 1)
  t.is(nextOwnUpdate(later, terms, at(NOW + 9))?.timestamp, NOW + 9)
})

test('BOLT 7, channel_update — ours is not made anew while it says the same, until it is a week old', (t) => {
  const last = nextOwnUpdate(undefined, terms, at(NOW))
  t.is(nextOwnUpdate(last, terms, at(NOW + REFRESHED_AFTER - 1)), undefined)
  t.is(nextOwnUpdate(last, terms, at(NOW + REFRESHED_AFTER))?.timestamp, NOW + REFRESHED_AFTER)
  const changes: readonly Partial<OwnTerms>[] = [
    { disabled: true },
    { cltvExpiryDelta: 80 },
    { htlcMinimumMsat: 1n },
    { htlcMaximumMsat: 1_000n },
    { feeBaseMsat: 0n },
    { feeProportionalMillionths: 0 },
    { extension: Uint8Array.of(1) },
  ]
  for (const change of changes) t.not(nextOwnUpdate(last, { ...terms, ...change }, at(NOW)), undefined)
})

const node: OwnNode = {
  nodeId: new Uint8Array(33).fill(2),
  features: new Uint8Array(1),
  alias: 'Wärme',
  rgbColor: Uint8Array.of(1, 2, 3),
  addresses: new Uint8Array(0),
}

test('BOLT 7, node_announcement — ours has zeroes behind the alias, and a timestamp greater than every one before', (t) => {
  const first = nextOwnNode(undefined, node, NOW)
  t.deepEqual(first?.alias.subarray(0, 7), new Uint8Array([0x57, 0xc3, 0xa4, 0x72, 0x6d, 0x65, 0]))
  t.is(nextOwnNode(first, node, NOW + 5), undefined)
  t.is(nextOwnNode(first, { ...node, alias: 'other' }, NOW - 5)?.timestamp, NOW + 1)
  t.is(nextOwnNode(first, node, NOW + REFRESHED_AFTER)?.timestamp, NOW + REFRESHED_AFTER)
})

test('BOLT 7, channel_update — ours has the fees and blocks that we ask for, and at least what the peer accepts: for all', (t) => {
  const { saidToPeer: _, direction: __, disabled: ___, feeBaseMsat, ...same } = terms
  t.like(nextOwnUpdate(undefined, terms, at(NOW)), { ...same, feeBaseMsat: Number(feeBaseMsat), chainHash: CHAIN_HASH })
})

test('BOLT 7, node_announcement — ours says how many bytes its addresses have', (t) => {
  for (const addresses of [new Uint8Array(0), Uint8Array.of(1, 127, 0, 0, 1, 38, 7)]) {
    const announcement = nextOwnNode(undefined, { ...node, addresses }, NOW)
    if (announcement === undefined) return t.fail()
    const raw = encodeGossip(announcement)
    // Type, signature, the length of the features and a byte of them, time, id, colour, alias.
    const before = 2 + 64 + 2 + 1 + 4 + 33 + 3 + 32
    t.is(new DataView(raw.buffer, raw.byteOffset).getUint16(before), addresses.length)
    t.deepEqual(raw.subarray(before + 2), addresses)
  }
})

test('an alias fits into 32 bytes', (t) => {
  t.true(isAlias('a'.repeat(32)))
  t.false(isAlias('a'.repeat(33)))
  t.false(isAlias('ä'.repeat(17)))
  for (const odd of ['a\nb', '\u202eabc', '\ud800']) t.false(isAlias(odd))
})
