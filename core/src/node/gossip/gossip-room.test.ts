import test from 'ava'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { AnnouncedGraph } from '../../graph/announced-graph.ts'
import { MemoryLog } from '../../graph/fixtures/memory-log.ts'
import { heightOf, type MadeChannel, makeNetwork } from '../../graph/fixtures/network.ts'
import { RecordingSink } from '../../graph/fixtures/recording-sink.ts'
import {
  CHAIN_HASH,
  channelAnnouncement,
  channelUpdate,
  inOrder,
  NOW,
  type TestNode,
  testNode,
} from '../../graph/fixtures/signed-gossip.ts'
import { WANTED } from '../../graph/queries/short-ids.ts'
import { announcedOutput, type FundingOutput } from '../../graph/rules/channel-announcement.ts'
import { concat, fromHex, u16be } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { until } from '../../lib/fixtures/until.ts'
import type { ShortChannelId } from '../../lib/ids.ts'
import { writeQueryFlags, writeShortIds } from '../../wire/encoded-array.ts'
import { decodeGossip, encodeGossip, type GossipMessage, typeOf } from '../../wire/gossip-codecs.ts'
import { type GossipComplaint, GossipRoom, type GossipRoomOptions } from './gossip-room.ts'
import type { CheckSignatures } from './signature-checkers.ts'

const SIZE = { seed: 5, nodes: 40, channels: 600 }
const NETWORK: readonly MadeChannel[] = [...makeNetwork(SIZE)]
const TXID = new Uint8Array(32).fill(7)

const check: CheckSignatures = async (checks) =>
  Uint8Array.from(checks, ({ signature, digest, publicKey }) =>
    secp256k1.verify(signature, digest, publicKey) ? 1 : 0,
  )

const FUNDINGS = new Map<ShortChannelId, FundingOutput>(
  NETWORK.map(({ announcement: { message }, capacitySat: amountSat }) => [
    message.shortChannelId,
    { type: 'unspent', script: announcedOutput(message.bitcoinKey1, message.bitcoinKey2), amountSat, txid: TXID },
  ]),
)

const rig = (more: Partial<GossipRoomOptions> = {}, clock = virtualClock(NOW * 1_000)) => {
  const graph = new AnnouncedGraph(new MemoryLog(), new RecordingSink())
  const room = new GossipRoom({
    nodeId: new Uint8Array(33),
    graph,
    flushLog: () => {},
    chainHash: CHAIN_HASH,
    clock,
    height: () => heightOf(SIZE),
    check,
    lookUp: async (id) => FUNDINGS.get(id) ?? { type: 'missing' },
    ...more,
  })
  return { graph, room, clock }
}

type Rig = ReturnType<typeof rig>

const fill = ({ graph }: Rig, channels = NETWORK): void => {
  for (const { announcement, capacitySat, updates, nodes } of channels) {
    graph.addChannel(announcement, { capacitySat, txid: TXID }, NOW)
    for (const update of updates) graph.addUpdate(update)
    for (const node of nodes) graph.addNode(node)
  }
}

/** A peer that says nothing by itself: what is sent to it, by type. */
const listener = (offersQueries = false) => {
  const sent: GossipMessage[] = []
  const complaints: GossipComplaint[] = []
  return {
    sent,
    complaints,
    types: () => sent.map(({ type }) => type),
    line: {
      offersQueries,
      send: async (messages: readonly Uint8Array[]) => {
        for (const raw of messages) {
          const decoded = decodeGossip(raw)
          if (decoded.ok) sent.push(decoded.value)
        }
      },
      complain: (complaint: GossipComplaint) => void complaints.push(complaint),
    },
  }
}

