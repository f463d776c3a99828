import test from 'ava'
import { EMPTY, fromHex, toHex } from '../lib/bytes.ts'
import { type ShortChannelId, shortChannelId } from '../lib/ids.ts'
import { formatFeatures, MESSAGE_FEATURES, vectorOfBits } from '../wire/features.ts'
import { AnnouncedGraph } from './announced-graph.ts'
import { MemoryLog } from './fixtures/memory-log.ts'
import { heightOf, type MadeChannel, makeNetwork } from './fixtures/network.ts'
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
import { readLog } from './gossip-log.ts'
import type { GossipEnv } from './rules/known.ts'

const TXID = new Uint8Array(32).fill(7)
const FUNDING = { capacitySat: 1_000_000n, txid: TXID }
const SIZE = { seed: 3, nodes: 12, channels: 30 }
const NETWORK: readonly MadeChannel[] = [...makeNetwork(SIZE)]
const env: GossipEnv = { chainHash: CHAIN_HASH, height: heightOf(SIZE), now: NOW }

const rig = () => {
  const log = new MemoryLog()
  const sink = new RecordingSink()
  return { log, sink, graph: new AnnouncedGraph(log, sink) }
}

const take = (graph: AnnouncedGraph, { announcement, capacitySat, updates, nodes }: MadeChannel): void => {
  graph.addChannel(announcement, { capacitySat, txid: TXID }, NOW)
  for (const update of updates) graph.addUpdate(update)
  for (const node of nodes) graph.addNode(node)
}

const filled = () => {
  const made = rig()
  for (const channel of NETWORK) take(made.graph, channel)
  return made
}

const reread = (log: MemoryLog) => {
  const sink = new RecordingSink()
  const graph = new AnnouncedGraph(log, sink)
  const result = readLog(log.bytes(), CHAIN_HASH, (record, place) => graph.takeUp(record, place))
  return { graph, sink, result }
}

const idOf = ({ announcement }: MadeChannel): ShortChannelId => announcement.message.shortChannelId

const gossipIn = (graph: AnnouncedGraph) =>
  NETWORK.map((channel) => [
    graph.gossipOf(idOf(channel)),
    graph.nodeGossipOf(channel.announcement.message.nodeId1),
    graph.nodeGossipOf(channel.announcement.message.nodeId2),
  ])

test('what was added is handed out as it came', (t) => {
  const { graph } = filled()
  t.deepEqual([graph.channelCount, graph.nodeCount], [SIZE.channels, SIZE.nodes])
  t.deepEqual([...graph.shortChannelIds()], NETWORK.map(idOf))
  for (const { announcement, updates, nodes } of NETWORK) {
    const gossip = graph.gossipOf(announcement.message.shortChannelId)
    t.is(gossip?.announcement && toHex(gossip.announcement), toHex(announcement.raw))
    for (const update of updates) {
      const heard = gossip?.updates[update.message.channelFlags & 1]
      t.is(heard && toHex(heard), toHex(update.raw))
    }
    for (const { raw, message } of nodes) t.deepEqual(graph.nodeGossipOf(message.nodeId), raw)
  }
})

test('a graph taken up from its log is the one that wrote it, for peers and for routes', (t) => {
  const { graph, log, sink } = filled()
  const [first, second, third] = NETWORK as readonly [MadeChannel, MadeChannel, MadeChannel]
  graph.markSpent(idOf(first), env.height)
  graph.markSpent(idOf(second), env.height)
  graph.markSpent(idOf(second), undefined)
  const newer = { ...third.updates[0]?.message, timestamp: NOW + 5 }
  graph.addUpdate({ raw: (third.updates[0] as MadeChannel['updates'][0]).raw, message: newer as never })
  const again = reread(log)
  t.true(again.result.ok)
  t.deepEqual(gossipIn(again.graph), gossipIn(graph))
  t.deepEqual(
    NETWORK.map((each) => again.graph.channel(idOf(each))?.spentAt),
    [env.height, ...new Array(SIZE.channels - 1).fill(undefined)],
  )
  t.deepEqual([...again.sink.channels.keys()], [...sink.channels.keys()])
  t.deepEqual(again.sink.policy(idOf(first), 1), sink.policy(idOf(first), 1))
})

