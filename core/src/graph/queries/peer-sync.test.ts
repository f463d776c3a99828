import test from 'ava'
import { fromHex } from '../../lib/bytes.ts'
import { type ShortChannelId, shortChannelId } from '../../lib/ids.ts'
import {
  type PerDirection,
  readQueryFlags,
  readShortIds,
  writeShortIds,
  writeTimestamps,
} from '../../wire/encoded-array.ts'
import type { ReplyChannelRange, ReplyShortChannelIdsEnd } from '../../wire/messages/gossip-queries.ts'
import { AnnouncedGraph } from '../announced-graph.ts'
import { MemoryLog } from '../fixtures/memory-log.ts'
import { RecordingSink } from '../fixtures/recording-sink.ts'
import { CHAIN_HASH, channelAnnouncement, channelUpdate, inOrder, NOW, testNode } from '../fixtures/signed-gossip.ts'
import { updateChecksum } from '../rules/channel-update.ts'
import type { GossipEnv } from '../rules/known.ts'
import { answerRange } from './channel-range.ts'
import { answeredBy, listedBy, nextQuery, type PeerSync, startSync } from './peer-sync.ts'

const ENV: GossipEnv = { chainHash: CHAIN_HASH, height: 999, now: NOW }
const FUNDING = { capacitySat: 1_000_000n, txid: new Uint8Array(32) }
const NODES = inOrder(testNode('a'), testNode('b'))
const at = (blockHeight: number, txIndex = 1): ShortChannelId =>
  shortChannelId({ blockHeight, txIndex, outputIndex: 0 })

const emptyGraph = () => new AnnouncedGraph(new MemoryLog(), new RecordingSink())

const reply = (
  from: number,
  to: number,
  ids: readonly ShortChannelId[],
  more: Partial<ReplyChannelRange> = {},
): ReplyChannelRange => ({
  type: 'reply_channel_range',
  chainHash: CHAIN_HASH,
  firstBlocknum: from,
  numberOfBlocks: to - from,
  syncComplete: 1,
  encodedShortIds: writeShortIds(ids),
  ...more,
})

const end = (fullInformation = 1): ReplyShortChannelIdsEnd => ({
  type: 'reply_short_channel_ids_end',
  chainHash: CHAIN_HASH,
  fullInformation,
})

/** After these replies: what is wanted, or the fault. */
const after = (graph: AnnouncedGraph, ...replies: readonly ReplyChannelRange[]): PeerSync | string => {
  let sync: PeerSync = startSync(ENV).sync
  for (const each of replies) {
    const listed = listedBy(sync, each, graph, ENV)
    if (!listed.ok) return listed.error
    sync = listed.value
  }
  return sync
}

const wanted = (graph: AnnouncedGraph, ...replies: readonly ReplyChannelRange[]) => {
  const sync = after(graph, ...replies)
  if (typeof sync === 'string') return sync
  return 'wanted' in sync ? sync.wanted.map(({ shortChannelId: id, flags }) => [id, flags] as const) : []
}

test('BOLT 7, query_channel_range — all blocks up to ours are asked for, at least one', (t) => {
  t.like(startSync(ENV).send, { firstBlocknum: 0, numberOfBlocks: 1_000, queryOptionFlags: 3n, chainHash: CHAIN_HASH })
  t.is(startSync({ ...ENV, height: 0 }).send.numberOfBlocks, 1)
})

test('a peer lists its channels in one reply or more, and is asked for those that we do not know', (t) => {
  t.deepEqual(wanted(emptyGraph(), reply(0, 1_000, [at(5), at(7)])), [
    [at(5), 31n],
    [at(7), 31n],
  ])
  const parts = [reply(0, 11, [at(5)]), reply(10, 21, [at(10), at(20)]), reply(21, 1_500, [])]
  t.like(after(emptyGraph(), ...parts.slice(0, 2)), { phase: 'listing' })
  t.like(after(emptyGraph(), ...parts), { phase: 'asking', isWaiting: false })
  t.is(wanted(emptyGraph(), ...parts)?.length, 3)
})

