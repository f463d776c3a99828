import test from 'ava'
import { AnnouncedGraph } from '../../graph/announced-graph.ts'
import { MemoryLog } from '../../graph/fixtures/memory-log.ts'
import { heightOf, type MadeChannel, makeNetwork } from '../../graph/fixtures/network.ts'
import { RecordingSink } from '../../graph/fixtures/recording-sink.ts'
import {
  CHAIN_HASH,
  channelAnnouncement,
  channelUpdate,
  NOW,
  nodeAnnouncement,
  testNode,
} from '../../graph/fixtures/signed-gossip.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { until } from '../../lib/fixtures/until.ts'
import { writeShortIds } from '../../wire/encoded-array.ts'
import { decodeGossip, encodeGossip, type GossipMessage } from '../../wire/gossip-codecs.ts'
import { GossipRoom, type GossipRoomOptions } from './gossip-room.ts'

const SIZE = { seed: 5, nodes: 40, channels: 200 }
const NETWORK: readonly MadeChannel[] = [...makeNetwork(SIZE)]
const TXID = new Uint8Array(32).fill(7)
const rig = (more: Partial<GossipRoomOptions> = {}) => {
  const clock = virtualClock(NOW * 1_000)
  const graph = new AnnouncedGraph(new MemoryLog(), new RecordingSink())
  const room = new GossipRoom({
    nodeId: new Uint8Array(33),
    graph,
    flushLog: () => {},
    chainHash: CHAIN_HASH,
    clock,
    height: () => heightOf(SIZE),
    check: async (checks) => new Uint8Array(checks.length).fill(1),
    lookUp: async () => ({ type: 'missing' }),
    ...more,
  })
  return { graph, room, clock }
}
const fill = (graph: AnnouncedGraph) => {
  for (const { announcement, capacitySat, updates } of NETWORK) {
    graph.addChannel(announcement, { capacitySat, txid: TXID }, NOW)
    for (const update of updates) graph.addUpdate(update)
  }
}
const listener = (offersQueries = true) => {
  const sent: GossipMessage[] = []
  return {
    sent,
    types: () => sent.map(({ type }) => type),
    line: {
      offersQueries,
      complain: () => {},
      send: async (messages: readonly Uint8Array[]) => {
        for (const raw of messages) {
          const decoded = decodeGossip(raw)
          if (decoded.ok) sent.push(decoded.value)
        }
      },
    },
  }
}
const turn = () => new Promise(setImmediate)

test('a connection that is replaced — what it asked is answered no further', async (t) => {
  const { room, graph } = rig()
  fill(graph)
  let sent = 0
  let takes = () => {}
  const old = {
    offersQueries: false,
    complain: () => {},
    send: (messages: readonly Uint8Array[]) => {
      sent += messages.length
      return new Promise<void>((resolve) => {
        takes = resolve
      })
    },
  }
  room.connected('p', old)
  await room.hear(
    'p',
    encodeGossip({
      type: 'gossip_timestamp_filter',
      chainHash: CHAIN_HASH,
      firstTimestamp: 0,
      timestampRange: 0xffffffff,
    }),
  )
  t.is(sent, 50)
  room.connected('p', listener(false).line)
  takes()
  await turn()
  t.is(sent, 50)
})

test('while the node has other work, the answers to all peers together get a bit of the time, in turn', async (t) => {
  let isBusy = true
  const { room, graph, clock } = rig({ isBusy: () => isBusy })
  fill(graph)
  const peers = [listener(false), listener(false), listener(false)] as const
  const sent = () => peers.map((peer) => peer.sent.length)
  const everything = encodeGossip({
    type: 'gossip_timestamp_filter',
    chainHash: CHAIN_HASH,
    firstTimestamp: 0,
    timestampRange: 0xffffffff,
  })
  for (const [i, { line }] of peers.entries()) room.connected(`${i}`, line)
  for (const [i] of peers.entries()) await room.hear(`${i}`, everything)
  const first = sent()
  t.true(first.every((messages) => messages > 0 && messages <= 50))
  for (let i = 0; i < 3; i++) {
    const before = sent()
    await clock.advance(50)
    t.deepEqual(
      sent().map((messages, at) => messages > (before[at] as number)),
      peers.map((_, at) => at === i),
    )
  }
  isBusy = false
  await clock.advance(50)
  await until(() => sent().every((messages) => messages === sent()[0] && messages >= 3 * NETWORK.length))
  t.pass()
})

