import test from 'ava'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { type ShortChannelId, shortChannelId } from '../../lib/ids.ts'
import { readShortIds, readTimestamps, writeQueryFlags, writeShortIds } from '../../wire/encoded-array.ts'
import { decodeGossip } from '../../wire/gossip-codecs.ts'
import type {
  GossipTimestampFilter,
  QueryChannelRange,
  QueryShortChannelIds,
} from '../../wire/messages/gossip-queries.ts'
import { AnnouncedGraph } from '../announced-graph.ts'
import { MemoryLog } from '../fixtures/memory-log.ts'
import { RecordingSink } from '../fixtures/recording-sink.ts'
import {
  CHAIN_HASH,
  channelAnnouncement,
  channelUpdate,
  inOrder,
  NOW,
  nodeAnnouncement,
  testNode,
} from '../fixtures/signed-gossip.ts'
import { updateChecksum } from '../rules/channel-update.ts'
import { answerRange } from './channel-range.ts'
import { answerShortIds, wantedIn } from './short-ids.ts'
import { backlog, passes } from './timestamp-filter.ts'

const OTHER_CHAIN = new Uint8Array(32)
const FUNDING = { capacitySat: 1_000_000n, txid: new Uint8Array(32) }
const NODES = inOrder(testNode('a'), testNode('b'))
const [A, B] = NODES
const at = (blockHeight: number, txIndex = 1): ShortChannelId =>
  shortChannelId({ blockHeight, txIndex, outputIndex: 0 })

/** Two channels of A and B, of which one has both updates; both nodes have announced themselves. */
const network = () => {
  const graph = new AnnouncedGraph(new MemoryLog(), new RecordingSink())
  const channels = [at(100), at(200)].map((id) => channelAnnouncement(NODES, id))
  const updates = [channelUpdate(NODES, at(100)), channelUpdate([B, A], at(100), { timestamp: NOW - 50 })]
  const nodes = [nodeAnnouncement(A), nodeAnnouncement(B, { timestamp: NOW - 50 })]
  for (const channel of channels) graph.addChannel(channel, FUNDING, NOW)
  for (const update of updates) graph.addUpdate(update)
  for (const node of nodes) graph.addNode(node)
  const names = new Map<string, string>()
  for (const [i, { raw }] of channels.entries()) names.set(toHex(raw), `channel ${i + 1}`)
  for (const [i, { raw }] of updates.entries()) names.set(toHex(raw), `update ${i + 1}`)
  for (const [i, { raw }] of nodes.entries()) names.set(toHex(raw), `node ${i + 1}`)
  return { graph, updates, name: (raw: Uint8Array): string => names.get(toHex(raw)) ?? nameOf(raw) }
}

const nameOf = (raw: Uint8Array): string => {
  const decoded = decodeGossip(raw)
  if (!decoded.ok) return decoded.error.code
  return decoded.value.type === 'reply_short_channel_ids_end' ? `end ${decoded.value.fullInformation}` : 'else'
}

const query = (ids: readonly ShortChannelId[], more: Partial<QueryShortChannelIds> = {}): QueryShortChannelIds => ({
  type: 'query_short_channel_ids',
  chainHash: CHAIN_HASH,
  encodedShortIds: writeShortIds(ids),
  ...more,
})

const answered = (asked: QueryShortChannelIds): readonly string[] | string => {
  const { graph, name } = network()
  const wanted = wantedIn(asked)
  return wanted.ok
    ? [...answerShortIds(graph, CHAIN_HASH, asked, wanted.value)].flatMap((raw) => (raw === undefined ? [] : name(raw)))
    : wanted.error
}

const flagged = (...flags: readonly bigint[]) => ({ queryFlags: writeQueryFlags(flags) })

test('BOLT 7, query_short_channel_ids — each known channel is answered with its announcement, updates and nodes, and an end follows', (t) => {
  t.deepEqual(answered(query([at(100)])), ['channel 1', 'update 1', 'update 2', 'node 1', 'node 2', 'end 1'])
  t.deepEqual(answered(query([at(50), at(300)])), ['end 1'])
  t.deepEqual(answered(query([])), ['end 1'])
})