test('in another log only what is of use is written, and all of it', (t) => {
  const { graph, log } = filled()
  for (const { updates, nodes } of NETWORK) {
    for (const update of updates) graph.addUpdate(update)
    for (const node of nodes) graph.addNode(node)
  }
  const before = gossipIn(graph)
  const smaller = new MemoryLog()
  graph.moveTo(smaller)
  t.true(smaller.bytes().length < log.bytes().length * 0.8)
  t.deepEqual(gossipIn(graph), before)
  t.deepEqual(gossipIn(reread(smaller).graph), before)
  t.is(smaller.bytes().length - graph.liveBytes(), 49)
})

test('BOLT 7, pruning — what was spent long ago or is stale is removed, and the nodes that have no other channel', (t) => {
  const { graph, log, sink } = filled()
  const [first] = NETWORK as readonly [MadeChannel]
  graph.markSpent(idOf(first), env.height - 71)
  t.is(graph.prune(env), 0)
  t.is(graph.prune({ ...env, height: env.height + 1 }), 1)
  t.is(graph.channel(idOf(first)), undefined)
  t.false(sink.channels.has(idOf(first)))
  t.is(graph.prune({ ...env, now: NOW + 30 * 24 * 3_600 }), SIZE.channels - 1)
  t.deepEqual([graph.channelCount, graph.nodeCount, sink.channels.size, graph.liveBytes()], [0, 0, 0, 0])
  t.deepEqual([reread(log).graph.channelCount, reread(log).sink.channels.size], [0, 0])
})

const NODES = inOrder(testNode('a'), testNode('b'))
const [A, B] = NODES
const SCID = shortChannelId({ blockHeight: 500_000, txIndex: 1, outputIndex: 0 })

test('a channel is found by the outpoint of its funding, as long as it is there, also after a restart', (t) => {
  const { graph, log } = rig()
  graph.addChannel(channelAnnouncement(NODES, SCID + 3n), FUNDING, NOW)
  const found = (of: AnnouncedGraph, index: number, txid: Uint8Array = TXID) => of.fundedBy({ txid, index })
  for (const each of [graph, reread(log).graph]) {
    t.deepEqual([found(each, 3), found(each, 0), found(each, 3, CHAIN_HASH)], [SCID + 3n, undefined, undefined])
  }
  graph.prune({ ...env, now: NOW + 30 * 24 * 3_600 })
  t.is(found(graph, 3), undefined)
})

test('routes learn what an update says, and its inbound fee', (t) => {
  const { graph, sink } = rig()
  graph.addChannel(channelAnnouncement(NODES, SCID), FUNDING, NOW)
  graph.addUpdate(channelUpdate([B, A], SCID, { extension: fromHex('fdd90308fffffffe00000003') }))
  t.deepEqual(sink.policy(SCID, 1), {
    timestamp: NOW - 3_600,
    disabled: false,
    cltvExpiryDelta: 80,
    feeBaseMsat: 1_000,
    feeProportionalMillionths: 100,
    htlcMinimumMsat: 1n,
    htlcMaximumMsat: 900_000_000n,
    inboundFeeBaseMsat: -2,
    inboundFeeProportionalMillionths: 3,
  })
})

test('BOLT 7, node_announcement — one with an unknown even bit is kept, and no payment goes through its node: nor to it', (t) => {
  const { graph, sink } = rig()
  graph.addChannel(channelAnnouncement(NODES, SCID), FUNDING, NOW)
  for (const direction of [0, 1] as const) graph.addUpdate(channelUpdate(NODES, SCID, { channelFlags: direction }))
  const isOut = () => [sink.policy(SCID, 0)?.disabled, sink.policy(SCID, 1)?.disabled]
  t.deepEqual(isOut(), [false, false])
  for (const node of [A, B]) {
    graph.addNode(nodeAnnouncement(node, { features: vectorOfBits([200]) }))
    t.deepEqual(isOut(), [true, true])
    graph.addNode(nodeAnnouncement(node, { timestamp: NOW }))
    t.deepEqual(isOut(), [false, false])
  }
})

