import type { VirtualClock } from '../../../core/src/lib/clock-virtual.ts'
import type { NodeId } from '../../../core/src/lib/ids.ts'
import { err, ok } from '../../../core/src/lib/result.ts'
import type { ConnectOptions } from '../../../core/src/node/connection/connect.ts'
import type { ConnectionHandlers } from '../../../core/src/node/connection/connection.ts'
import type { CloseReason, ConnectFailure } from '../../../core/src/node/connection/connection-failure.ts'
import type { ConnectionSettings } from '../../../core/src/node/connection/connection-settings.ts'
import type { PeerLine, Transport } from '../../../core/src/node/connection/transport.ts'
import type { FeatureVector } from '../../../core/src/wire/feature-vector.ts'
import { type FeatureName, type FeatureSet, formatFeatures } from '../../../core/src/wire/features.ts'
import { decodeMessage, encodeMessage } from '../../../core/src/wire/message-codecs.ts'
import type { Message, UnknownMessage } from '../../../core/src/wire/messages/message.ts'
import type { ErrorMessage, WarningMessage } from '../../../core/src/wire/messages/setup.ts'

/** A node's place in the network. */
export interface Place {
  readonly host: string
  readonly nodeId: NodeId
}

export interface NetOptions {
  readonly clock: VirtualClock
  /** How long the next message is on its way. */
  latencyMs(): number
  /** Features that no peer shows another. */
  readonly hidden: readonly FeatureName[]
  /** Sees every message as it leaves. */
  onSent(from: string, to: string, message: Message): void
}

/** Connections between simulated nodes: messages keep their order, take their time, and are lost with the connection. */
export class SimulatedNet {
  readonly options: NetOptions
  readonly #listeners = new Map<
    string,
    { readonly place: Place; accept(line: PeerLine): void; features: FeatureVector; rooms: Rooms }
  >()
  readonly #pairs = new Set<Pair>()
  readonly #barred = new Set<string>()
  readonly #silent = new Set<string>()

  constructor(options: NetOptions) {
    this.options = options
  }

