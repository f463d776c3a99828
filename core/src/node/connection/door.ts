import type { Socket } from 'node:net'
import { addressGroup } from '../../lib/address-group.ts'
import { GroupTable } from '../../lib/group-table.ts'
import { type Caller, RecentCalls } from '../../lib/recent-calls.ts'
import { TokenBucket } from '../../lib/token-bucket.ts'
import type { Connection } from './connection.ts'
import { bugOf, type InboundFailure } from './connection-failure.ts'
import { type ConnectionSettings, HANDSHAKE_TIMEOUT_MS } from './connection-settings.ts'
import { establish } from './establish.ts'
import { HalfOpenSockets } from './half-open-sockets.ts'

export interface DoorOptions extends ConnectionSettings {
  readonly handshakeTimeoutMs?: number
  /** A peer has connected. The connection reads nothing until it is started. */
  readonly onConnection: (connection: Connection) => void
  /** A socket came in and did not become a connection. */
  readonly onFailure?: (failure: InboundFailure, remoteAddress: string) => void
}

/** Brings sockets that came in through their handshake, or turns them away. */
export class Door {
  readonly #options: DoorOptions
  readonly #rates: GroupTable<TokenBucket>
  readonly #calls = new RecentCalls()
  readonly #halfOpen: HalfOpenSockets
  readonly #crowdedOut = new Set<Socket>()

  constructor(options: DoorOptions) {
    const { arrivals, halfOpen } = options.traffic.limits
    this.#options = options
    this.#rates = new GroupTable(() => new TokenBucket(arrivals.perSecond, arrivals.burst, options.clock.monotonic()))
    this.#halfOpen = new HalfOpenSockets(halfOpen)
  }

  accept(socket: Socket): void {
    this.#accept(socket).catch((thrown: unknown) => {
      socket.destroy()
      this.#options.onFailure?.(bugOf(thrown), '')
    })
  }

  /** Drops those that are in their handshake. */
  close(): void {
    for (const socket of this.#halfOpen.all()) socket.destroy()
  }

  async #accept(socket: Socket): Promise<void> {
    const { clock, traffic, onConnection, onFailure, handshakeTimeoutMs = HANDSHAKE_TIMEOUT_MS } = this.#options
    const from = socket.remoteAddress ?? ''
    const group = addressGroup(from)
    const now = clock.monotonic()
    const caller = this.#calls.note(from, now)
    // The rate is that of one address: it is for the cost of a socket, and nobody elsewhere can use it up.
    if (!this.#rates.of(group).take(now)) {
      this.#refuse(socket, 'too-many-calls')
      return
    }
    const lost = this.#halfOpen.enter(socket, caller, traffic.isFamiliar(group), now)
    // Before anything is made of it.
    if (lost === socket) {
      this.#refuse(socket, 'too-many-pending-handshakes')
      return
    }
    this.#crowdOut(lost)
    const established = await establish(socket, this.#responder(socket, caller), this.#options, handshakeTimeoutMs)
    this.#halfOpen.leave(socket)
    const hadToGo = this.#crowdedOut.delete(socket)
    if (established.ok) onConnection(established.value)
    else onFailure?.(hadToGo ? { code: 'too-many-pending-handshakes' } : established.error, from)
  }

  #responder(socket: Socket, caller: Caller) {
    const { clock } = this.#options
    const onActOne = (): void => this.#crowdOut(this.#halfOpen.answered(socket, caller, clock.monotonic()))
    return { type: 'responder', caller, onActOne } as const
  }

  #refuse(socket: Socket, code: 'too-many-calls' | 'too-many-pending-handshakes'): void {
    socket.on('error', () => {})
    socket.resetAndDestroy()
    this.#options.onFailure?.({ code }, socket.remoteAddress ?? '')
  }

  #crowdOut(lost: Socket | undefined): void {
    if (lost === undefined) return
    this.#crowdedOut.add(lost)
    lost.resetAndDestroy()
  }
}
