import test from 'ava'
import { fundingScript } from '../../channel/commitment/formats/anchors/anchors-scripts.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { concat, fromHex } from '../../lib/bytes.ts'
import { type ShortChannelId, shortChannelId } from '../../lib/ids.ts'
import { vectorOfBits } from '../../wire/features.ts'
import { decodeGossip } from '../../wire/gossip-codecs.ts'
import type { ChannelAnnouncement, ChannelUpdate, NodeAnnouncement } from '../../wire/messages/gossip.ts'
import {
  CHAIN_HASH,
  channelAnnouncement,
  channelUpdate,
  inOrder,
  NOW,
  nodeAnnouncement,
  type Signed,
  testNode,
} from '../fixtures/signed-gossip.ts'
import {
  announcedOutput,
  isChannelRoutable,
  isForgotten,
  judgeChannelAnnouncement,
  judgeFunding,
} from './channel-announcement.ts'
import { isUpdateUsable, judgeChannelUpdate, updateChecksum } from './channel-update.ts'
import type { GossipEnv, KnownChannel } from './known.ts'
import { isNodeForwardable, isNodeRoutable, judgeNodeAnnouncement, type KnownNode } from './node-announcement.ts'
import { isStale } from './pruning.ts'
import type { Verdict } from './verdict.ts'

const HEIGHT = 800_000
const env: GossipEnv = { chainHash: CHAIN_HASH, height: HEIGHT, now: NOW }
const at = (blockHeight: number): ShortChannelId => shortChannelId({ blockHeight, txIndex: 1, outputIndex: 0 })
const SCID = at(HEIGHT - 5)
const NODES = inOrder(testNode('a'), testNode('b'))
const [A, B] = NODES

const ofChannel = ({ raw, message }: Signed<ChannelAnnouncement>, known?: KnownChannel): Verdict =>
  judgeChannelAnnouncement(raw, message, env, known)
const ofUpdate = ({ raw, message }: Signed<ChannelUpdate>, known?: KnownChannel): Verdict =>
  judgeChannelUpdate(raw, message, env, known)
const ofNode = ({ raw, message }: Signed<NodeAnnouncement>, known?: KnownNode): Verdict =>
  judgeNodeAnnouncement(raw, message, known)

const known: KnownChannel = {
  shortChannelId: SCID,
  nodeIds: [A.id, B.id],
  capacitySat: 1_000_000n,
  since: NOW - 1_000,
  updates: [undefined, undefined],
}

/** `valid` if all signatures are, else which of them is not, or why none was to be checked. */
const outcome = (verdict: Verdict): string => {
  if (verdict.type === 'ignore') return verdict.reason
  if (verdict.type === 'refuse') return verdict.fault
  const wrong = verdict.checks.findIndex(
    ({ signature, digest, publicKey }) => !secp256k1.verify(signature, digest, publicKey),
  )
  return wrong < 0 ? 'valid' : `signature ${wrong}`
}

/** The same message with a byte changed, and what it is then. */
const spoilt = <M extends Signed<ChannelAnnouncement | ChannelUpdate | NodeAnnouncement>>(
  { raw }: M,
  position: number,
): M => {
  const bytes = raw.slice()
  const place = position < 0 ? bytes.length + position : position
  bytes[place] = (bytes[place] as number) ^ 1
  const read = decodeGossip(bytes)
  if (!read.ok) throw new Error(read.error.code)
  return { raw: bytes, message: read.value } as unknown as M
}

test('BOLT 7, channel_announcement — all four signatures must be valid', (t) => {
  const announcement = channelAnnouncement(NODES, SCID)
  t.is(outcome(ofChannel(announcement)), 'valid')
  for (const [signature, position] of [2, 66, 130, 194].entries()) {
    t.is(outcome(ofChannel(spoilt(announcement, position + 5))), `signature ${signature}`)
  }
})

test('BOLT 7, channel_announcement — the signatures cover what follows the fields, and it is passed on as it came', (t) => {
  const announcement = channelAnnouncement(NODES, SCID, { extension: fromHex('0102ffff') })
  t.is(outcome(ofChannel(announcement)), 'valid')
  t.is(outcome(ofChannel(spoilt(announcement, -1))), 'signature 0')
  t.deepEqual(announcement.raw.slice(-4), fromHex('0102ffff'))
})

test('BOLT 7, channel_announcement — one of another chain is ignored', (t) => {
  t.is(outcome(ofChannel(channelAnnouncement(NODES, SCID, { chainHash: new Uint8Array(32) }))), 'other-chain')
})

test('BOLT 7, channel_announcement — node ids that are not in ascending order are refused', (t) => {
  const swapped = channelAnnouncement(NODES, SCID, { nodeId1: B.id, nodeId2: A.id })
  t.is(outcome(ofChannel(swapped)), 'node-ids-out-of-order')
  const same = channelAnnouncement(NODES, SCID, { nodeId2: A.id })
  t.is(outcome(ofChannel(same)), 'node-ids-out-of-order')
})

