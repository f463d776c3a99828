import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { constants, setPriority } from 'node:os'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import type { NoiseCipher } from '../../../core/src/crypto/noise.ts'
import { fromHex } from '../../../core/src/lib/bytes.ts'
import { systemRng } from '../../../core/src/lib/rng.ts'
import { ourInit } from '../../../core/src/node/connection/init-exchange.ts'
import { TransportHandshake } from '../../../core/src/node/connection/transport-handshake.ts'
import { OUR_FEATURES } from '../../../core/src/wire/features.ts'
import { encodeMessage } from '../../../core/src/wire/message-codecs.ts'

// A process of its own: floods a node in one of several ways until it is ended. It does as much as the node lets it. A
// stranger is at another machine: what making the flood costs is not the node's, so it takes only what time is left over.
setPriority(constants.priority.PRIORITY_LOW)

export interface FloodTarget {
  readonly nodeId: string
  readonly host: string
  readonly port: number
  readonly apiPort: number
}

export interface FloodOrder extends FloodTarget {
  readonly flood: string
  /** Of `SHAM`: the share of a processor that it takes. */
  readonly load?: number
}

/** Takes processor time and leaves the node alone: what a flood is compared with, where both share the machine's processors. */
export const SHAM = 'sham'
const SHAM_EVERY_MS = 20

const INIT = encodeMessage(ourInit(OUR_FEATURES, NETWORKS.regtest.chainHash))
/** Whoever is turned away comes again after this: faster than that a host floods TCP itself, which is for a firewall. */
const AGAIN_MS = 500
/**
 * A flood has settled when the node holds it up, and so little is left for it to do for a while: the node lets in one
 * connection after the other, and each begins by filling the system's buffers. Or when that does not come about.
 */
const LOOK_MS = 250
const SETTLED_LOAD = 0.2
const SETTLED_LOOKS = 8
const MAX_LOOKS = 160

let target: FloodTarget

const dial = async (port: number): Promise<Socket> => {
  const socket = connect({ host: target.host, port, noDelay: true })
  socket.on('error', () => {})
  await Promise.race([once(socket, 'connect'), once(socket, 'close')])
  return socket
}

/** Goes through the handshake and sends `init`; `undefined` if the node hangs up. What it answers later is not read. */
const shakeHands = async (socket: Socket): Promise<NoiseCipher | undefined> => {
  const { actOne, handshake } = TransportHandshake.initiate(randomBytes(32), fromHex(target.nodeId), systemRng)
  socket.write(actOne)
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    if (!handshake.take(chunk as Buffer)) continue
    const done = handshake.proceed()
    if (!done.ok || done.value.transport === undefined || done.value.reply === undefined) return undefined
    const { cipher } = done.value.transport
    socket.write(done.value.reply)
    socket.write(cipher.encrypt([INIT]))
    return cipher
  }
  return undefined
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** So many at once of what comes again when it is over. */
const repeated = (count: number, once: (index: number) => Promise<void>): void => {
  const loop = async (index: number): Promise<void> => {
    for (;;) {
      await once(index).catch(() => {})
      await pause(AGAIN_MS)
    }
  }
  for (let i = 0; i < count; i++) void loop(i)
}

/** Connections that send batches of one message for as long as the node takes them, and read what they are answered. */
const sending = (connections: number, message: Uint8Array): void => {
  const batch = new Array<Uint8Array>(Math.max(1, Math.floor((64 << 10) / (message.length + 34)))).fill(message)
  repeated(connections, async () => {
    const socket = await dial(target.port)
    const cipher = await shakeHands(socket)
    if (cipher === undefined) {
      socket.destroy()
      return
    }
    socket.resume()
    while (!socket.destroyed) {
      if (!socket.write(cipher.encrypt(batch))) await Promise.race([once(socket, 'drain'), once(socket, 'close')])
    }
  })
}

/** Sockets that are opened and left alone. */
const silent = (count: number, port: number, first: Uint8Array | string = ''): void =>
  repeated(count, async () => {
    const socket = await dial(port)
    if (first.length > 0) socket.write(first)
    socket.resume()
    if (!socket.destroyed) await once(socket, 'close')
  })

const FLOODS: Readonly<Record<string, () => void>> = {
  pings: () => sending(20, encodeMessage({ type: 'ping', numPongBytes: 65_531, ignored: new Uint8Array(0) })),
  'unknown-channels': () =>
    sending(
      5,
      encodeMessage({
        type: 'revoke_and_ack',
        channelId: randomBytes(32),
        perCommitmentSecret: randomBytes(32),
        nextPerCommitmentPoint: fromHex(target.nodeId),
      }),
    ),
  'odd-messages': () => sending(5, Buffer.concat([Uint8Array.of(0xc0, 0xff), Buffer.alloc(60_000)])),
  'tiny-odd-messages': () => sending(5, Uint8Array.of(0xc0, 0xff)),
  gossip: () => sending(5, Buffer.concat([Uint8Array.of(1, 2), Buffer.alloc(136)])),
  handshakes: () =>
    repeated(20, async () => {
      for (;;) {
        const socket = await dial(target.port)
        const cipher = await shakeHands(socket)
        socket.destroy()
        if (cipher === undefined) return
      }
    }),
  'half-open': () => silent(200, target.port, Uint8Array.of(0)),
  connections: () =>
    repeated(500, async () => {
      const socket = await dial(target.port)
      await shakeHands(socket)
      socket.resume()
      if (!socket.destroyed) await once(socket, 'close')
    }),
  'api-silent': () => silent(500, target.apiPort),
  'api-guesses': () => silent(20, target.apiPort, 'POST /v1/node/getInfo HTTP/1.1\r\nhost: x\r\n\r\n'),
}

const tellWhenSettled = async (): Promise<void> => {
  for (let look = 0, calm = 0; look < MAX_LOOKS && calm < SETTLED_LOOKS; look++) {
    const before = process.cpuUsage()
    await pause(LOOK_MS)
    const { user, system } = process.cpuUsage(before)
    calm = user + system < SETTLED_LOAD * LOOK_MS * 1_000 ? calm + 1 : 0
  }
  process.send?.('settled')
}

const sham = (load: number): void => {
  setInterval(() => {
    const end = performance.now() + load * SHAM_EVERY_MS
    while (performance.now() < end);
  }, SHAM_EVERY_MS)
}

const begin = ({ flood, load = 0, ...at }: FloodOrder): void => {
  target = at
  if (flood === SHAM) {
    sham(load)
    process.send?.('settled')
    return
  }
  FLOODS[flood]?.()
  void tellWhenSettled()
}

/** An order to begin, then the question what share of a processor was taken since it was last asked. */
let since = { cpu: process.cpuUsage(), at: performance.now() }
process.on('message', (message: FloodOrder | 'load') => {
  if (message !== 'load') {
    begin(message)
    return
  }
  const { user, system } = process.cpuUsage(since.cpu)
  process.send?.((user + system) / 1_000 / (performance.now() - since.at))
  since = { cpu: process.cpuUsage(), at: performance.now() }
})
process.once('disconnect', () => process.exit())