/** `mayEnter` says which of the messages a node hears; all of them if absent. */
const connect = (
  a: Rig,
  aName: string,
  b: Rig,
  bName: string,
  mayEnter: (room: GossipRoom, peer: string) => boolean = () => true,
): readonly GossipComplaint[] => {
  const complaints: GossipComplaint[] = []
  const lineTo = (room: GossipRoom, name: string) => ({
    offersQueries: true,
    send: async (messages: readonly Uint8Array[]) => {
      // It is connected on both sides by then.
      await Promise.resolve()
      await Promise.all(messages.filter(() => mayEnter(room, name)).map((raw) => room.hear(name, raw)))
    },
    complain: (complaint: GossipComplaint) => void complaints.push(complaint),
  })
  a.room.connected(bName, lineTo(b.room, aName))
  b.room.connected(aName, lineTo(a.room, bName))
  return complaints
}

/** What is new was passed on, to each peer in a turn of its own. */
const aMinute = async (clock: Rig['clock']): Promise<void> => {
  await clock.advance(60_000)
  for (let turns = 0; turns < 10; turns++) await new Promise(setImmediate)
}

const gossipIn = ({ graph }: Rig) =>
  NETWORK.map(({ announcement: { message } }) => [
    graph.gossipOf(message.shortChannelId),
    graph.nodeGossipOf(message.nodeId1),
    graph.nodeGossipOf(message.nodeId2),
  ])

const updatesIn = ({ graph }: Rig): number =>
  NETWORK.flatMap(({ announcement }) => graph.channel(announcement.message.shortChannelId)?.updates ?? []).filter(
    (update) => update !== undefined,
  ).length

test('a node that knows nothing learns the whole network from its first peer, byte for byte', async (t) => {
  const [knowing, fresh] = [rig(), rig()]
  fill(knowing)
  const complaints = connect(knowing, 'knowing', fresh, 'fresh')
  await until(() => fresh.graph.channelCount === SIZE.channels && fresh.graph.nodeCount === SIZE.nodes)
  await until(() => updatesIn(fresh) === 2 * SIZE.channels)
  t.deepEqual(gossipIn(fresh), gossipIn(knowing))
  t.deepEqual(complaints, [])
})

test('the whole network is told in answer to our questions, which uses up nothing of what a peer may say unasked', async (t) => {
  const [knowing, fresh] = [rig(), rig()]
  fill(knowing)
  let unasked = 0
  connect(knowing, 'knowing', fresh, 'fresh', (room, peer) => {
    if (room === knowing.room || room.takeOwed(peer)) return true
    unasked++
    return false
  })
  await until(() => fresh.graph.channelCount === SIZE.channels && fresh.graph.nodeCount === SIZE.nodes)
  await until(() => updatesIn(fresh) === 2 * SIZE.channels)
  t.is(unasked, 0)
  t.false(fresh.room.takeOwed('knowing'))
})

test('two nodes that each know a part learn the other, and what is new goes on to a third within a minute', async (t) => {
  const clock = virtualClock(NOW * 1_000)
  const [a, b, c] = [rig({}, clock), rig({}, clock), rig({}, clock)] as const
  fill(a, NETWORK.slice(0, 350))
  fill(b, NETWORK.slice(250))
  connect(a, 'a', b, 'b')
  await until(() => [a, b].every(({ graph }) => graph.channelCount === SIZE.channels))
  connect(b, 'b', c, 'c')
  await until(() => c.graph.channelCount === SIZE.channels)
  const [{ updates }] = NETWORK as readonly [MadeChannel]
  const update = newerThan(updates[0]?.message)
  await a.room.hear('b', update.raw)
  t.is(a.graph.channel(update.message.shortChannelId)?.updates[update.message.channelFlags & 1]?.timestamp, NOW + 60)
  t.deepEqual([b, c].map(heardOf(update)), [false, false])
  // It came from b, so it is not told to b; c is told by nobody.
  await aMinute(clock)
  await aMinute(clock)
  t.deepEqual([b, c].map(heardOf(update)), [false, false])
  await b.room.hear('a', update.raw)
  await aMinute(clock)
  await until(() => heardOf(update)(c))
  t.pass()
})

const heardOf =
  ({ message }: { readonly message: { readonly shortChannelId: ShortChannelId; readonly channelFlags: number } }) =>
  ({ graph }: Rig): boolean =>
    graph.channel(message.shortChannelId)?.updates[message.channelFlags & 1]?.timestamp === NOW + 60