test('BOLT 7, channel_announcement — one whose funding has not six confirmations, or nearly, is ignored', (t) => {
  const seen = [-4, -3, 0, 10].map((above) => outcome(ofChannel(channelAnnouncement(NODES, at(HEIGHT + above)))))
  t.deepEqual(seen, ['valid', 'not-deep-enough', 'not-deep-enough', 'not-deep-enough'])
})

test('BOLT 7, channel_announcement — the first valid one of a channel counts', (t) => {
  t.is(outcome(ofChannel(channelAnnouncement([testNode('c'), A], SCID), known)), 'already-known')
})

test('BOLT 7, channel_announcement — the output is the P2WSH of both bitcoin keys and unspent, or the message is ignored', (t) => {
  const { message } = channelAnnouncement(NODES, SCID)
  const script = announcedOutput(A.funding.id, B.funding.id)
  t.deepEqual(script, fundingScript(A.funding.id, B.funding.id).outputScript)
  const txid = new Uint8Array(32)
  t.deepEqual(judgeFunding(message, { type: 'unspent', script, amountSat: 5n, txid }), {
    type: 'funded',
    funding: { capacitySat: 5n, txid },
  })
  const others = announcedOutput(A.funding.id, B.id)
  t.like(judgeFunding(message, { type: 'unspent', script: others, amountSat: 5n, txid }), {
    reason: 'funding-of-others',
  })
  t.like(judgeFunding(message, { type: 'spent' }), { reason: 'channel-spent' })
  t.like(judgeFunding(message, { type: 'missing' }), { reason: 'funding-missing' })
})

test('BOLT 7, channel_announcement — one with an unknown even bit is kept, and no payment goes through its channel', (t) => {
  const unknown = channelAnnouncement(NODES, SCID, { features: vectorOfBits([200]) })
  t.is(outcome(ofChannel(unknown)), 'valid')
  t.false(isChannelRoutable(unknown.message))
  t.true(isChannelRoutable(channelAnnouncement(NODES, SCID, { features: vectorOfBits([201]) }).message))
})

test('BOLT 7, channel_announcement — a spent channel is forgotten 72 blocks later', (t) => {
  const spent = { ...known, spentAt: HEIGHT }
  t.deepEqual(
    [0, 71, 72, 100].map((later) => isForgotten(spent, HEIGHT + later)),
    [false, false, true, true],
  )
  t.false(isForgotten(known, HEIGHT + 100))
})

test('BOLT 7, node_announcement — the signature must be valid, and covers what follows the fields', (t) => {
  const announcement = nodeAnnouncement(A, { extension: fromHex('07') })
  t.is(outcome(ofNode(announcement, {})), 'valid')
  t.is(outcome(ofNode(spoilt(announcement, 9), {})), 'signature 0')
  t.is(outcome(ofNode(spoilt(announcement, -1), {})), 'signature 0')
})

test('BOLT 7, node_announcement — a node id that is no point is refused', (t) => {
  const off = concat(Uint8Array.of(2), new Uint8Array(32).fill(0xff))
  t.is(outcome(ofNode(nodeAnnouncement(A, { nodeId: off }), {})), 'signature 0')
  const { raw } = nodeAnnouncement(A)
  const bytes = raw.slice()
  bytes[2 + 64 + 2 + 4] = 5
  t.like(decodeGossip(bytes), { ok: false, error: { code: 'invalid-point' } })
})

test('BOLT 7, node_announcement — a node without a known channel is ignored', (t) => {
  t.is(outcome(ofNode(nodeAnnouncement(A))), 'unknown-node')
})

test('BOLT 7, node_announcement — one that is not newer than the last is ignored', (t) => {
  const announcement = nodeAnnouncement(A, { timestamp: 100 })
  const seen = [99, 100, 101].map((timestamp) => outcome(ofNode(announcement, { timestamp })))
  t.deepEqual(seen, ['valid', 'not-newer', 'not-newer'])
})

test('BOLT 7, node_announcement — an address that is cut off is a fault of its sender: the announcement does not count', (t) => {
  t.is(outcome(ofNode(nodeAnnouncement(A, { addresses: fromHex('0101') }), {})), 'truncated-address')
})

test('BOLT 7, node_announcement — of several hostnames the first one counts, and the announcement is not forwarded: it is kept', (t) => {
  const host = '0501612607'
  const twice = nodeAnnouncement(A, { addresses: fromHex(host + host) })
  t.is(outcome(ofNode(twice, {})), 'valid')
  t.false(isNodeForwardable(twice.message))
  t.true(isNodeForwardable(nodeAnnouncement(A, { addresses: fromHex(host) }).message))
})

test('BOLT 7, node_announcement — one with an unknown even bit is kept, and no payment goes through its node', (t) => {
  const unknown = nodeAnnouncement(A, { features: vectorOfBits([14, 200]) })
  t.is(outcome(ofNode(unknown, {})), 'valid')
  t.false(isNodeRoutable(unknown.message))
  t.true(isNodeRoutable(nodeAnnouncement(A, { features: vectorOfBits([14, 24, 201]) }).message))
})

