import test from 'ava'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { type ShortChannelId, shortChannelId } from '../lib/ids.ts'
import { encodeGossip } from '../wire/gossip-codecs.ts'
import { AnnouncedGraph } from './announced-graph.ts'
import { MemoryLog } from './fixtures/memory-log.ts'
import { RecordingSink } from './fixtures/recording-sink.ts'
import {
  CHAIN_HASH,
  channelAnnouncement,
  channelUpdate,
  inOrder,
  NOW,
  nodeAnnouncement,
  type TestNode,
  testNode,
} from './fixtures/signed-gossip.ts'
import { type Batch, Intake, OWN } from './intake.ts'
import { announcedOutput, type FundingOutput } from './rules/channel-announcement.ts'
import type { GossipEnv } from './rules/known.ts'

const HEIGHT = 800_000
const ENV: GossipEnv = { chainHash: CHAIN_HASH, height: HEIGHT, now: NOW }
const NODES = inOrder(testNode('a'), testNode('b'))
const [A, B] = NODES
const at = (txIndex: number): ShortChannelId => shortChannelId({ blockHeight: HEIGHT - 100, txIndex, outputIndex: 0 })
const SCID = at(1)
const CAPACITY = 1_000_000n

const fundingOf = ([a, b]: readonly [TestNode, TestNode] = NODES): FundingOutput => ({
  type: 'unspent',
  script: announcedOutput(a.funding.id, b.funding.id),
  amountSat: CAPACITY,
  txid: new Uint8Array(32),
})

const rig = (env = ENV) => {
  const graph = new AnnouncedGraph(new MemoryLog(), new RecordingSink())
  const intake = new Intake(graph)
  const check = ({ checks }: Batch): Uint8Array =>
    Uint8Array.from(checks, ({ signature, digest, publicKey }) =>
      secp256k1.verify(signature, digest, publicKey) ? 1 : 0,
    )
  return {
    graph,
    intake,
    hear: (messages: readonly Uint8Array[], peer = 'peer') => intake.hear(peer, messages, env),
    settle: (batch: Batch) => intake.settle(batch, check(batch), env),
    funded: (id: ShortChannelId, output: FundingOutput | undefined = fundingOf()) => intake.funded(id, output, env),
    /** Everything at once: the messages that were added. */
    take(messages: readonly Uint8Array[], peer = 'peer'): readonly string[] {
      const batch = intake.hear(peer, messages, env)
      const outcome = intake.settle(batch, check(batch), env)
      const added = outcome.lookups.flatMap((id) => intake.funded(id, fundingOf(), env).added)
      return [...outcome.added, ...added].map(({ message }) => message.type)
    },
  }
}

const announcement = channelAnnouncement(NODES, SCID)
const updates = [channelUpdate(NODES, SCID), channelUpdate([B, A], SCID)]
const nodes = [nodeAnnouncement(A), nodeAnnouncement(B)]
const ALL = [announcement, ...updates, ...nodes].map(({ raw }) => raw)

test('what belongs to one channel is taken in together, the channel first', (t) => {
  const { take, graph } = rig()
  t.deepEqual(take(ALL), [
    'channel_announcement',
    'channel_update',
    'channel_update',
    'node_announcement',
    'node_announcement',
  ])
  t.deepEqual([graph.channelCount, graph.nodeCount], [1, 2])
  t.is(toHex(graph.gossipOf(SCID)?.announcement ?? new Uint8Array(0)), toHex(announcement.raw))
})

test('what is known is neither checked again nor added again, whoever says it', (t) => {
  const { take, hear } = rig()
  take(ALL)
  const again = hear(ALL, 'other')
  t.deepEqual([again.checks.length, again.items.length, again.faults.length], [0, 0, 0])
  t.deepEqual(
    [...again.ignored],
    [
      ['already-known', 1],
      ['not-newer', 4],
    ],
  )
})

test('what is being checked is not checked a second time, unless it is not the same', (t) => {
  const { hear } = rig()
  hear([announcement.raw])
  t.deepEqual([...hear([announcement.raw], 'other').ignored], [['already-known', 1]])
  const other = announcement.raw.slice()
  other[5] = (other[5] as number) ^ 1
  t.is(hear([other], 'other').checks.length, 4)
})

test('a forged announcement that comes first does not keep out the true one', (t) => {
  const { hear, settle, funded, graph } = rig()
  const forged = announcement.raw.slice()
  forged[5] = (forged[5] as number) ^ 1
  // Its signatures are right, but the keys have nothing to do with the funding.
  const foreign = channelAnnouncement([testNode('c'), testNode('d')], SCID)
  const first = hear([forged, foreign.raw], 'forger')
  const second = hear(ALL)
  t.deepEqual(settle(first).faults, [{ fault: 'invalid-signature', messageType: 256 }])
  // The updates are tried against every node that may have signed them: that they fit only one is nobody's fault.
  t.like(settle(second), { lookups: [SCID], faults: [] })
  t.deepEqual(
    funded(SCID).added.map(({ message }) => message.type),
    ['channel_announcement', 'channel_update', 'channel_update', 'node_announcement', 'node_announcement'],
  )
  t.deepEqual(graph.channel(SCID)?.nodeIds, [A.id, B.id])
})

