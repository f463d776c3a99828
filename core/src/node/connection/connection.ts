import type { Socket } from 'node:net'
import type { NoiseCipher } from '../../crypto/noise.ts'
import type { Clock } from '../../lib/clock.ts'
import { invariant } from '../../lib/errors.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { Rng } from '../../lib/rng.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import { initFeatures } from '../../wire/features.ts'
import { decodeMessage, encodeMessage } from '../../wire/message-codecs.ts'
import type { Message, UnknownMessage } from '../../wire/messages/message.ts'
import type { ErrorMessage, Init, WarningMessage } from '../../wire/messages/setup.ts'
import { bugOf, type CloseReason, causeOf, closeReasonOf } from './connection-failure.ts'
import { farewell } from './connection-reactions.ts'
import type { ConnectionSettings } from './connection-settings.ts'
import { endSocket } from './end-socket.ts'
import { Keepalive, NO_PONG_FROM } from './keepalive.ts'
import { costOf, isCounted, isTalk, transportCost } from './message-costs.ts'
import type { Slice } from './slice.ts'
import type { TrafficAccount } from './traffic-control.ts'

/** More than this not taken by the peer ends the connection. */
const MAX_UNSENT_BYTES = 16 * 1024 * 1024
/**
 * How long a peer may be held up without a break. During that time nobody might notice that it has gone. Those with channels wait for each
 * other's answers, and so are never held up for long by what channels have to say.
 */
const MAX_HELD_UP_MS = 300_000

/** What BOLT 1 lets a node pass over. */
export type IgnoredByConnection =
  /** Of a type that we do not know, or that we have no use for. `bytes` is the length of what follows the type. */
  | { readonly message: 'unknown'; readonly why: 'no-use'; readonly type: number; readonly bytes: number }
  | { readonly message: 'ping'; readonly why: 'wants-no-pong' }
  | { readonly message: 'pong'; readonly why: 'not-awaited' }

/** What an owner learns from its connection. */
export interface ConnectionHandlers {
  /** Every message but ping, pong and those that are passed over. Those that are `unknown` have a room. */
  readonly onMessage: (message: Exclude<Message | UnknownMessage, { readonly type: 'ping' | 'pong' | 'init' }>) => void
  /** Those that are neither acted on nor answered, for the log. */
  readonly onIgnored: (ignored: IgnoredByConnection) => void
  /** Called once; nothing is called after it. */
  readonly onClose: (reason: CloseReason) => void
}

interface ConnectionParts {
  readonly socket: Socket
  readonly cipher: NoiseCipher
  readonly remoteNodeId: NodeId
  readonly remoteInit: Init
  readonly direction: 'inbound' | 'outbound'
  readonly clock: Clock
  readonly rng: Rng
  readonly account: TrafficAccount
  readonly rooms: ConnectionSettings['rooms']
}

/**
 * An encrypted connection to a peer, after the exchange of `init`. It answers pings and sends its own. Nothing is read before `start`. Sent
 * messages wait for `flush` and leave as one write; they are also flushed after the messages of each received chunk were handled. Nothing
 * is read while the peer has used up its allowance, waits for its turn, or does not take what we send: limits are checked before the next
 * message is decrypted.
 */
export class Connection {
  readonly remoteNodeId: NodeId
  readonly remoteInit: Init
  /** What the peer offers in `init`. */
  readonly remoteFeatures: FeatureVector
  readonly direction: 'inbound' | 'outbound'
  /** Where the peer connects from, or was reached, without the port. */
  readonly remoteAddress: string
  /** The same as `host:port`. */
  readonly address: string
  readonly #socket: Socket
  readonly #cipher: NoiseCipher
  readonly #clock: Clock
  readonly #keepalive: Keepalive
  readonly #account: TrafficAccount
  readonly #rooms: ConnectionSettings['rooms']
  #handlers: ConnectionHandlers | undefined
  readonly #closeListeners: (() => void)[] = []
  #outgoing: Uint8Array[] = []
  #closed: CloseReason | undefined
  #outgoingBytes = 0
  /** The owner wants nothing for now. */
  #paused = false
  /** More was received than could be handled at once. */
  #waiting = false
  /** Since then without a break. */
  #waitingSince = 0
  /** The peer does not take what we send. */
  #choked = false
  #pumping = false