test('BOLT 7, query_short_channel_ids — each node is told of once in an answer', (t) => {
  t.deepEqual(answered(query([at(100), at(200)])), [
    'channel 1',
    'update 1',
    'update 2',
    'node 1',
    'node 2',
    'channel 2',
    'end 1',
  ])
})

test('BOLT 7, query_short_channel_ids — with flags only what they ask for is sent', (t) => {
  const names = ['channel 1', 'update 1', 'update 2', 'node 1', 'node 2']
  for (const [bit, name] of names.entries()) {
    t.deepEqual(answered(query([at(100)], flagged(1n << BigInt(bit)))), [name, 'end 1'])
  }
  t.deepEqual(answered(query([at(100), at(200)], flagged(0n, 33n))), ['channel 2', 'end 1'])
})

test('BOLT 7, query_short_channel_ids — a query that cannot be read, or has not a flag for each id, is a fault', (t) => {
  t.is(answered(query([], { encodedShortIds: fromHex('01789c') })), 'unknown-encoding')
  t.is(answered(query([], { encodedShortIds: fromHex('0001') })), 'not-whole')
  t.is(answered(query([at(200), at(100)])), 'not-ascending')
  t.is(answered(query([at(100)], { queryFlags: fromHex('01ff') })), 'unknown-encoding')
  t.is(answered(query([at(100)], { queryFlags: fromHex('00fd0001') })), 'not-whole')
  t.is(answered(query([at(100)], flagged())), 'flags-do-not-match')
  t.is(answered(query([at(100)], flagged(1n, 1n))), 'flags-do-not-match')
})

test('BOLT 7, query_short_channel_ids — of another chain nothing is told but the end, which says so', (t) => {
  t.deepEqual(answered(query([at(100)], { chainHash: OTHER_CHAIN })), ['end 0'])
})

const range = (firstBlocknum: number, numberOfBlocks: number, more: Partial<QueryChannelRange> = {}) =>
  ({
    type: 'query_channel_range',
    chainHash: CHAIN_HASH,
    firstBlocknum,
    numberOfBlocks,
    ...more,
  }) satisfies QueryChannelRange

const listed = (graph: AnnouncedGraph, asked: QueryChannelRange) =>
  [...answerRange(graph, CHAIN_HASH, asked)].map((reply) => {
    const ids = readShortIds(reply.encodedShortIds)
    return {
      from: reply.firstBlocknum,
      to: reply.firstBlocknum + reply.numberOfBlocks,
      isLast: reply.syncComplete === 1,
      ids: ids.ok ? ids.value : [],
    }
  })

test('BOLT 7, query_channel_range — one reply or more list the channels of the blocks, and only the last says that it is', (t) => {
  const { graph } = network()
  const seen = ([from, number]: readonly [number, number]) =>
    listed(graph, range(from, number)).flatMap(({ ids }) => ids)
  t.deepEqual(
    (
      [
        [0, 0xffffffff],
        [100, 100],
        [100, 101],
        [101, 100],
        [0, 100],
        [201, 5],
        [0xffffffff, 0xffffffff],
      ] as const
    ).map(seen),
    [[at(100), at(200)], [at(100)], [at(100), at(200)], [at(200)], [], [], []],
  )
  t.deepEqual(listed(graph, range(150, 10)), [{ from: 150, to: 160, isLast: true, ids: [] }])
})

test('BOLT 7, query_channel_range — replies cover the blocks that were asked for, in their order, also where a block has more than fit', (t) => {
  const graph = new AnnouncedGraph(new MemoryLog(), new RecordingSink())
  const { raw, message } = channelAnnouncement(NODES, at(1))
  const ids = [
    ...Array.from({ length: 1_600 }, (_, i) => at(10, i)),
    ...Array.from({ length: 1_400 }, (_, i) => at(20, i)),
    at(30),
  ]
  for (const id of ids) graph.addChannel({ raw, message: { ...message, shortChannelId: id } }, FUNDING, NOW)
  const replies = listed(graph, range(5, 95))
  t.deepEqual(
    replies.map(({ from, to, isLast }) => [from, to, isLast]),
    [
      [5, 11, false],
      [10, 21, false],
      [21, 100, true],
    ],
  )
  t.deepEqual(
    replies.flatMap((reply) => reply.ids),
    ids,
  )
})