test('routes leave out what is disabled, what allows nothing, and what asks for something unknown', (t) => {
  const { graph, sink } = rig()
  const unknown = vectorOfBits([200])
  graph.addChannel(channelAnnouncement(NODES, SCID), FUNDING, NOW)
  graph.addChannel(channelAnnouncement(NODES, SCID + 1n, { features: unknown }), FUNDING, NOW)
  t.false(sink.channels.has(SCID + 1n))
  t.is(graph.channelCount, 2)
  const isOut = (as: Parameters<typeof channelUpdate>[2]): boolean | undefined => {
    graph.addUpdate(channelUpdate(NODES, SCID, as))
    return sink.policy(SCID, 0)?.disabled
  }
  t.true(isOut({ channelFlags: 2 }))
  t.true(isOut({ htlcMaximumMsat: 0n }))
  t.true(isOut({ htlcMaximumMsat: 1_000_000_001n }))
  t.false(isOut({}))
  graph.addNode(nodeAnnouncement(B, { features: unknown }))
  t.true(sink.policy(SCID, 0)?.disabled)
  t.true(isOut({}))
  graph.addNode(nodeAnnouncement(B, { timestamp: NOW }))
  t.false(sink.policy(SCID, 0)?.disabled)
})

test('BOLT 7, node_announcement — of several hostnames the first one counts, and the announcement is not forwarded: nor told to who asks', (t) => {
  const { graph } = rig()
  graph.addChannel(channelAnnouncement(NODES, SCID), FUNDING, NOW)
  graph.addNode(nodeAnnouncement(A, { addresses: fromHex('05016126070501612607') }))
  graph.addNode(nodeAnnouncement(B, { addresses: fromHex('0501612607') }))
  t.is(graph.nodeGossipOf(A.id), undefined)
  t.truthy(graph.nodeGossipOf(B.id))
})

test('onion messages find the shortest way over nodes that say that they relay them, while the channels are unspent', (t) => {
  const names = ['a', 'b', 'c', 'd', 'e'].map(testNode)
  const [a, b, c, d, e] = names as [TestNode, TestNode, TestNode, TestNode, TestNode]
  const relaying = formatFeatures(MESSAGE_FEATURES, 'node')
  const { graph, log } = rig()
  const channels = [
    [a, b],
    [b, c],
    [c, d],
    [a, e],
    [e, d],
  ] as const
  const id = (at: number): ShortChannelId => shortChannelId({ blockHeight: 500, txIndex: at, outputIndex: 0 })
  for (const [at, nodes] of channels.entries()) graph.addChannel(channelAnnouncement(nodes, id(at)), FUNDING, NOW)
  for (const node of [a, b, c, d, e]) {
    graph.addNode(nodeAnnouncement(node, { features: node === e ? EMPTY : relaying }))
  }
  const way = (known: AnnouncedGraph, to: TestNode) =>
    known
      .messageWays([a.id])(to.id)
      ?.map((relay) => toHex(relay))
  for (const known of [graph, reread(log).graph]) {
    t.deepEqual(
      way(known, d),
      [a, b, c].map((node) => toHex(node.id)),
    )
    t.deepEqual(way(known, a), [])
    t.is(way(known, e), undefined)
    t.is(way(known, testNode('f')), undefined)
  }
  graph.addNode(nodeAnnouncement(e, { features: relaying, timestamp: NOW }))
  t.deepEqual(
    way(graph, d),
    [a, e].map((node) => toHex(node.id)),
  )
  graph.markSpent(id(4), 600)
  t.is(way(graph, d)?.length, 3)
  graph.markSpent(id(1), 600)
  t.is(way(graph, d), undefined)
})
