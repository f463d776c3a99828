import test from 'ava'
import { createActorSystem } from '../../actor/actor-system.ts'
import { type Epoch, reestablishUnknown } from '../../channel/index.ts'
import type { ChannelState } from '../../channel/state/channel-state.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { toHex, utf8Encode } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { seededRng } from '../../lib/rng.ts'
import type { OpenChannel } from '../../wire/messages/channel-open.ts'
import type { Message, UnknownMessage } from '../../wire/messages/message.ts'
import { ChannelDirectory, type ChannelEntry } from '../channel/channel-directory.ts'
import type { ChannelProtocol } from '../channel/channel-protocol.ts'
import { MessageRooms, type RoomMessage } from '../connection/message-rooms.ts'
import { type LogFields, type NodeLog, silentLog } from '../node-log.ts'
import { RationedLog } from '../rationed-log.ts'
import { Complaints } from './complaints.ts'
import { PEER_LANES, type PeerServices, peerBehaviour } from './peer-actor.ts'
import type { PeerConnection } from './peer-connection.ts'
import { PeerDirectory } from './peer-directory.ts'

const NODE_ID = new Uint8Array(33).fill(2)
const STRANGER = new Uint8Array(33).fill(3)

const connection: PeerConnection = {
  epoch: 1,
  remoteNodeId: NODE_ID,
  remoteFeatures: new Uint8Array(0),
  address: '127.0.0.1:1',
  direction: 'outbound',
  complaints: new Complaints(virtualClock()),
  unheeded: new RationedLog(silentLog, virtualClock()),
  send() {},
  close() {},
  setPressure() {},
  unsentBytes: 0,
}

/** Of no channel of ours. */
const UPDATE: Message = {
  type: 'channel_update',
  signature: new Uint8Array(64),
  chainHash: new Uint8Array(32),
  shortChannelId: 1n,
  timestamp: 1,
  messageFlags: 1,
  channelFlags: 0,
  cltvExpiryDelta: 40,
  htlcMinimumMsat: 1n,
  feeBaseMsat: 1,
  feeProportionalMillionths: 1,
  htlcMaximumMsat: 1_000n,
}

/** A peer whose channels never answer `open`; `isOpening` says whether they can still be given up. */
const setUp = (isOpening: boolean, log: NodeLog = silentLog) => {
  const clock = virtualClock()
  const system = createActorSystem({ clock, rng: seededRng(1) })
  let abandoned = 0
  const rooms = new MessageRooms()
  const services: PeerServices = {
    log,
    channels: {
      restore: () => {
        throw new Error('not of this test')
      },
      create: () =>
        system.spawn<ChannelProtocol>('channel', () => ({
          handlers: {
            open: () => new Promise<never>(() => {}),
            abandon: () => {
              abandoned++
              return isOpening
            },
          } as never,
        })),
    },
    channelDirectory: new ChannelDirectory(),
    peerDirectory: new PeerDirectory(),
    rooms,
    storage: { kept: { keep: () => false }, returned() {} },
    events: { append() {} } as unknown as PeerServices['events'],
    peerEvents: { report() {} } as unknown as PeerServices['peerEvents'],
    maxPendingOpenings: 8,
    maxUnconfirmed: 100,
    maxUnconfirmedInAll: 3,
  }
  const connections = new Map<Epoch, PeerConnection>()
  const behaviour = peerBehaviour(services, NODE_ID, (epoch) => connections.get(epoch))
  const peer = system.spawn('peer', behaviour, { lanes: PEER_LANES })
  const attach = (attached: PeerConnection): void => {
    connections.set(attached.epoch, attached)
    peer.tell('attached', { epoch: attached.epoch })
  }
  attach(connection)
  const answer = peer.ask('openChannel', {} as never, { timeoutMs: 1_000_000 })
  return { clock, system, peer, attach, answer, services, rooms, abandoned: () => abandoned }
}

for (const [isOpening, code] of [
  [true, 'peer-not-answering'],
  [false, 'outcome-unknown'],
] as const) {
  test(`an opening that the peer does not go on with is given up, and answered ${code}`, async (t) => {
    const { clock, system, answer, abandoned } = setUp(isOpening)
    t.teardown(() => system.stop())
    await system.settled()
    await clock.advance(60_000)
    t.deepEqual(await answer, { ok: true, value: { ok: false, error: { code } } })
    t.is(abandoned(), 1)
  })
}