/** The nodes of the made network are found by their names. */
const BY_ID = new Map(
  Array.from({ length: SIZE.nodes }, (_, i) => testNode(`node ${i} of ${SIZE.seed}`)).map((node) => [
    Buffer.from(node.id).toString('hex'),
    node,
  ]),
)

const newerThan = (old: MadeChannel['updates'][0]['message'] | undefined) => {
  const { announcement } = NETWORK[0] as MadeChannel
  const nodes = [announcement.message.nodeId1, announcement.message.nodeId2].map((id) =>
    BY_ID.get(Buffer.from(id).toString('hex')),
  ) as [TestNode, TestNode]
  const ways = (old?.channelFlags ?? 0) & 1 ? ([nodes[1], nodes[0]] as const) : nodes
  return channelUpdate(ways, announcement.message.shortChannelId, { timestamp: NOW + 60, htlcMaximumMsat: 1_000n })
}

const filter = (first = 0, range = 0xffffffff) =>
  encodeGossip({
    type: 'gossip_timestamp_filter',
    chainHash: CHAIN_HASH,
    firstTimestamp: first,
    timestampRange: range,
  })

test('BOLT 7, gossip_timestamp_filter — only what is within it is passed on, and nothing without one: to peers of this node', async (t) => {
  const { room, clock, graph } = rig()
  const [silent, wants, past] = [listener(), listener(), listener()]
  room.connected('silent', silent.line)
  room.connected('wants', wants.line)
  room.connected('past', past.line)
  room.connected('origin', listener().line)
  await room.hear('wants', filter())
  await room.hear('past', filter(0, 1_000))
  const [{ announcement, updates, nodes }] = NETWORK as readonly [MadeChannel]
  await Promise.all([announcement, ...updates, ...nodes].map(({ raw }) => room.hear('origin', raw)))
  await until(() => graph.channelCount === 1)
  t.deepEqual(wants.types(), [])
  await aMinute(clock)
  t.deepEqual(wants.types(), [
    'channel_announcement',
    'channel_update',
    'channel_update',
    'node_announcement',
    'node_announcement',
  ])
  t.deepEqual([silent.types(), past.types()], [[], []])
})

test('BOLT 7, gossip_timestamp_filter — what is our own goes to every peer, whatever its filter', async (t) => {
  const { room, clock, graph } = rig()
  const [silent, past] = [listener(), listener()]
  room.connected('silent', silent.line)
  room.connected('past', past.line)
  await room.hear('past', filter(0, 1_000))
  const [{ announcement, updates }] = NETWORK as readonly [MadeChannel]
  await room.publish([announcement, ...updates].map(({ raw }) => raw))
  await until(() => graph.channelCount === 1)
  await aMinute(clock)
  for (const { types } of [silent, past]) {
    t.deepEqual(types(), ['channel_announcement', 'channel_update', 'channel_update'])
  }
})

test('what is our own goes to every peer whoever has told us of it: the other end of a channel hears of it first', async (t) => {
  const [{ announcement, updates }] = NETWORK as readonly [MadeChannel]
  const { nodeId1: nodeId } = announcement.message
  const { room, clock, graph } = rig({ nodeId })
  const silent = listener()
  room.connected('silent', silent.line)
  room.connected('other end', listener().line)
  await Promise.all([announcement, ...updates].map(({ raw }) => room.hear('other end', raw)))
  await until(() => graph.channelCount === 1)
  await aMinute(clock)
  t.deepEqual(silent.types(), ['channel_announcement', 'channel_update'])
  t.deepEqual(
    silent.sent.map((message) => message.type === 'channel_update' && message.channelFlags & 1),
    [false, 0],
  )
})

const count = ({ sent }: ReturnType<typeof listener>, what: GossipMessage['type']): number =>
  sent.filter(({ type }) => type === what).length