test('replies of our own to our own question are understood', (t) => {
  const graph = emptyGraph()
  const { raw, message } = channelAnnouncement(NODES, at(1))
  for (let i = 0; i < 3_500; i++) {
    const id = at(10 + Math.floor(i / 1_000), i)
    graph.addChannel({ raw, message: { ...message, shortChannelId: id } }, FUNDING, NOW)
    graph.addUpdate(channelUpdateFor(id))
  }
  const replies = [...answerRange(graph, CHAIN_HASH, startSync(ENV).send)]
  t.is(replies.length, 3)
  t.is(wanted(emptyGraph(), ...replies).length, 3_500)
  t.deepEqual(wanted(graph, ...replies), [])
})

const signedOnce = channelUpdate(NODES, at(1))
const channelUpdateFor = (id: ShortChannelId) => ({
  raw: signedOnce.raw,
  message: { ...signedOnce.message, shortChannelId: id },
})

test('what cannot be an answer to our question is a fault', (t) => {
  const graph = emptyGraph()
  const one = { node1: NOW, node2: NOW }
  for (const [fault, ...replies] of [
    ['other-chain', reply(0, 1_000, [], { chainHash: new Uint8Array(32) })],
    ['unknown-encoding', reply(0, 1_000, [], { encodedShortIds: fromHex('01') })],
    ['not-ascending', reply(0, 1_000, [at(7), at(5)])],
    ['arrays-do-not-match', reply(0, 1_000, [at(5)], { timestamps: writeTimestamps([one, one]) })],
    ['arrays-do-not-match', reply(0, 1_000, [at(5)], { checksums: [] })],
    ['unknown-encoding', reply(0, 1_000, [at(5)], { timestamps: fromHex('01') })],
    // The first blocks are left out, or blocks are said again, or for ever.
    ['out-of-range', reply(5, 1_000, [])],
    ['out-of-range', reply(0, 0, [])],
    ['out-of-range', reply(0, 100, []), reply(50, 100, [])],
    ['out-of-range', reply(0, 100, []), reply(50, 200, []), reply(49, 300, [])],
    ['out-of-range', reply(0, 100, [at(9)]), reply(0, 200, [at(9)])],
    ['not-asked', reply(0, 1_000, []), reply(0, 1_000, [])],
  ] as const) {
    t.is(after(graph, ...replies), fault)
  }
})

const knownGraph = (timestamp: number) => {
  const graph = emptyGraph()
  graph.addChannel(channelAnnouncement(NODES, at(5)), FUNDING, NOW)
  const update = channelUpdate(NODES, at(5), { timestamp })
  graph.addUpdate(update)
  return { graph, checksum: updateChecksum(update.raw) }
}

const flagsFor = (graph: AnnouncedGraph, timestamps?: PerDirection, checksums?: PerDirection) => {
  const found = wanted(
    graph,
    reply(0, 1_000, [at(5)], {
      ...(timestamps && { timestamps: writeTimestamps([timestamps]) }),
      ...(checksums && { checksums: [checksums] }),
    }),
  )
  return typeof found === 'string' ? found : found[0]?.[1]
}

test('of a known channel only updates are asked for that are newer and say something else', (t) => {
  const { graph, checksum } = knownGraph(NOW - 100)
  const [older, newer] = [NOW - 100, NOW - 99]
  t.is(flagsFor(graph), undefined)
  t.is(flagsFor(graph, { node1: older, node2: 0 }), undefined)
  t.is(flagsFor(graph, { node1: newer, node2: 0 }), 2n)
  t.is(flagsFor(graph, { node1: newer, node2: newer }), 6n)
  t.is(flagsFor(graph, { node1: newer, node2: newer }, { node1: checksum, node2: 1 }), 4n)
  t.is(flagsFor(graph, { node1: newer, node2: 0 }, { node1: checksum + 1, node2: 0 }), 2n)
  t.is(flagsFor(graph, { node1: older, node2: 0 }, { node1: checksum + 1, node2: 0 }), undefined)
})