  /** What one life of a node connects by. `isAlive` becomes false when it dies. */
  transportOf(place: Place, isAlive: () => boolean): Transport {
    return {
      connect: (options) => this.#connect(place, options, isAlive),
      listen: async ({ onConnection, features, rooms }) => {
        const accept = (line: PeerLine): void => {
          if (isAlive()) onConnection(line)
        }
        this.#listeners.set(place.host, { place, accept, features: this.#shown(features), rooms })
        return ok({ port: PORT, close: async () => void this.#listeners.delete(place.host) })
      },
    }
  }

  /** The process at this place has died: nobody reads what is on its way to it, and its peers notice. */
  died(host: string): void {
    this.#listeners.delete(host)
    for (const pair of [...this.#pairs]) pair.died(host)
  }

  /** Breaks the connections between two nodes; what is on its way is lost. */
  cut(a: string, b: string): void {
    for (const pair of [...this.#pairs]) if (pair.joins(a, b)) pair.break()
  }

  /** Whether the two can connect. */
  bar(a: string, b: string, isBarred: boolean): void {
    if (isBarred) this.#barred.add(between(a, b))
    else this.#barred.delete(between(a, b))
    if (isBarred) this.cut(a, b)
  }

  /** While silent, what the first sends to the second waits, and the connection stays. */
  silence(from: string, to: string, isSilent: boolean): void {
    if (isSilent) this.#silent.add(`${from}>${to}`)
    else this.#silent.delete(`${from}>${to}`)
    if (!isSilent) for (const pair of this.#pairs) if (pair.joins(from, to)) pair.speak()
  }

  isSilent(from: string, to: string): boolean {
    return this.#silent.has(`${from}>${to}`)
  }

  #shown(features: FeatureSet): FeatureVector {
    const { hidden } = this.options
    const shown = Object.entries(features).filter(([name]) => !hidden.includes(name as FeatureName))
    return formatFeatures(Object.fromEntries(shown), 'init')
  }

  get #now(): number {
    return this.options.clock.monotonic()
  }

  async #connect(from: Place, { host, nodeId, features, rooms }: ConnectOptions, isAlive: () => boolean) {
    await new Promise<void>((resolve) => this.options.clock.setTimer(this.options.latencyMs(), resolve))
    const listener = this.#listeners.get(host)
    const isReachable = listener !== undefined && !this.#barred.has(between(from.host, host)) && isAlive()
    if (!isReachable || toName(listener.place.nodeId) !== toName(nodeId)) {
      return err<ConnectFailure>({ code: 'unreachable', cause: 'ECONNREFUSED' })
    }
    const caller = { place: from, features: this.#shown(features), rooms }
    const pair = new Pair(this, caller, listener, () => this.#pairs.delete(pair))
    this.#pairs.add(pair)
    listener.accept(pair.callee)
    return ok(pair.caller)
  }

  /** The time at which a message that leaves now arrives, if the one before it arrives then. */
  arrival(last: number): number {
    return Math.max(last, this.#now + this.options.latencyMs())
  }
}

const PORT = 9735

type Rooms = ConnectionSettings['rooms']

/** One side of a connection, as it shows itself, and what it takes. */
interface Side {
  readonly place: Place
  readonly features: FeatureVector
  readonly rooms: Rooms
}

const between = (a: string, b: string): string => [a, b].sort().join('|')

const toName = (nodeId: NodeId): string => Buffer.from(nodeId).toString('hex')

/** Both ends of one connection. */
class Pair {
  readonly caller: End
  readonly callee: End
  readonly #onEnd: () => void

  constructor(net: SimulatedNet, caller: Side, callee: Side, onEnd: () => void) {
    this.caller = new End(net, caller, callee, 'outbound')
    this.callee = new End(net, callee, caller, 'inbound')
    this.caller.other = this.callee
    this.callee.other = this.caller
    this.#onEnd = onEnd
    for (const end of [this.caller, this.callee]) end.whenClosed(() => this.#ended())
  }

  joins(a: string, b: string): boolean {
    return [a, b].includes(this.caller.host) && [a, b].includes(this.callee.host)
  }

  break(): void {
    for (const end of [this.caller, this.callee]) end.end({ code: 'socket-error', cause: 'ECONNRESET' })
  }

  /** What it has sent still arrives. */
  died(host: string): void {
    for (const end of [this.caller, this.callee]) if (end.host === host) end.hangUp()
  }

  speak(): void {
    for (const end of [this.caller, this.callee]) end.speak()
  }

  #ended(): void {
    if (this.caller.isClosed && this.callee.isClosed) this.#onEnd()
  }
}

class End implements PeerLine {
  readonly remoteNodeId: NodeId
  readonly remoteFeatures: FeatureVector
  readonly direction: 'inbound' | 'outbound'
  readonly remoteAddress: string
  readonly address: string
  readonly host: string
  other: End | undefined
  readonly #net: SimulatedNet
  readonly #rooms: Rooms
  readonly #closeListeners: (() => void)[] = []
  #handlers: ConnectionHandlers | undefined
  #outgoing: Uint8Array[] = []
  /** Arrived, and not read yet; `undefined` is the end. */
  #arrived: (Uint8Array | undefined)[] = []
  /** What waits while this end is silent. */
  #unsaid: (Uint8Array | undefined)[] = []
  #lastArrival = 0
  #closed: CloseReason | undefined
  #isPaused = false

  constructor(net: SimulatedNet, own: Side, remote: Side, direction: End['direction']) {
    this.#net = net
    this.#rooms = own.rooms
    this.host = own.place.host
    this.remoteNodeId = remote.place.nodeId
    this.remoteFeatures = remote.features
    this.direction = direction
    this.remoteAddress = remote.place.host
    this.address = `${remote.place.host}:${PORT}`
  }

  get isClosed(): boolean {
    return this.#closed !== undefined
  }

  start(handlers: ConnectionHandlers): void {
    this.#handlers = handlers
    if (this.#closed === undefined) this.#read()
    else this.#tellClosed(this.#closed)
  }

  whenClosed(listener: () => void): void {
    if (this.#closed === undefined) this.#closeListeners.push(listener)
    else listener()
  }

  get unsentBytes(): number {
    return 0
  }

  send(message: Message | UnknownMessage): void {
    if (this.#closed !== undefined) return
    if (message.type !== 'unknown') this.#net.options.onSent(this.host, this.remoteAddress, message)
    this.#outgoing.push(encodeMessage(message))
  }

  flush(): void {
    for (const bytes of this.#outgoing.splice(0)) this.#say(bytes)
  }

  pauseReading(): void {
    this.#isPaused = true
  }

  resumeReading(): void {
    this.#isPaused = false
    this.#read()
  }

  close(last?: ErrorMessage | WarningMessage): void {
    if (last !== undefined) this.send(last)
    this.flush()
    this.hangUp()
  }

  /** What was said before is heard before the end. */
  hangUp(): void {
    if (this.#closed !== undefined) return
    this.#say(undefined)
    this.end({ code: 'closed-by-us' })
  }

  end(reason: CloseReason): void {
    if (this.#closed !== undefined) return
    this.#closed = reason
    for (const listener of this.#closeListeners) listener()
    this.#tellClosed(reason)
  }

  speak(): void {
    for (const bytes of this.#unsaid.splice(0)) this.#say(bytes)
  }

  #say(bytes: Uint8Array | undefined): void {
    if (this.#net.isSilent(this.host, this.remoteAddress)) {
      this.#unsaid.push(bytes)
      return
    }
    const { clock } = this.#net.options
    this.#lastArrival = this.#net.arrival(this.#lastArrival)
    clock.setTimer(this.#lastArrival - clock.monotonic(), () => this.other?.arrive(bytes))
  }

  arrive(bytes: Uint8Array | undefined): void {
    if (this.#closed !== undefined) return
    this.#arrived.push(bytes)
    this.#read()
  }

  #read(): void {
    while (!this.#isPaused && this.#handlers !== undefined && this.#closed === undefined && this.#arrived.length > 0) {
      const bytes = this.#arrived.shift()
      if (bytes === undefined) {
        this.end({ code: 'closed-by-peer' })
        return
      }
      const message = decodeMessage(bytes, (type) => this.#rooms.has(type))
      if (!message.ok) throw new Error(`a node sent what cannot be read: ${message.error.code}`)
      const { value } = message
      if (value.type === 'init' || value.type === 'ping' || value.type === 'pong') continue
      if (value.type === 'unknown' && this.#rooms.of(value.messageType) === undefined) continue
      this.#handlers.onMessage(value)
    }
  }

  #tellClosed(reason: CloseReason): void {
    const handlers = this.#handlers
    if (handlers !== undefined) queueMicrotask(() => handlers.onClose(reason))
  }
}
