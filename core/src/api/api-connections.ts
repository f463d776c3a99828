import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { addressGroup } from '../lib/address-group.ts'
import type { CancelTimer, Clock } from '../lib/clock.ts'
import { GroupTable } from '../lib/group-table.ts'
import { RecentCalls } from '../lib/recent-calls.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import { WaitingRoom } from '../lib/waiting-room.ts'
import type { ApiLimits } from './api-limits.ts'

/** How long a slow line may need, from the moment that we know of the connection, to show the token. */
const LEAST_MS = 3_000
/** How many addresses that have shown the token are remembered, the latest. */
const MAX_FAMILIAR = 256

/**
 * The connections of the API. A connection that has not shown the token may be anybody's. Such connections are limited in number and in
 * time, and make room for each other, those first whose address calls the most; addresses that have shown the token have places of their
 * own. So the operator can always show it. Connections that have shown it are counted apart; when there are too many, only an idle one is
 * closed.
 */
export class ApiConnections {
  readonly #clock: Clock
  readonly #limits: ApiLimits
  readonly #calls = new RecentCalls()
  readonly #strangers: WaitingRoom<Socket>
  readonly #familiar: WaitingRoom<Socket>
  /** Addresses that have shown the token, the latest at the end. */
  readonly #shown = new Set<string>()
  /** How many requests are under way on each; the one that was used last is at the end. */
  readonly #operators = new Map<Socket, number>()
  readonly #deadlines = new Map<Socket, CancelTimer>()
  readonly #refusals: GroupTable<TokenBucket>

  constructor(server: Server, clock: Clock, limits: ApiLimits) {
    const { perSecond, burst } = limits.refusals
    this.#clock = clock
    this.#limits = limits
    this.#strangers = new WaitingRoom({ places: limits.silent.strangers, leastMs: LEAST_MS })
    this.#familiar = new WaitingRoom({ places: limits.silent.familiar, leastMs: LEAST_MS })
    this.#refusals = new GroupTable(() => new TokenBucket(perSecond, burst, clock.monotonic()))
    server.on('connection', (socket) => this.#accept(socket))
  }

  #accept(socket: Socket): void {
    const from = socket.remoteAddress ?? ''
    const now = this.#clock.monotonic()
    socket.once('close', () => {
      this.#leaveRoom(socket)
      this.#operators.delete(socket)
      this.#endDeadline(socket)
    })
    this.#setDeadline(socket, this.#limits.headMs)
    const room = this.#shown.has(addressGroup(from)) ? this.#familiar : this.#strangers
    room.enter(socket, this.#calls.note(from, now), now)?.destroy()
  }

  #leaveRoom(socket: Socket): void {
    this.#strangers.leave(socket)
    this.#familiar.leave(socket)
  }

  #remember(group: string): void {
    this.#shown.delete(group)
    this.#shown.add(group)
    if (this.#shown.size <= MAX_FAMILIAR) return
    for (const earliest of this.#shown) {
      this.#shown.delete(earliest)
      break
    }
  }

  /** Whether a request without the token gets an answer. Otherwise its connection is cut off. */
  answersRefusal({ socket }: IncomingMessage): boolean {
    const answers = this.#refusals.of(addressGroup(socket.remoteAddress ?? '')).take(this.#clock.monotonic())
    if (!answers) socket.destroy()
    return answers
  }

  /** A request with the right token has begun to come in. `false` if all connections are busy already. */
  admit(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request
    if (socket.destroyed) return false
    const underWay = this.#operators.get(socket)
    if (underWay === undefined && this.#operators.size >= this.#limits.operators && !this.#endIdle()) return false
    this.#leaveRoom(socket)
    this.#remember(addressGroup(socket.remoteAddress ?? ''))
    this.#setDeadline(socket, this.#limits.bodyMs, request)
    this.#use(socket, (underWay ?? 0) + 1)
    response.once('close', () => {
      const left = this.#operators.get(socket)
      if (left === undefined) return
      this.#use(socket, left - 1)
      if (left === 1) this.#endDeadline(socket)
    })
    return true
  }

  #use(socket: Socket, underWay: number): void {
    this.#operators.delete(socket)
    this.#operators.set(socket, underWay)
  }

  /** Ends the connection that has been idle the longest; `false` if none is idle. */
  #endIdle(): boolean {
    for (const [socket, underWay] of this.#operators) {
      if (underWay > 0) continue
      this.#operators.delete(socket)
      socket.destroy()
      return true
    }
    return false
  }

  /** A request that has come in whole may take as long as it takes. */
  #setDeadline(socket: Socket, ms: number, request?: IncomingMessage): void {
    this.#endDeadline(socket)
    const late = (): void => {
      if (request?.complete !== true) socket.destroy()
    }
    this.#deadlines.set(socket, this.#clock.setTimer(ms, late))
  }

  #endDeadline(socket: Socket): void {
    this.#deadlines.get(socket)?.()
    this.#deadlines.delete(socket)
  }
}