test('a connection that is replaced — what it was asked for is asked of the new one', async (t) => {
  const { room } = rig()
  const [old, young] = [listener(), listener()]
  const ids = NETWORK.slice(0, 10).map(({ announcement }) => announcement.message.shortChannelId)
  const list = encodeGossip({
    type: 'reply_channel_range',
    chainHash: CHAIN_HASH,
    firstBlocknum: 0,
    numberOfBlocks: 1_000_000,
    syncComplete: 1,
    encodedShortIds: writeShortIds(ids),
  })
  room.connected('p', old.line)
  await room.hear('p', list)
  t.true(old.types().includes('query_short_channel_ids'))
  room.connected('p', young.line)
  await room.hear('p', list)
  t.true(young.types().includes('query_short_channel_ids'))
})

test('a liar that lists channels and does not tell of them keeps nobody else from being asked', async (t) => {
  const { room } = rig()
  const [liar, honest] = [listener(), listener()]
  const ids = NETWORK.slice(0, 10).map(({ announcement }) => announcement.message.shortChannelId)
  const list = encodeGossip({
    type: 'reply_channel_range',
    chainHash: CHAIN_HASH,
    firstBlocknum: 0,
    numberOfBlocks: 1_000_000,
    syncComplete: 1,
    encodedShortIds: writeShortIds(ids),
  })
  room.connected('liar', liar.line)
  room.connected('honest', honest.line)
  await room.hear('liar', list)
  await room.hear(
    'liar',
    encodeGossip({ type: 'reply_short_channel_ids_end', chainHash: CHAIN_HASH, fullInformation: 1 }),
  )
  await room.hear('honest', list)
  t.true(honest.types().includes('query_short_channel_ids'))
})

test('channels that one peer makes up keep no other from being asked', async (t) => {
  const { room } = rig({ lookUp: () => new Promise(() => {}) })
  const honest = listener()
  room.connected('liar', listener(false).line)
  room.connected('honest', honest.line)
  const { message } = (NETWORK[0] as MadeChannel).announcement
  for (let i = 0; i < 3_000; i++)
    await room.hear('liar', encodeGossip({ ...message, shortChannelId: message.shortChannelId + 1_000n + BigInt(i) }))
  const ids = NETWORK.slice(0, 10).map(({ announcement }) => announcement.message.shortChannelId)
  await room.hear(
    'honest',
    encodeGossip({
      type: 'reply_channel_range',
      chainHash: CHAIN_HASH,
      firstBlocknum: 0,
      numberOfBlocks: 1_000_000,
      syncComplete: 1,
      encodedShortIds: writeShortIds(ids),
    }),
  )
  t.true(honest.types().includes('query_short_channel_ids'))
})

test('a node that announces itself too often is not heard', async (t) => {
  const { room, graph } = rig()
  const [a, b] = [testNode('a'), testNode('b')]
  graph.addChannel(channelAnnouncement([a, b], 3n), { capacitySat: 1n, txid: TXID }, NOW)
  room.connected('p', listener(false).line)
  for (let i = 0; i < 200; i++) await room.hear('p', nodeAnnouncement(a, { timestamp: NOW + i }).raw)
  t.true((graph.node(a.id)?.timestamp ?? 0) < NOW + 100, `${graph.node(a.id)?.timestamp}`)
})

test('what cannot be kept is lost, and whoever has said it is told that it was dealt with', async (t) => {
  const log = new MemoryLog()
  const graph = new AnnouncedGraph(log, new RecordingSink())
  fill(graph)
  const bugs: unknown[] = []
  const { room } = rig({ graph, onBug: (thrown) => void bugs.push(thrown) })
  const full = new Error('no space left')
  log.append = () => {
    throw full
  }
  room.connected('p', listener(false).line)
  const [node] = (NETWORK[0] as MadeChannel).nodes
  await room.hear('p', node?.raw ?? new Uint8Array(0))
  t.deepEqual(bugs, [full])
})

test('our own updates are never too many', async (t) => {
  const { room, graph } = rig()
  const [a, b] = [testNode('a'), testNode('b')]
  graph.addChannel(channelAnnouncement([a, b], 3n), { capacitySat: 1n, txid: TXID }, NOW)
  for (let i = 0; i < 60; i++) await room.publish([channelUpdate([a, b], 3n, { timestamp: NOW + i }).raw])
  t.is(Math.max(...(graph.channel(3n)?.updates ?? []).map((update) => update?.timestamp ?? 0)), NOW + 59)
})

test('an announcement that is far too long is not kept', async (t) => {
  const { room, graph } = rig()
  const [a, b] = [testNode('a'), testNode('b')]
  graph.addChannel(channelAnnouncement([a, b], 3n), { capacitySat: 1n, txid: TXID }, NOW)
  room.connected('p', listener(false).line)
  await room.hear('p', nodeAnnouncement(a, { timestamp: NOW, extension: new Uint8Array(60_000) }).raw)
  t.is(graph.node(a.id)?.timestamp, undefined)
})