  /** Takes over a socket that is paused, with its handshake done. */
  constructor({ socket, cipher, remoteNodeId, remoteInit, direction, clock, rng, account, rooms }: ConnectionParts) {
    this.remoteNodeId = remoteNodeId
    this.remoteInit = remoteInit
    this.remoteFeatures = initFeatures(remoteInit)
    this.direction = direction
    this.remoteAddress = socket.remoteAddress ?? ''
    this.address = `${this.remoteAddress}:${socket.remotePort ?? 0}`
    this.#socket = socket
    this.#cipher = cipher
    this.#clock = clock
    this.#account = account
    this.#rooms = rooms
    this.#keepalive = new Keepalive({
      clock,
      rng,
      ping: (numPongBytes) => {
        this.#enqueue({ type: 'ping', numPongBytes, ignored: new Uint8Array(0) })
        this.flush()
      },
      timedOut: () => this.#end({ code: 'ping-timeout' }),
    })
    socket.on('data', (chunk: Buffer) => this.#receive(chunk))
    socket.on('drain', () => this.#drained())
    socket.on('error', (error) => this.#end({ code: 'socket-error', cause: causeOf(error) }))
    socket.on('close', () => this.#end({ code: 'closed-by-peer' }))
    socket.on('end', () => this.#end({ code: 'closed-by-peer' }))
  }

  /** Begins to read; messages that came with `init` are delivered at once. */
  start(handlers: ConnectionHandlers): void {
    invariant(this.#handlers === undefined, 'a connection is started once')
    this.#handlers = handlers
    if (this.#closed === undefined) this.#goOn()
    else this.#tellClosed(handlers, this.#closed)
  }

  /** Called once the connection is closed, started or not. */
  whenClosed(listener: () => void): void {
    if (this.#closed === undefined) this.#closeListeners.push(listener)
    else listener()
  }

  /** Queues a message; dropped once the connection is closed. */
  send(message: Message | UnknownMessage): void {
    this.#enqueue(message)
  }

  /** What the peer has not taken yet. */
  get unsentBytes(): number {
    return this.#outgoingBytes + this.#socket.writableLength
  }

  /** Writes all that was queued, in one piece. */
  flush(): void {
    if (this.#outgoing.length === 0 || this.#closed !== undefined) return
    const startedAt = this.#clock.monotonic()
    const encrypted = this.#cipher.encrypt(this.#outgoing)
    this.#outgoing = []
    this.#outgoingBytes = 0
    this.#socket.write(encrypted)
    if (!this.#account.isPartner && !this.#pumping) {
      this.#account.charge('milliseconds', this.#clock.monotonic() - startedAt)
    }
    const { unsentBytes } = this
    if (unsentBytes > MAX_UNSENT_BYTES) this.#end({ code: 'peer-too-slow', unsentBytes })
  }

  /** Stops delivering and reading: the peer is held up by TCP. Takes effect before the next message. */
  pauseReading(): void {
    this.#paused = true
    this.#setReading()
  }

  resumeReading(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#goOn()
  }

  /** Sends what is queued, then `last` if given, and closes. `onClose` follows with `closed-by-us`. */
  close(last?: ErrorMessage | WarningMessage): void {
    if (last !== undefined) this.#enqueue(last)
    this.flush()
    this.#end({ code: 'closed-by-us' })
  }

  #enqueue(message: Message | UnknownMessage): void {
    if (this.#closed !== undefined) return
    if (message.type === 'error' || message.type === 'warning') this.#account.charge('complaints', 1)
    const bytes = encodeMessage(message)
    // Messages to a stranger are answers to what it sent. Messages to partners are mostly our own work.
    if (!this.#account.isPartner) this.#account.charge('bytes', bytes.length)
    this.#outgoing.push(bytes)
    this.#outgoingBytes += bytes.length
  }

  #receive(chunk: Buffer): void {
    if (this.#closed !== undefined) return
    this.#keepalive.received()
    this.#account.charge('bytes', chunk.length)
    this.#cipher.receive(chunk)
    this.#goOn()
  }

  /** Handles received messages as soon as that is allowed, and continues reading after that. */
  #goOn(): void {
    // An owner that resumes while it handles a message is already inside the loop.
    if (this.#handlers === undefined || this.#closed !== undefined || this.#pumping) return
    if (!this.#waiting && !this.#paused && !this.#choked) {
      const slice = this.#account.sliceNow()
      this.#waitingSince = this.#clock.monotonic()
      this.#wait(slice === undefined || this.#pump(slice, this.#handlers))
    }
    this.#setReading()
  }

  readonly #turn = (slice: Slice): void => {
    if (this.#handlers === undefined || this.#closed !== undefined) return
    this.#wait(this.#pump(slice, this.#handlers))
    this.#setReading()
  }

  #wait(waits: boolean): void {
    this.#waiting = waits
    if (!waits || this.#closed !== undefined) return
    if (this.#clock.monotonic() - this.#waitingSince < MAX_HELD_UP_MS) {
      this.#account.wait(this.#turn)
      return
    }
    this.#end({ code: 'flooding' })
  }

  #drained(): void {
    if (!this.#choked) return
    this.#choked = false
    this.#goOn()
  }

  #setReading(): void {
    if (this.#closed !== undefined) return
    if (this.#paused || this.#waiting || this.#choked) this.#socket.pause()
    else if (this.#handlers !== undefined) this.#socket.resume()
    // A peer that does not read our ping is to blame for not answering it.
    this.#keepalive.suspend(this.#paused || this.#waiting)
  }

  /** Delivers the whole messages that have arrived, as long as the owner wants them. `true` if the slice was not enough. */
  #pump(slice: Slice, handlers: ConnectionHandlers): boolean {
    this.#pumping = true
    const startedAt = this.#clock.monotonic()
    try {
      while (!this.#paused && this.#closed === undefined) {
        if (slice.over) return true
        if (this.#chokes()) break
        const began = this.#clock.monotonic()
        const next = this.#cipher.next()
        if (!next.ok) {
          this.#end(next.error)
          break
        }
        if (next.value === undefined) break
        slice.handled(next.value.length)
        if (this.#handle(next.value, handlers)) {
          this.#account.charge('talk', this.#clock.monotonic() - began + transportCost(next.value.length))
        }
      }
      return false
    } catch (thrown) {
      // Everything that a peer sends is handled here: an error on the way ends this connection, never the process.
      this.#end(bugOf(thrown))
      return false
    } finally {
      this.flush()
      this.#pumping = false
      this.#account.charge('milliseconds', this.#clock.monotonic() - startedAt)
    }
  }

  /** Looked at before a message is handled, since the answer may be longer than the question. */
  #chokes(): boolean {
    const { maxUnsentBytes } = this.#account
    if (this.unsentBytes < maxUnsentBytes) return false
    this.flush()
    this.#choked = this.unsentBytes >= maxUnsentBytes
    return this.#choked
  }

  /** Whether it was mere talk. */
  #handle(bytes: Uint8Array, handlers: ConnectionHandlers): boolean {
    const decoded = decodeMessage(bytes, (messageType) => this.#rooms.has(messageType))
    if (!decoded.ok) {
      this.#end(closeReasonOf(decoded.error, bytes))
      return true
    }
    const message = decoded.value
    if (isCounted(message)) this.#account.charge('messages', 1)
    const cost = costOf(message)
    if (cost > 0) {
      this.#account.charge('milliseconds', cost)
      if (isTalk(message)) this.#account.charge('talk', cost)
    }
    switch (message.type) {
      case 'ping':
        // BOLT 1, ping: pings that come too often may end the connection; here they wait until one is due.
        this.#account.charge('pings', 1)
        // BOLT 1: answered with as many bytes as it asks for, unless it asks for more than a message holds.
        if (message.numPongBytes < NO_PONG_FROM) {
          this.#enqueue({ type: 'pong', ignored: new Uint8Array(message.numPongBytes) })
          this.#account.charge('talk', transportCost(message.numPongBytes))
        } else handlers.onIgnored({ message: 'ping', why: 'wants-no-pong' })
        break
      case 'pong':
        if (!this.#keepalive.pong(message.ignored.length)) {
          handlers.onIgnored({ message: 'pong', why: 'not-awaited' })
        }
        break
      case 'init':
        this.#end({ code: 'unexpected-init' })
        break
      case 'unknown': {
        const { messageType: type, payload } = message
        if (this.#rooms.of(type) !== undefined) handlers.onMessage(message)
        // BOLT 1: it's fine to be odd.
        else handlers.onIgnored({ message: 'unknown', why: 'no-use', type, bytes: payload.length })
        break
      }
      default:
        if (message.type === 'error' || message.type === 'warning') this.#account.charge('complaints', 1)
        handlers.onMessage(message)
    }
    return isTalk(message)
  }

  #end(reason: CloseReason): void {
    if (this.#closed !== undefined) return
    const last = farewell(reason)
    if (last !== undefined) {
      this.#enqueue(last)
      this.flush()
      // It was too much for a peer that does not read.
      if (this.#closed !== undefined) return
    }
    this.#closed = reason
    this.#outgoing = []
    this.#outgoingBytes = 0
    this.#keepalive.stop()
    this.#account.close()
    endSocket(this.#socket, this.#clock)
    for (const listener of this.#closeListeners) listener()
    if (this.#handlers !== undefined) this.#tellClosed(this.#handlers, reason)
  }

  // Not within the call that closes it, so that an owner is never called back in the middle of its own call.
  #tellClosed(handlers: ConnectionHandlers, reason: CloseReason): void {
    queueMicrotask(() => handlers.onClose(reason))
  }
}
