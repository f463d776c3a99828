import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { createActorSystem } from '../../actor/actor-system.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { compareBytes, toHex, utf8Encode } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { seededRng } from '../../lib/rng.ts'
import type { Store } from '../../store/store.ts'
import type { Message } from '../../wire/messages/message.ts'
import { ChannelDirectory } from '../channel/channel-directory.ts'
import type { ChannelProtocol } from '../channel/channel-protocol.ts'
import { nodeOf, RawPeer, settingsOf, VALID_INIT } from '../connection/fixtures/raw-peer.ts'
import { TRAFFIC_LIMITS } from '../connection/traffic-limits.ts'
import { type LogFields, silentLog } from '../node-log.ts'
import type { KeptBlobs } from './kept-blobs.ts'
import type { PeerServices } from './peer-actor.ts'
import { PeerDirectory } from './peer-directory.ts'
import { PeerManager } from './peer-manager.ts'

const OURS = 1
const PEER = 66

/** A manager of the node of byte 1 with one channel, to a peer that listens. */
const setUp = async (t: ExecutionContext, peer: number, known?: string, traffic = TRAFFIC_LIMITS) => {
  const clock = virtualClock()
  const system = createActorSystem({ clock, rng: seededRng(1) })
  const dialled: Socket[] = []
  const server = createServer((socket) => dialled.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  t.teardown(async () => {
    server.close()
    await system.stop()
  })

  let closed = 0
  const ignored: (LogFields | undefined)[] = []
  const { nodeId } = nodeOf(peer)
  const channelDirectory = new ChannelDirectory()
  const { state } = new TwoParties().ready().alice
  const ref = system.spawn<ChannelProtocol>('channel', () => ({
    handlers: { connected() {}, disconnected() {}, peerMessage() {} } as never,
  }))
  const entry = { ref, remoteNodeId: nodeId, state, durableState: state, quarantined: false, spentInMempool: false }
  channelDirectory.put({ channelId: new Uint8Array(32), shortIds: [] }, entry)
  const { rooms } = settingsOf(OURS, clock)
  const services: PeerServices = {
    log: silentLog,
    channels: {} as PeerServices['channels'],
    channelDirectory,
    peerDirectory: new PeerDirectory(),
    rooms,
    storage: { kept: { keep: () => false }, returned() {} },
    events: { append() {} } as unknown as PeerServices['events'],
    peerEvents: { report() {} } as unknown as PeerServices['peerEvents'],
    maxPendingOpenings: 8,
    maxUnconfirmed: 100,
    maxUnconfirmedInAll: 1_000,
  }
  const row = { key: nodeId, value: utf8Encode(known ?? `127.0.0.1:${address.port}`) }
  const peers = new PeerManager(system, {
    configured: [],
    listeners: [],
    kept: { has: () => false, stop() {} } as unknown as KeptBlobs,
    blob: () => undefined,
    store: { scan: async () => [row], submit() {} } as unknown as Store,
    clock,
    rng: seededRng(2),
    log: {
      ...silentLog,
      debug(event, fields) {
        if (event === 'peer.closed') closed++
        if (event === 'peer.message-ignored') ignored.push(fields)
      },
    },
    nodeId: nodeOf(OURS).nodeId,
    connection: settingsOf(OURS, clock),
    services,
    traffic,
  })
  t.teardown(() => peers.stop())
  await peers.start()
  const called = async (times: number): Promise<RawPeer> => {
    while (dialled.length < times) await clock.advance(50)
    const raw = new RawPeer(dialled[times - 1] as Socket)
    await raw.respond(peer)
    raw.send(VALID_INIT)
    return raw
  }
  return { clock, system, peers, services, nodeId, called, ignored, closed: () => closed }
}

test('a peer that takes every connection and drops it at once is dialled ever more seldom', async (t) => {
  const { clock, called, closed } = await setUp(t, PEER)
  const pauses: number[] = []
  for (let drop = 0; drop < 8; drop++) {
    const since = clock.monotonic()
    const raw = await called(drop + 1)
    pauses.push(clock.monotonic() - since)
    raw.socket.end()
    while (closed() === drop) await new Promise(setImmediate)
  }
  t.true((pauses[0] ?? 0) <= 1_000)
  for (let drop = 1; drop < 8; drop++) t.true((pauses[drop] ?? 0) >= 125 * 2 ** drop, pauses.join())
})

test('messages that we do not know are in the log, in measure over all connections of the peer, and the next line counts the rest', async (t) => {
  const { clock, services, called, closed, ignored, nodeId } = await setUp(t, PEER)
  const odd = Uint8Array.of(0x80, 0x01, 1, 2, 3)
  for (let n = 1; n <= 2; n++) {
    const raw = await called(n)
    for (let times = 0; times < 50; times++) raw.send(odd)
    raw.socket.end()
    while (closed() < n) await new Promise(setImmediate)
  }
  t.deepEqual(ignored[0], { peer: toHex(nodeId), message: 'unknown', why: 'no-use', type: 0x8001, bytes: 3 })
  const written = ignored.length
  // The second connection came a moment later, for which the ration has been refilled by one at most.
  t.true(written <= 21, String(written))
  const raw = await called(3)
  while (services.peerDirectory.get(nodeId)?.connection === undefined) await new Promise(setImmediate)
  await clock.advance(20_000)
  raw.send(odd)
  while (ignored.length === written) await new Promise(setImmediate)
  const unsaid = ignored.map((fields) => Number(fields?.unsaid ?? 0)).reduce((sum, each) => sum + each, 0)
  t.is(ignored.length + unsaid, 101)
  raw.socket.destroy()
})

const isLesser = (peer: number): boolean => compareBytes(nodeOf(peer).nodeId, nodeOf(OURS).nodeId) < 0
const LESSER = [2, 3, 4, 5, 6].find(isLesser) ?? 0
const GREATER = [2, 3, 4, 5, 6].find((peer) => !isLesser(peer)) ?? 0

for (const [whose, peer, ms, stays] of [
  ['the greater', GREATER, 0, 'outbound'],
  ['the lesser', LESSER, 0, 'inbound'],
  ['the greater', GREATER, 10_000, 'inbound'],
  ['the lesser', LESSER, 10_000, 'inbound'],
] as const) {
  const when = ms === 0 ? 'while we call it' : 'when our call is long answered'
  test(`BOLT 1, connection handling — a peer has one connection: one that calls ${when}, its node id being ${whose}, keeps the ${stays} one`, async (t) => {
    const { clock, peers, services, nodeId, called, closed } = await setUp(t, peer)
    const listening = await peers.listen({ host: '127.0.0.1', port: 0 })
    if (!listening.ok) return t.fail()
    const ours = await called(1)
    const connection = () => services.peerDirectory.get(nodeId)?.connection
    while (connection() === undefined) await new Promise(setImmediate)
    await clock.advance(ms)
    const theirs = await RawPeer.dial(listening.value)
    await theirs.initiate(peer, nodeOf(OURS).nodeId)
    theirs.send(VALID_INIT)
    const gone = stays === 'inbound' ? ours : theirs
    while ((await gone.message()) !== undefined);
    gone.socket.end()
    while (connection()?.direction !== stays) await new Promise(setImmediate)
    const kept = stays === 'inbound' ? theirs : ours
    kept.send({ type: 'ping', numPongBytes: 1, ignored: new Uint8Array(0) })
    for (;;) if ((await kept.message())?.type === 'pong') break
    t.is(closed(), stays === 'inbound' ? 1 : 0)
    kept.socket.destroy()
  })
}

/** Strangers have used up their handshakes for a long time to come. */
const USED_UP = {
  ...TRAFFIC_LIMITS,
  handshakes: { ...TRAFFIC_LIMITS.handshakes, strangers: { perSecond: 1e-9, burst: -1 } },
}

for (const [which, known] of [
  ['another than the first that is known', '10.9.9.9:1 7\n127.0.0.1:9735 5'],
  ['one that it only called from', '10.9.9.9:1 7\n10.8.8.8:9735 0\n127.0.0.1:9735 0'],
] as const) {
  test(`after a restart every kept address of a partner is familiar: ${which}`, async (t) => {
    const { peers, services, nodeId } = await setUp(t, PEER, known, USED_UP)
    const listening = await peers.listen({ host: '127.0.0.1', port: 0 })
    if (!listening.ok) return t.fail()
    const partner = await RawPeer.dial(listening.value)
    await partner.initiate(PEER, nodeOf(OURS).nodeId)
    partner.send(VALID_INIT)
    while (services.peerDirectory.get(nodeId)?.connection === undefined) await new Promise(setImmediate)
    partner.socket.destroy()
    t.pass()
  })
}

test('a partner that calls again takes its earlier connection’s place at once, even if that one is held up', async (t) => {
  const { peers, services, nodeId, closed } = await setUp(t, PEER)
  const listening = await peers.listen({ host: '127.0.0.1', port: 0 })
  if (!listening.ok) return t.fail()
  const call = async (): Promise<RawPeer> => {
    const raw = await RawPeer.dial(listening.value)
    t.teardown(() => raw.socket.destroy())
    await raw.initiate(PEER, nodeOf(OURS).nodeId)
    raw.send(VALID_INIT)
    return raw
  }
  const address = () => services.peerDirectory.get(nodeId)?.connection?.address
  const earlier = await call()
  while (address() === undefined) await new Promise(setImmediate)
  const earlierAddress = address()
  const { burst } = TRAFFIC_LIMITS.partner.pings
  earlier.send(...new Array<Message>(20 * burst).fill({ type: 'ping', numPongBytes: 1, ignored: new Uint8Array(0) }))
  for (let pongs = 0; pongs < burst; ) if ((await earlier.message())?.type === 'pong') pongs += 1
  await call()
  while (address() === earlierAddress || closed() === 0) await new Promise(setImmediate)
  t.not(address(), undefined)
  t.is(closed(), 1)
})
