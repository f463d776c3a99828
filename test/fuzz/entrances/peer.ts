import fc from 'fast-check'
import { concat, equalBytes } from '../../../core/src/lib/bytes.ts'
import { nodeOf, RawPeer, VALID_INIT } from '../../../core/src/node/connection/fixtures/raw-peer.ts'
import { TRAFFIC_LIMITS, type TrafficLimits } from '../../../core/src/node/connection/traffic-limits.ts'
import { type NodeLog, silentLog } from '../../../core/src/node/node-log.ts'
import { arbitraryGossip } from '../../../core/src/wire/fixtures/arbitrary-gossip.ts'
import { arbitraryMessage } from '../../../core/src/wire/fixtures/arbitrary-message.ts'
import { decodeGossip, encodeGossip } from '../../../core/src/wire/gossip-codecs.ts'
import { decodeMessage, encodeMessage } from '../../../core/src/wire/message-codecs.ts'
import { readAddresses } from '../../../core/src/wire/node-address.ts'
import { HostilePeer } from '../../scenarios/support/hostile-peer.ts'
import { World } from '../../scenarios/support/world.ts'
import { type Entrance, must, pureEntrance } from '../support/entrance.ts'
import type { Random } from '../support/random.ts'

/** Some of every type. */
const messages = fc.sample(arbitraryMessage, { seed: 11, numRuns: 500 })
const gossip = fc.sample(arbitraryGossip, { seed: 12, numRuns: 200 })
const encoded = [...messages.map(encodeMessage), ...gossip.map(encodeGossip)]

const TYPES = [1, 16, 17, 18, 19, 32, 33, 34, 35, 36, 38, 39, 128, 130, 131, 132, 133, 134, 135, 136, 258, 259]

/** A message of some type: as it should be, mutated, cut, grown, or garbage. */
const messageBytes = (random: Random): Uint8Array => {
  if (random.oneIn(5)) {
    const type = random.oneIn(10) ? random.below(65_536) : random.pick(TYPES)
    return concat(Uint8Array.of(type >> 8, type & 0xff), random.bytes(random.below(random.pick([4, 40, 400, 1_500]))))
  }
  let bytes: Uint8Array = random.pick(encoded).slice()
  for (let i = random.below(4); i > 0; i--) {
    const at = random.below(bytes.length)
    switch (random.below(4)) {
      case 0:
        bytes[at] = random.pick([0, 1, 0x7f, 0x80, 0xfd, 0xfe, 0xff])
        break
      case 1:
        bytes = bytes.slice(0, at)
        break
      case 2:
        bytes = concat(bytes, random.bytes(random.below(40)))
        break
      default:
        bytes.set(random.bytes(Math.min(8, bytes.length - at)), at)
    }
    if (bytes.length === 0) break
  }
  return bytes
}

const wire = pureEntrance('wire', 130, (random, note) => {
  const bytes = messageBytes(random)
  note(Buffer.from(bytes).toString('hex'))
  const read = decodeMessage(bytes)
  if (read.ok) must(equalBytes(encodeMessage(read.value), bytes), 'what is decoded is canonical')
  else must(typeof read.error.code === 'string' && typeof read.error.path === 'string', 'an error of ours')
  const heard = decodeGossip(bytes)
  if (!heard.ok) return
  must(equalBytes(encodeGossip(heard.value), bytes), 'gossip that is decoded is passed on as it came')
  if (heard.value.type === 'node_announcement') readAddresses(heard.value.addresses)
})

const plenty = { perSecond: 1e9, burst: 1e9 }
const rates = { milliseconds: plenty, talk: plenty, bytes: plenty, messages: plenty, pings: plenty, complaints: plenty }
/** Limits are another test's: here a node is to be kept busy. */
const UNLIMITED: TrafficLimits = {
  ...TRAFFIC_LIMITS,
  partner: rates,
  partners: rates,
  modest: rates,
  stranger: rates,
  address: rates,
  strangers: rates,
  handshakes: { address: plenty, strangers: plenty, familiar: plenty },
  arrivals: plenty,
}

const BUGS = new Set(['actor.faulted', 'actor.callback-threw', 'peer.bug', 'contract.handler-failed'])

/** A node's log that remembers what must not be in it. */
const watchfulLog = () => {
  const bugs: string[] = []
  const remember: NodeLog['error'] = (event, fields) => {
    if (BUGS.has(event)) bugs.push(`${event} ${JSON.stringify(fields)}`)
  }
  return { bugs, log: { ...silentLog, error: remember, warn: remember } }
}

/** Changes the ids in a message to one that the node knows, so that it reaches a channel. */
const aimed = (bytes: Uint8Array, channelId: Uint8Array): Uint8Array => {
  if (bytes.length < 34) return bytes
  const copy = bytes.slice()
  copy.set(channelId, 2)
  return copy
}

const connections: Entrance = {
  name: 'connection',
  share: 15,
  async open() {
    const world = new World()
    const { bugs, log } = watchfulLog()
    const node = await world.node('victim', { log, traffic: UNLIMITED })
    let raw: RawPeer | undefined
    let channelId = new Uint8Array(32)
    const connected = async (random: Random): Promise<RawPeer> => {
      const key = 1 + random.below(200)
      const peer = await RawPeer.dial(node.node.port ?? 0)
      await peer.initiate(key, node.node.nodeId)
      peer.send(random.oneIn(20) ? messageBytes(random) : VALID_INIT)
      return peer
    }
    const opening = await HostilePeer.connect(node, 201)
    await opening.leave()
    return {
      async feed(random, note) {
        raw ??= await connected(random)
        if (random.oneIn(8)) {
          channelId = Uint8Array.from(random.bytes(32))
          raw.send(opening.openChannel(channelId))
        }
        const sent = Array.from({ length: 1 + random.below(4) }, () => {
          const bytes = messageBytes(random)
          return random.oneIn(2) ? aimed(bytes, channelId) : bytes
        })
        note(sent.map((bytes) => Buffer.from(bytes).toString('hex')))
        raw.send(...sent)
        if (random.oneIn(30)) raw.socket.write(random.bytes(60))
        const length = 1 + random.below(100)
        raw.send({ type: 'ping', numPongBytes: length, ignored: new Uint8Array(0) })
        if (!(await answered(raw, length))) {
          raw.socket.destroy()
          raw = undefined
        }
        must(bugs.length === 0, bugs.join('\n'))
        must((await node.tryAsk('node', 'getInfo', {})).ok, 'the node answers')
      },
      async close() {
        raw?.socket.destroy()
        await world.close()
      },
    }
  },
}

/** Whether the pong came before the node hung up. */
const answered = async (peer: RawPeer, length: number): Promise<boolean> => {
  for (;;) {
    const message = await peer.message()
    if (message === undefined) return false
    if (message.type === 'pong' && message.ignored.length === length) return true
  }
}

const handshakes: Entrance = {
  name: 'handshake',
  share: 3,
  async open() {
    const world = new World()
    const { bugs, log } = watchfulLog()
    const node = await world.node('victim', { log, traffic: UNLIMITED })
    return {
      async feed(random, note) {
        const peer = await RawPeer.dial(node.node.port ?? 0)
        const garbage = random.bytes(50 + random.below(100))
        if (random.oneIn(2)) garbage.set([0, ...nodeOf(1 + random.below(200)).nodeId])
        note(Buffer.from(garbage).toString('hex'))
        peer.socket.end(garbage)
        peer.socket.resume()
        await peer.ended
        must(bugs.length === 0, bugs.join('\n'))
      },
      close: () => world.close(),
    }
  },
}

export const peerEntrances = [wire, connections, handshakes]