test('a peer that goes away during an opening — the opening is answered before the end of the connection is', async (t) => {
  const { clock, system, peer, answer } = setUp(true)
  t.teardown(() => system.stop())
  await system.settled()
  const answered: string[] = []
  void answer.then(() => answered.push('openChannel'))
  void peer
    .ask('detached', { epoch: 1, reason: 'closed' }, { timeoutMs: 1_000_000 })
    .then(() => answered.push('detached'))
  await system.settled()
  t.deepEqual(answered, [])
  await clock.advance(60_000)
  await system.settled()
  t.deepEqual(answered, ['openChannel', 'detached'])
})

test('what a peer says in error and warning is in the log, as printable text, and in measure', async (t) => {
  const lines: [string, LogFields | undefined][] = []
  const { clock, system, peer } = setUp(true, {
    ...silentLog,
    warn: (event, fields) => void lines.push([event, fields]),
  })
  t.teardown(() => system.stop())
  const say = (type: 'error' | 'warning', text: string) =>
    peer.tell('message', { epoch: 1, message: { type, channelId: new Uint8Array(32).fill(9), data: utf8Encode(text) } })
  say('error', 'internal error')
  for (let n = 0; n < 30; n++) say('warning', '\u0007')
  await system.settled()
  const channel = '09'.repeat(32)
  t.deepEqual(lines[0], ['peer.said-error', { peer: toHex(NODE_ID), channel, text: 'internal error' }])
  t.deepEqual(lines[1], ['peer.said-warning', { peer: toHex(NODE_ID), channel, text: '(not printable)' }])
  t.is(lines.length, 20)
  await clock.advance(60_000, system.settled)
  say('warning', 'again')
  await system.settled()
  t.like(lines.at(-1), { 1: { text: 'again', unsaid: 11 } })
})

test('BOLT 1, error — all zeroes name every channel: of the peer', async (t) => {
  const { system, peer, attach, services } = setUp(true)
  t.teardown(() => system.stop())
  const closed: string[] = []
  attach({ ...connection, epoch: 2, close: (reason) => void closed.push(reason) })
  const told: string[] = []
  const { state } = new TwoParties().ready().alice
  const owners = { one: NODE_ID, two: NODE_ID, another: STRANGER }
  for (const [name, remoteNodeId] of Object.entries(owners)) {
    const tell = (command: string, { message }: { message?: Message }) => {
      if (command === 'peerMessage') told.push(`${name} ${message?.type}`)
    }
    const standing = { state, durableState: state, quarantined: false, spentInMempool: false }
    const entry = { ref: { tell }, remoteNodeId, ...standing } as unknown as ChannelEntry
    services.channelDirectory.put({ channelId: utf8Encode(name.padEnd(32)), shortIds: [] }, entry)
  }
  for (const type of ['warning', 'error'] as const) {
    const message = { type, channelId: new Uint8Array(32), data: utf8Encode('all') } as const
    peer.tell('message', { epoch: 2, message })
  }
  await system.settled()
  t.deepEqual(told, ['one warning', 'two warning', 'one error', 'two error'])
  t.deepEqual(closed, ['peer-error'])
})

test('BOLT 1, error — one that names no channel of the peer is ignored', async (t) => {
  const { system, peer, attach } = setUp(true)
  t.teardown(() => system.stop())
  const done: string[] = []
  attach({
    ...connection,
    epoch: 2,
    send: ({ type }) => void done.push(type),
    close: (reason) => void done.push(reason),
  })
  for (const type of ['error', 'warning'] as const) {
    peer.tell('message', { epoch: 2, message: { type, channelId: new Uint8Array(32).fill(9), data: utf8Encode('no') } })
  }
  await system.settled()
  t.deepEqual(done, [])
})