test('a peer that has no gossip worth asking for is not asked, of others only three are, and one is replaced each hour', async (t) => {
  const { room, clock } = rig()
  const useless = listener(false)
  const peers = Array.from({ length: 10 }, () => listener(true))
  room.connected('useless', useless.line)
  for (const [i, { line }] of peers.entries()) room.connected(`${i}`, line)
  await clock.advance(0)
  const asked = () => peers.map((peer) => count(peer, 'query_channel_range'))
  const filters = () => peers.map((peer) => count(peer, 'gossip_timestamp_filter'))
  t.deepEqual(asked(), [1, 1, 1, 0, 0, 0, 0, 0, 0, 0])
  t.deepEqual(filters(), [1, 1, 1, 1, 1, 1, 1, 1, 0, 0])
  t.deepEqual(useless.types(), [])
  // They have answered.
  const reply = { type: 'reply_channel_range', chainHash: CHAIN_HASH, syncComplete: 1, firstBlocknum: 0 } as const
  for (const peer of ['0', '1', '2'])
    await room.hear(peer, encodeGossip({ ...reply, numberOfBlocks: 2 ** 24, encodedShortIds: writeShortIds([]) }))
  await clock.advance(3_600_000)
  t.deepEqual(asked(), [1, 1, 1, 1, 0, 0, 0, 0, 0, 0])
  t.like(peers[0]?.sent.at(-1), { type: 'gossip_timestamp_filter', firstTimestamp: 0xffffffff, timestampRange: 0 })
  t.deepEqual(filters(), [2, 1, 1, 1, 1, 1, 1, 1, 1, 0])
  room.disconnected('1')
  await clock.advance(0)
  t.deepEqual(asked(), [1, 1, 1, 1, 1, 0, 0, 0, 0, 0])
  t.deepEqual(filters(), [2, 1, 1, 1, 1, 1, 1, 1, 1, 1])
})

test('a peer that does not answer, or answers what was not asked, is asked no more, and others are in its place', async (t) => {
  const { room, clock } = rig()
  const [mute, liar] = [listener(true), listener(true)]
  const others = [listener(true), listener(true), listener(true)] as const
  room.connected('mute', mute.line)
  room.connected('liar', liar.line)
  for (const [i, { line }] of others.entries()) room.connected(`${i}`, line)
  const asked = () => others.map((peer) => count(peer, 'query_channel_range'))
  t.deepEqual(asked(), [1, 0, 0])
  const reply = { type: 'reply_channel_range', chainHash: CHAIN_HASH, syncComplete: 1 } as const
  await room.hear(
    'liar',
    encodeGossip({ ...reply, firstBlocknum: 9, numberOfBlocks: 1, encodedShortIds: writeShortIds([]) }),
  )
  t.deepEqual(liar.complaints, [{ fault: 'out-of-range' }])
  t.deepEqual(asked(), [1, 1, 0])
  await room.hear(
    '0',
    encodeGossip({ ...reply, firstBlocknum: 0, numberOfBlocks: 2 ** 24, encodedShortIds: writeShortIds([]) }),
  )
  await clock.advance(60_001)
  t.deepEqual(mute.complaints, [{ fault: 'silent' }])
  t.is(liar.complaints.length, 1)
  t.deepEqual(asked(), [1, 1, 1])
  t.is(count(mute, 'query_channel_range'), 1)
})

test('BOLT 7, gossip_timestamp_filter — ours names our chain', async (t) => {
  const { room, clock } = rig()
  const peer = listener(true)
  room.connected('peer', peer.line)
  await clock.advance(0)
  t.like(
    peer.sent.find(({ type }) => type === 'gossip_timestamp_filter'),
    { chainHash: CHAIN_HASH, firstTimestamp: NOW - 3_600 },
  )
})

test('BOLT 7, pruning — who says what is outdated hears nothing of it, and is listened to further', async (t) => {
  const late = rig({}, virtualClock((NOW + 30 * 86_400) * 1_000))
  const peer = listener()
  late.room.connected('peer', peer.line)
  const [{ announcement, updates }] = NETWORK as [(typeof NETWORK)[number]]
  await late.room.hear('peer', announcement.raw)
  for (const { raw } of updates) await late.room.hear('peer', raw)
  t.deepEqual(peer.complaints, [])
  t.deepEqual(
    late.graph.channel(announcement.message.shortChannelId)?.updates.filter((each) => each !== undefined),
    [],
  )
  await late.room.hear(
    'peer',
    encodeGossip({ type: 'query_channel_range', chainHash: CHAIN_HASH, firstBlocknum: 0, numberOfBlocks: 1 }),
  )
  await late.clock.advance(0)
  t.deepEqual(peer.types(), ['reply_channel_range'])
})

