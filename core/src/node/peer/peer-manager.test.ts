import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import test from 'ava'
import { createActorSystem } from '../../actor/actor-system.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { utf8Encode } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { seededRng } from '../../lib/rng.ts'
import type { Store } from '../../store/store.ts'
import { ChannelDirectory } from '../channel/channel-directory.ts'
import type { ChannelProtocol } from '../channel/channel-protocol.ts'
import { nodeOf, RawPeer, settingsOf, VALID_INIT } from '../connection/fixtures/raw-peer.ts'
import { silentLog } from '../node-log.ts'
import type { PeerServices } from './peer-actor.ts'
import { PeerDirectory } from './peer-directory.ts'
import { PeerManager } from './peer-manager.ts'

const PEER = 66

test('a peer that takes every connection and drops it at once is dialled ever more seldom', async (t) => {
  const clock = virtualClock()
  const system = createActorSystem({ clock, rng: seededRng(1) })
  const dialled: Socket[] = []
  const server = createServer((socket) => dialled.push(socket)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') return t.fail()
  t.teardown(async () => {
    server.close()
    await system.stop()
  })

  let closed = 0
  const { nodeId } = nodeOf(PEER)
  const channelDirectory = new ChannelDirectory()
  const { state } = new TwoParties().ready().alice
  const ref = system.spawn<ChannelProtocol>('channel', () => ({
    handlers: { connected() {}, disconnected() {}, peerMessage() {} } as never,
  }))
  const entry = { ref, remoteNodeId: nodeId, state, durableState: state, quarantined: false, spentInMempool: false }
  channelDirectory.put({ channelId: new Uint8Array(32), shortIds: [] }, entry)
  const services: PeerServices = {
    log: silentLog,
    channels: {} as PeerServices['channels'],
    channelDirectory,
    peerDirectory: new PeerDirectory(),
    events: { append() {} } as unknown as PeerServices['events'],
    peerEvents: { report() {} } as unknown as PeerServices['peerEvents'],
    maxPendingOpenings: 8,
    maxUnconfirmed: 100,
    maxUnconfirmedInAll: 1_000,
  }
  const row = { key: nodeId, value: utf8Encode(`127.0.0.1:${address.port}`) }
  const peers = new PeerManager(system, {
    configured: [],
    store: { scan: async () => [row], submit() {} } as unknown as Store,
    clock,
    rng: seededRng(2),
    log: { ...silentLog, debug: (event) => void (event === 'peer.closed' && closed++) },
    connection: settingsOf(1, clock),
    services,
  })
  await peers.start()

  const pauses: number[] = []
  for (let drop = 0; drop < 8; drop++) {
    const since = clock.monotonic()
    while (dialled.length === drop) await clock.advance(50)
    pauses.push(clock.monotonic() - since)
    const raw = new RawPeer(dialled[drop] as Socket)
    await raw.respond(PEER)
    raw.send(VALID_INIT)
    raw.socket.end()
    while (closed === drop) await new Promise(setImmediate)
  }
  t.true((pauses[0] ?? 0) <= 1_000)
  for (let drop = 1; drop < 8; drop++) t.true((pauses[drop] ?? 0) >= 125 * 2 ** drop, pauses.join())
  await peers.stop()
})