test('what a peer says and nobody acts on is in the log: its kind and why, in measure', async (t) => {
  const { clock, system, peer, attach } = setUp(true)
  t.teardown(() => system.stop())
  const lines: (LogFields | undefined)[] = []
  const log: NodeLog = {
    ...silentLog,
    debug: (event, fields) => void (event === 'peer.message-ignored' && lines.push(fields)),
  }
  attach({ ...connection, epoch: 2, unheeded: new RationedLog(log, clock) })
  const say = (message: Message): void => peer.tell('message', { epoch: 2, message })
  const blob = Uint8Array.of(7)
  say(UPDATE)
  say({
    type: 'announcement_signatures',
    channelId: new Uint8Array(32),
    shortChannelId: 1n,
    nodeSignature: new Uint8Array(64),
    bitcoinSignature: new Uint8Array(64),
  })
  say({ type: 'peer_storage', blob })
  say({ type: 'peer_storage_retrieval', blob })
  say({ type: 'peer_storage_retrieval', blob })
  await system.settled()
  t.deepEqual(
    lines.map((fields) => [fields?.message, fields?.why]),
    [
      ['channel_update', 'not-of-our-channels'],
      ['announcement_signatures', 'not-of-our-channels'],
      ['peer_storage', 'without-channel'],
      ['peer_storage_retrieval', 'repeated'],
    ],
  )
  for (let n = 0; n < 100; n++) say(UPDATE)
  await system.settled()
  t.is(lines.length, 20)
  await clock.advance(60_000, system.settled)
  say(UPDATE)
  await system.settled()
  t.deepEqual(lines.at(-1), {
    peer: toHex(NODE_ID),
    message: 'channel_update',
    why: 'not-of-our-channels',
    unsaid: 84,
  })
})

test('a message that the wire does not read goes to the room of its type, as much of it as each peer may send', async (t) => {
  const { clock, system, peer, attach, rooms } = setUp(true)
  t.teardown(() => system.stop())
  const lines: (LogFields | undefined)[] = []
  const log: NodeLog = {
    ...silentLog,
    debug: (event, fields) => void (event === 'peer.message-ignored' && lines.push(fields)),
  }
  attach({ ...connection, epoch: 2, unheeded: new RationedLog(log, clock) })
  const taken: RoomMessage[] = []
  const take = (message: RoomMessage): void => void taken.push(message)
  rooms.register([0x8000, 0x8001], { ration: { perSecond: 1, burst: 2 }, take })
  rooms.register([0x8002], { ration: { perSecond: 1, burst: 1 }, take })
  const say = (messageType: number, epoch = 2): void =>
    peer.tell('message', { epoch, message: { type: 'unknown', messageType, payload: Uint8Array.of(7, 8) } })
  // The last is of a connection before.
  for (const type of [0x8000, 0x8001, 0x8000, 0x8002]) say(type)
  say(0x8000, 1)
  await system.settled()
  const payload = Uint8Array.of(7, 8)
  t.deepEqual(taken, [
    { from: NODE_ID, type: 0x8000, payload },
    { from: NODE_ID, type: 0x8001, payload },
    { from: NODE_ID, type: 0x8002, payload },
  ])
  t.deepEqual(lines, [{ peer: toHex(NODE_ID), message: 'unknown', why: 'beyond-ration', type: 0x8000, bytes: 2 }])
  await clock.advance(1_000, system.settled)
  say(0x8001)
  await system.settled()
  t.is(taken.length, 4)
})

test('what a room has asked a peer for comes beside its ration', async (t) => {
  const { system, peer, attach, rooms } = setUp(true)
  t.teardown(() => system.stop())
  attach({ ...connection, epoch: 2 })
  let owed = 3
  let taken = 0
  rooms.register([0x8000], {
    ration: { perSecond: 0, burst: 2 },
    take: () => void taken++,
    takeOwed: (from) => {
      t.is(from, NODE_ID)
      return owed-- > 0
    },
  })
  for (let i = 0; i < 9; i++)
    peer.tell('message', { epoch: 2, message: { type: 'unknown', messageType: 0x8000, payload: new Uint8Array(0) } })
  await system.settled()
  t.is(taken, 5)
})