test('BOLT 7, query_channel_range — times and checksums of the updates are added if they are asked for, with zeroes for what there is not', (t) => {
  const { graph, updates } = network()
  const [one, two] = updates.map(({ raw }) => updateChecksum(raw))
  const asked = (queryOptionFlags?: bigint) => {
    const [reply] = answerRange(
      graph,
      CHAIN_HASH,
      range(0, 1_000, queryOptionFlags === undefined ? {} : { queryOptionFlags }),
    )
    const times = reply?.timestamps && readTimestamps(reply.timestamps)
    return [times?.ok ? times.value : undefined, reply?.checksums]
  }
  const times = [
    { node1: NOW - 3_600, node2: NOW - 50 },
    { node1: 0, node2: 0 },
  ]
  const checksums = [
    { node1: one, node2: two },
    { node1: 0, node2: 0 },
  ]
  t.deepEqual(asked(), [undefined, undefined])
  t.deepEqual(asked(1n), [times, undefined])
  t.deepEqual(asked(2n), [undefined, checksums])
  t.deepEqual(asked(0xffn), [times, checksums])
})

test('BOLT 7, query_channel_range — of another chain, and of spent channels, nothing is listed', (t) => {
  const { graph } = network()
  graph.markSpent(at(100), 500)
  t.deepEqual(
    listed(graph, range(0, 1_000)).flatMap(({ ids }) => ids),
    [at(200)],
  )
  t.deepEqual(listed(graph, range(0, 1_000, { chainHash: OTHER_CHAIN })), [
    { from: 0, to: 1_000, isLast: true, ids: [] },
  ])
})

const filterOf = (firstTimestamp: number, timestampRange: number, chainHash = CHAIN_HASH): GossipTimestampFilter => ({
  type: 'gossip_timestamp_filter',
  chainHash,
  firstTimestamp,
  timestampRange,
})

test('BOLT 7, gossip_timestamp_filter — only what is within it is passed on, and nothing without one', (t) => {
  const filter = filterOf(100, 10)
  t.deepEqual(
    [99, 100, 109, 110].map((time) => passes(filter, CHAIN_HASH, time)),
    [false, true, true, false],
  )
  t.false(passes(undefined, CHAIN_HASH, 100))
  t.false(passes(filterOf(100, 10, OTHER_CHAIN), CHAIN_HASH, 100))
  t.true(passes(filterOf(100, 0xffffffff), CHAIN_HASH, 0xffffffff))
  t.false(passes(filterOf(0xffffffff, 0), CHAIN_HASH, 0xffffffff))
})

test('BOLT 7, gossip_timestamp_filter — what is known is sent if it is within, a channel before its updates and nodes and never without an update', (t) => {
  const { graph, name } = network()
  const sent = (filter: GossipTimestampFilter) =>
    [...backlog(graph, CHAIN_HASH, filter)].flatMap((raw) => (raw === undefined ? [] : name(raw)))
  t.deepEqual(sent(filterOf(0, 0xffffffff)), ['channel 1', 'update 1', 'update 2', 'node 1', 'node 2'])
  t.deepEqual(sent(filterOf(NOW - 100, 1_000)), ['channel 1', 'update 2', 'node 2'])
  t.deepEqual(sent(filterOf(NOW, 1_000)), [])
  t.deepEqual(sent(filterOf(0, 0xffffffff, OTHER_CHAIN)), [])
  graph.markSpent(at(100), 500)
  t.deepEqual(sent(filterOf(0, 0xffffffff)), ['node 1', 'node 2'])
})