test('BOLT 7, query_channel_range — nothing is asked of a peer that has not answered the last question, however long that takes', async (t) => {
  const { room, clock } = rig()
  const [mute, slow] = [listener(true), listener(true)]
  const asked = ({ sent }: ReturnType<typeof listener>) => sent.filter(({ type }) => type.startsWith('query')).length
  const reply = (firstBlocknum: number, numberOfBlocks: number) =>
    encodeGossip({
      type: 'reply_channel_range',
      chainHash: CHAIN_HASH,
      syncComplete: 0,
      firstBlocknum,
      numberOfBlocks,
      encodedShortIds: writeShortIds([]),
    })
  room.connected('mute', mute.line)
  await clock.advance(3_600_000)
  t.deepEqual(mute.complaints, [{ fault: 'silent' }])
  t.is(asked(mute), 1)
  room.disconnected('mute')
  // It says something now and then, and never all of it.
  room.connected('slow', slow.line)
  for (let minute = 0; minute < 130; minute++) {
    await room.hear('slow', reply(minute, 1))
    await clock.advance(50_000)
  }
  t.is(asked(slow), 1)
  t.deepEqual(slow.complaints, [])
  await room.hear('slow', reply(130, heightOf(SIZE)))
  await clock.advance(3_600_000)
  t.is(asked(slow), 2)
})

test('BOLT 7, query_short_channel_ids — a further question before the answer to the last one is not answered', async (t) => {
  const knowing = rig()
  fill(knowing)
  const { room } = knowing
  const peer = listener()
  let takes = (): void => {}
  const slow = {
    ...peer.line,
    send: async (messages: readonly Uint8Array[]) => {
      await peer.line.send(messages)
      await new Promise<void>((resolve) => {
        takes = resolve
      })
    },
  }
  room.connected('peer', slow)
  const query = encodeGossip({
    type: 'query_short_channel_ids',
    chainHash: CHAIN_HASH,
    encodedShortIds: writeShortIds(NETWORK.slice(0, 40).map(({ announcement }) => announcement.message.shortChannelId)),
  })
  await room.hear('peer', query)
  await room.hear('peer', query)
  t.deepEqual(peer.complaints, [{ fault: 'query-too-early', messageType: 261 }])
  // A part of the answer is sent, and the rest when the connection takes more.
  t.is(peer.sent.length, 50)
  for (let parts = 0; !peer.types().includes('reply_short_channel_ids_end'); parts++) {
    if (parts > 10) return t.fail('no end')
    takes()
    await new Promise(setImmediate)
  }
  takes()
  await new Promise(setImmediate)
  await room.hear('peer', query)
  t.is(peer.complaints.length, 1)
  return t.is(peer.types().filter((type) => type === 'reply_short_channel_ids_end').length, 1)
})

test('BOLT 7, query_short_channel_ids — a further question before the answer to the last one is not answered: once its end is there, one is', async (t) => {
  const knowing = rig()
  fill(knowing)
  const { room } = knowing
  const { complaints, line } = listener()
  const ids = NETWORK.map(({ announcement }) => announcement.message.shortChannelId).sort((a, b) => (a < b ? -1 : 1))
  const ask = (channels: number) =>
    room.hear(
      'peer',
      encodeGossip({
        type: 'query_short_channel_ids',
        chainHash: CHAIN_HASH,
        encodedShortIds: writeShortIds(ids.slice(0, channels)),
        queryFlags: writeQueryFlags(Array.from({ length: channels }, () => WANTED.channel)),
      }),
    )
  // So many messages are sent at once that the end is the last of such a bunch for one of these.
  let left = 130
  room.connected('peer', {
    ...line,
    send: async (messages) => {
      if (typeOf(messages.at(-1) as Uint8Array) !== 262) return
      left--
      if (left > 0) await ask(left)
    },
  })
  await ask(left)
  await until(() => left === 0 || complaints.length > 0)
  t.deepEqual(complaints, [])
})