test('channels that strangers have named and never funded are limited in all, and a partner gets its own all the same', async (t) => {
  const { system, peer, attach, services } = setUp(true)
  t.teardown(() => system.stop())
  const sent: string[] = []
  const asking = { ...connection, epoch: 2, send: (message: { readonly type: string }) => void sent.push(message.type) }
  attach(asking as PeerConnection)
  const parties = new TwoParties()
  parties.open()
  /** One that the peer of this node id has opened. */
  const add = (byte: number, state: ChannelState, remoteNodeId = new Uint8Array(33).fill(byte)): void => {
    const entry = { ref: {}, remoteNodeId, state, durableState: state, quarantined: false, spentInMempool: false }
    const id = new Uint8Array(32).fill(byte)
    services.channelDirectory.put(
      { channelId: id, temporaryChannelId: id, shortIds: [] },
      entry as unknown as ChannelEntry,
    )
  }
  const open = (byte: number): void => {
    const temporaryChannelId = new Uint8Array(32).fill(byte)
    peer.tell('message', { epoch: 2, message: { type: 'open_channel', temporaryChannelId } as OpenChannel })
  }
  for (const byte of [10, 11]) add(byte, parties.bob.state)
  open(1)
  await system.settled()
  t.deepEqual(sent, [])
  add(12, parties.bob.state)
  open(2)
  await system.settled()
  t.deepEqual(sent, ['error'])
  // One of its own is confirmed.
  add(13, new TwoParties().ready().bob.state, NODE_ID)
  open(3)
  await system.settled()
  t.deepEqual(sent, ['error'])
})

test('a message that cannot be sent ends the connection on account of its channel, which takes it for sent', async (t) => {
  const errors: string[] = []
  const { system, peer, attach } = setUp(true, { ...silentLog, error: (event) => void errors.push(event) })
  t.teardown(() => system.stop())
  const closed: string[] = []
  const failing: PeerConnection = {
    ...connection,
    epoch: 2,
    complaints: new Complaints(virtualClock()),
    send() {
      throw new Error('made to fail by the test')
    },
    close: (reason) => void closed.push(reason),
  }
  attach(failing)
  await system.settled()
  const channelId = new Uint8Array(32).fill(7)
  const message = { type: 'warning', channelId, data: utf8Encode('') } as const
  for (const epoch of [2, 1]) peer.tell('send', { epoch, channelId, message })
  await system.settled()
  t.deepEqual(closed, ['internal'])
  t.deepEqual(errors, ['peer.bug'])
  t.is(failing.complaints.about(channelId), 'this-channel')
})

test('a channel that we do not know — its peer is asked to publish when it reestablishes the channel, and is told of the error at any message', async (t) => {
  const { system, peer, attach } = setUp(true)
  t.teardown(() => system.stop())
  const sent: (Message | UnknownMessage)[] = []
  attach({ ...connection, epoch: 2, send: (message) => void sent.push(message) })
  const channelId = new Uint8Array(32).fill(7)
  peer.tell('message', { epoch: 2, message: { type: 'update_fee', channelId, feeratePerKw: 253 } })
  await system.settled()
  t.deepEqual(sent.splice(0), [{ type: 'error', channelId, data: utf8Encode('unknown channel') }])
  const theirs = { ...reestablishUnknown(channelId), nextCommitmentNumber: 5n, nextRevocationNumber: 4n }
  peer.tell('message', { epoch: 2, message: theirs })
  await system.settled()
  // LND closes on the first alone; after the second a peer may read no more.
  t.deepEqual(sent, [reestablishUnknown(channelId), { type: 'error', channelId, data: utf8Encode('unknown channel') }])
  // BOLT 2, channel_reestablish: zero asks for the latest commitment to be published.
  t.like(sent.splice(0)[0], { nextCommitmentNumber: 0n })
})

test('a channel that neither side knows — the peer that says so is not told so in the same words, or both would say it for ever', async (t) => {
  const { system, peer, attach } = setUp(true)
  t.teardown(() => system.stop())
  const sent: (Message | UnknownMessage)[] = []
  attach({ ...connection, epoch: 2, send: (message) => void sent.push(message) })
  const channelId = new Uint8Array(32).fill(7)
  peer.tell('message', { epoch: 2, message: reestablishUnknown(channelId) })
  await system.settled()
  t.deepEqual(sent, [{ type: 'error', channelId, data: utf8Encode('unknown channel') }])
})

test('a connection that is gone when its turn comes does not take the place of the one before', async (t) => {
  const { system, peer, services } = setUp(true)
  t.teardown(() => system.stop())
  peer.tell('attached', { epoch: 2 })
  await system.settled()
  t.is(services.peerDirectory.get(NODE_ID)?.connection?.epoch, 1)
})