test('BOLT 7, channel_update — the signature of the node at whose end the direction begins must be valid, and covers what follows the fields', (t) => {
  for (const nodes of [NODES, [B, A] as const]) {
    const update = channelUpdate(nodes, SCID, { extension: fromHex('0102') })
    t.is(outcome(ofUpdate(update, known)), 'valid')
    t.is(outcome(ofUpdate(spoilt(update, 9), known)), 'signature 0')
    t.is(outcome(ofUpdate(spoilt(update, -1), known)), 'signature 0')
  }
  t.is(outcome(ofUpdate(channelUpdate([B, A], SCID, { channelFlags: 0 }), known)), 'signature 0')
})

test('BOLT 7, channel_update — one of another chain is ignored', (t) => {
  t.is(outcome(ofUpdate(channelUpdate(NODES, SCID, { chainHash: new Uint8Array(32) }), known)), 'other-chain')
})

test('BOLT 7, channel_update — one of a channel that was not announced is ignored', (t) => {
  t.is(outcome(ofUpdate(channelUpdate(NODES, SCID))), 'unknown-channel')
})

test('BOLT 7, channel_update — one that says so is not forwarded, and not kept among those that are', (t) => {
  t.is(outcome(ofUpdate(channelUpdate(NODES, SCID, { messageFlags: 3 }), known)), 'not-to-be-forwarded')
})

test('BOLT 7, channel_update — of a spent channel only what disables it counts', (t) => {
  const spent = { ...known, spentAt: HEIGHT - 1 }
  t.is(outcome(ofUpdate(channelUpdate(NODES, SCID), spent)), 'channel-spent')
  t.is(outcome(ofUpdate(channelUpdate(NODES, SCID, { channelFlags: 2 }), spent)), 'valid')
})

test('BOLT 7, channel_update — one that is not newer than the last of its direction is ignored', (t) => {
  const update = { timestamp: NOW - 100, checksum: 1 }
  const heard: KnownChannel = { ...known, updates: [update, undefined] }
  const seen = [-101, -100, -99].map((later) =>
    outcome(ofUpdate(channelUpdate(NODES, SCID, { timestamp: NOW + later }), heard)),
  )
  t.deepEqual(seen, ['not-newer', 'not-newer', 'valid'])
  t.is(outcome(ofUpdate(channelUpdate([B, A], SCID, { timestamp: NOW - 101 }), heard)), 'valid')
})

test('BOLT 7, channel_update — one more than a day in the future, or more than two weeks old, is ignored', (t) => {
  const [day, weeks] = [86_400, 1_209_600]
  const seen = [-weeks - 1, -weeks, day, day + 1].map((later) =>
    outcome(ofUpdate(channelUpdate(NODES, SCID, { timestamp: NOW + later }), known)),
  )
  t.deepEqual(seen, ['too-old', 'valid', 'valid', 'too-far-ahead'])
})

test('BOLT 7, channel_update — flags without a meaning change nothing, and must_be_one is not looked at', (t) => {
  const odd = channelUpdate(NODES, SCID, { messageFlags: 0xf0, channelFlags: 0xf8 })
  t.is(outcome(ofUpdate(odd, known)), 'valid')
})

test('BOLT 7, channel_update — a channel of which at least is more than at most, or at most more than it holds, is left out of routes', (t) => {
  const usable = (least: bigint, most: bigint): boolean =>
    isUpdateUsable(channelUpdate(NODES, SCID, { htlcMinimumMsat: least, htlcMaximumMsat: most }).message, known)
  t.deepEqual(
    [usable(1n, 1n), usable(2n, 1n), usable(1n, 1_000_000_000n), usable(1n, 1_000_000_001n)],
    [true, false, true, false],
  )
})

test('BOLT 7, pruning — a channel whose older update is more than two weeks old is removed', (t) => {
  const fresh = { timestamp: NOW, checksum: 1 }
  const old = { timestamp: NOW - 1_209_601, checksum: 1 }
  t.false(isStale({ ...known, updates: [fresh, fresh] }, NOW))
  t.true(isStale({ ...known, updates: [fresh, old] }, NOW))
  t.true(isStale({ ...known, updates: [old, fresh] }, NOW))
  t.false(isStale({ ...known, updates: [undefined, fresh] }, NOW))
  t.true(isStale({ ...known, updates: [undefined, fresh], since: NOW - 1_209_601 }, NOW))
})

test('BOLT 7, reply_channel_range — the checksum of an update leaves out its signature and timestamp', (t) => {
  const { raw } = channelUpdate(NODES, SCID)
  t.is(updateChecksum(raw), updateChecksum(channelUpdate(NODES, SCID, { timestamp: 5 }).raw))
  t.not(updateChecksum(raw), updateChecksum(channelUpdate(NODES, SCID, { feeBaseMsat: 5 }).raw))
  t.not(updateChecksum(raw), updateChecksum(channelUpdate([B, A], SCID).raw))
})