test('a peer that floods waits for itself: another’s message is dealt with among the first', async (t) => {
  const checked: number[] = []
  const { room } = rig({
    check: async (checks) => {
      checked.push(checks.length)
      await new Promise(setImmediate)
      return check(checks)
    },
  })
  room.connected('flooder', listener().line)
  room.connected('modest', listener().line)
  const forged = (i: number): Uint8Array => {
    const { message } = (NETWORK[0] as MadeChannel).announcement
    return encodeGossip({ ...message, shortChannelId: message.shortChannelId + BigInt(i) })
  }
  let done = 0
  const flood = Array.from({ length: 3_000 }, (_, i) => room.hear('flooder', forged(i + 5)).then(() => done++))
  await room.hear('modest', (NETWORK[1] as MadeChannel).announcement.raw)
  t.true(done < 2_500, `${done}`)
  await Promise.all(flood)
  t.is(done, 3_000)
})

test('what a peer should not have said is named, and nothing else follows', async (t) => {
  const { room } = rig()
  const peer = listener()
  room.connected('peer', peer.line)
  await room.hear('peer', concat(u16be(256), fromHex('00')))
  await room.hear('peer', concat(u16be(261), fromHex('00')))
  await room.hear(
    'peer',
    encodeGossip({ type: 'query_short_channel_ids', chainHash: CHAIN_HASH, encodedShortIds: fromHex('01') }),
  )
  t.deepEqual(peer.complaints, [
    { fault: 'unreadable', messageType: 256 },
    { fault: 'unreadable', messageType: 261 },
    { fault: 'query-unreadable', messageType: 261 },
  ])
  await room.hear('nobody', fromHex('0100'))
  t.is(peer.complaints.length, 3)
})

test('a block that spends a funding is noticed, and so is that it was undone', (t) => {
  const knowing = rig()
  const nodes = inOrder(testNode('a'), testNode('b'))
  knowing.graph.addChannel(channelAnnouncement(nodes, 3n), { capacitySat: 1n, txid: TXID }, NOW)
  const spent = () => knowing.graph.channel(3n)?.spentAt
  knowing.room.blockAdded(900_000, [
    { txid: TXID, index: 2 },
    { txid: TXID, index: 3 },
  ])
  t.is(spent(), 900_000)
  knowing.room.blockUndone(900_000)
  t.is(spent(), undefined)
})

test('what is ours and was said while nobody listened is told to the next peer', async (t) => {
  const clock = virtualClock(NOW * 1_000)
  const a = rig({}, clock)
  fill(a)
  const [{ updates }] = NETWORK as readonly [MadeChannel]
  await a.room.publish([newerThan(updates[0]?.message).raw])
  await aMinute(clock)
  const peer = listener()
  a.room.connected('peer', peer.line)
  await clock.advance(120_000)
  t.deepEqual(peer.types(), ['channel_update'])
})

test('while the node has other work, little is taken in at once; then all that waits', async (t) => {
  const state = { isBusy: true }
  let checked = 0
  const counted: CheckSignatures = (checks) => {
    checked += checks.length
    return check(checks)
  }
  const here = rig({ isBusy: () => state.isBusy, check: counted })
  here.room.connected('peer', listener().line)
  const heard = NETWORK.map(({ announcement: { raw } }) => here.room.hear('peer', raw))
  const turn = () => new Promise(setImmediate)
  await turn()
  t.is(checked, 4 * 50)
  await turn()
  await here.clock.advance(199)
  t.is(checked, 4 * 50)
  await here.clock.advance(1)
  await turn()
  t.is(checked, 4 * 100)
  state.isBusy = false
  await here.clock.advance(200)
  await Promise.all(heard)
  await until(() => here.graph.channelCount === SIZE.channels)
  t.is(checked, 4 * SIZE.channels)
  here.room.stop()
})