test('a channel whose funding cannot be looked up yet waits with what is said of it, and holds up nothing else', (t) => {
  const { hear, settle, funded, take, graph, intake } = rig()
  t.deepEqual(settle(hear([announcement.raw])).lookups, [SCID])
  t.deepEqual(take([channelAnnouncement(NODES, at(2)).raw]), ['channel_announcement'])
  t.deepEqual(
    settle(hear([...updates, ...nodes].map(({ raw }) => raw))).added.map(({ message }) => message.type),
    ['node_announcement', 'node_announcement'],
  )
  t.is(intake.waiting, 1)
  t.deepEqual(
    funded(SCID).added.map(({ message }) => message.type),
    ['channel_announcement', 'channel_update', 'channel_update'],
  )
  t.deepEqual([graph.channelCount, intake.waiting], [2, 0])
})

test('an update that is checked while its channel is added comes after it', (t) => {
  const { hear, settle, funded, graph } = rig()
  const first = hear([announcement.raw])
  const second = hear([updates[0]?.raw ?? new Uint8Array(0)])
  settle(first)
  t.is(funded(SCID).added.length, 1)
  t.is(settle(second).added.length, 1)
  t.truthy(graph.channel(SCID)?.updates[0])
})

test('a channel without its funding is dropped, and what is said of it', (t) => {
  for (const output of [undefined, { type: 'missing' }, { type: 'spent' }, fundingOf([A, testNode('c')])] as const) {
    const { hear, settle, intake, graph } = rig()
    settle(hear(ALL))
    t.deepEqual(intake.funded(SCID, output, ENV).added, [])
    t.deepEqual([graph.channelCount, graph.nodeCount, intake.waiting], [0, 0, 0])
    t.deepEqual(
      [...hear(ALL.slice(1)).ignored],
      [
        ['unknown-channel', 2],
        ['unknown-node', 2],
      ],
    )
  }
})

test('of two updates in flight the newer one stays, in whatever order they are checked', (t) => {
  for (const isReversed of [false, true]) {
    const { take, hear, settle, graph } = rig()
    take([announcement.raw])
    const batches = [NOW - 50, NOW - 40].map((timestamp) => hear([channelUpdate(NODES, SCID, { timestamp }).raw]))
    for (const batch of isReversed ? batches.toReversed() : batches) settle(batch)
    t.is(graph.channel(SCID)?.updates[0]?.timestamp, NOW - 40)
  }
})

test('faults name their message, and the rest of the batch goes on', (t) => {
  const { hear, settle, funded } = rig()
  const wrong = updates[0]?.raw.slice() ?? new Uint8Array(0)
  wrong[10] = (wrong[10] as number) ^ 1
  const swapped = channelAnnouncement(NODES, at(3), { nodeId1: B.id, nodeId2: A.id })
  const query = encodeGossip({ type: 'reply_short_channel_ids_end', chainHash: CHAIN_HASH, fullInformation: 1 })
  const batch = hear([fromHex('0100'), query, swapped.raw, announcement.raw, wrong])
  t.deepEqual(batch.faults, [
    { fault: 'unreadable', messageType: 256 },
    { fault: 'unreadable', messageType: 262 },
    { fault: 'node-ids-out-of-order', messageType: 256 },
  ])
  t.like(settle(batch), { faults: [], lookups: [SCID] })
  funded(SCID)
  t.deepEqual(settle(hear([wrong])).faults, [{ fault: 'invalid-signature', messageType: 258 }])
})

test('a peer can let only so many channels wait, and so can all together', (t) => {
  const { hear, intake } = rig()
  const raw = (i: number): Uint8Array => {
    // Whether they are signed is found out later.
    const { message } = announcement
    return encodeGossip({ ...message, shortChannelId: at(i) })
  }
  const many = Array.from({ length: 5_001 }, (_, i) => raw(i))
  t.deepEqual([...hear(many).ignored], [['too-many-waiting', 1]])
  t.is(hear(many.slice(5_000), 'other').checks.length, 4)
  for (const peer of ['c', 'd', 'e'])
    hear(
      Array.from({ length: 5_000 }, (_, i) => raw(i + 10_000 * peer.charCodeAt(0))),
      peer,
    )
  t.is(intake.waiting, 20_000)
  t.deepEqual([...hear([raw(9_999_999)], 'f').ignored], [['too-many-waiting', 1]])
})

test('of more than 48 updates that are under way at once no more are taken; our own are not counted against us', (t) => {
  const timestamps = Array.from({ length: 60 }, (_, i) => NOW - 10_000 + i)
  for (const [peer, taken] of [
    ['peer', 48],
    [OWN, 60],
  ] as const) {
    const { take, hear, settle } = rig()
    take([announcement.raw])
    const updated = hear(
      timestamps.map((timestamp) => channelUpdate(NODES, SCID, { timestamp }).raw),
      peer,
    )
    t.is(settle(updated).added.length, taken)
    const announced = hear(
      timestamps.map((timestamp) => nodeAnnouncement(A, { timestamp }).raw),
      peer,
    )
    t.is(settle(announced).added.length, taken)
  }
})

test('a direction that is updated more than 48 times a day is not listened to until the next', (t) => {
  const { take, hear, intake } = rig()
  take([announcement.raw])
  const update = (i: number) => channelUpdate(NODES, SCID, { timestamp: NOW - 10_000 + i }).raw
  for (let i = 0; i < 48; i++) t.deepEqual(take([update(i)]), ['channel_update'])
  t.deepEqual([...hear([update(48)]).ignored], [['too-often', 1]])
  t.is(hear([updates[1]?.raw ?? new Uint8Array(0)]).checks.length, 1)
  t.is(intake.hear('peer', [update(48)], { ...ENV, now: NOW + 86_400 }).checks.length, 1)
})