test('the same update again is asked for before ours is too old', (t) => {
  const { graph, checksum } = knownGraph(NOW - 8 * 86_400)
  t.is(flagsFor(graph, { node1: NOW, node2: 0 }, { node1: checksum, node2: 0 }), 2n)
})

test('channels that would be pruned at once, or are above our chain, are not asked for', (t) => {
  const [fresh, old] = [NOW - 1_000, NOW - 15 * 86_400]
  t.is(flagsFor(emptyGraph(), { node1: old, node2: 0 }), undefined)
  t.is(flagsFor(emptyGraph(), { node1: old, node2: fresh }), 31n)
  t.deepEqual(wanted(emptyGraph(), reply(0, 2_000, [at(999), at(1_000)])), [[at(999), 31n]])
})

test('blocks between two replies may be left out: there are no channels in them', (t) => {
  t.deepEqual(wanted(emptyGraph(), reply(0, 10, [at(5)]), reply(500, 1_000, [])), [[at(5), 31n]])
})

test('more replies than any network needs are a fault', (t) => {
  const env = { ...ENV, height: 1_000_000 }
  let sync: PeerSync = startSync(env).sync
  for (let i = 0; i < 2_000; i++) {
    const listed = listedBy(sync, reply(0, i + 1, []), emptyGraph(), env)
    if (!listed.ok) throw new Error(listed.error)
    sync = listed.value
  }
  t.deepEqual(listedBy(sync, reply(0, 2_001, []), emptyGraph(), env), { ok: false, error: 'too-many' })
})

test('more channels than any network has are a fault', (t) => {
  const many = (from: number) => Array.from({ length: 100_000 }, (_, i) => at(from, i))
  const replies = [1, 2, 3].map((block) => reply(block === 1 ? 0 : block, block + 1, many(block)))
  t.like(after(emptyGraph(), ...replies), { phase: 'listing' })
  t.is(after(emptyGraph(), ...replies, reply(4, 1_000, [at(5)])), 'too-many')
})

test('BOLT 7, query_short_channel_ids — one question at a time, with a flag for each id, until all is asked', (t) => {
  const ids = Array.from({ length: 1_200 }, (_, i) => at(5, i))
  let sync = after(emptyGraph(), reply(0, 1_000, ids)) as PeerSync
  const counts: number[] = []
  while (sync.phase === 'asking') {
    const next = nextQuery(sync, CHAIN_HASH, () => false)
    if (next.send === undefined) {
      sync = next.sync
      break
    }
    const asked = readShortIds(next.send.encodedShortIds)
    const flags = readQueryFlags(next.send.queryFlags ?? new Uint8Array(0))
    t.deepEqual(asked, { ok: true, value: next.asked })
    t.is(flags.ok && flags.value.length, next.asked.length)
    counts.push(next.asked.length)
    t.is(nextQuery(next.sync, CHAIN_HASH, () => false).send, undefined)
    const answered = answeredBy(next.sync, end())
    if (!answered.ok) throw new Error(answered.error)
    sync = answered.value
  }
  t.deepEqual([counts, sync.phase], [[500, 500, 200], 'done'])
})

test('a channel for which another peer is asked is left out', (t) => {
  const sync = after(emptyGraph(), reply(0, 1_000, [at(5), at(6), at(7)])) as PeerSync
  t.deepEqual(nextQuery(sync, CHAIN_HASH, (id) => id === at(6)).asked, [at(5), at(7)])
  t.like(
    nextQuery(sync, CHAIN_HASH, () => true),
    { sync: { phase: 'done' }, asked: [] },
  )
})

test('an end that was not asked for is a fault, and a peer without the chain is not asked again', (t) => {
  const sync = after(emptyGraph(), reply(0, 1_000, [at(5)])) as PeerSync
  t.deepEqual(answeredBy(sync, end()), { ok: false, error: 'not-asked' })
  t.deepEqual(answeredBy(nextQuery(sync, CHAIN_HASH, () => false).sync, end(0)), { ok: true, value: { phase: 'done' } })
})
