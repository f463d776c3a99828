import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { addressGroup } from '../lib/address-group.ts'
import type { CancelTimer, Clock } from '../lib/clock.ts'
import { Crowd } from '../lib/crowd.ts'
import { GroupTable } from '../lib/group-table.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import type { ApiLimits } from './api-limits.ts'

/**
 * The connections of the API. A connection that has not shown the token is a stranger's. Strangers are limited in number and in
 * time, and the one that has waited the longest makes room for the next, so that the operator can always show the token.
 * Connections that have shown it are counted apart; when there are too many, only an idle one is closed.
 */
export class ApiConnections {
  readonly #clock: Clock
  readonly #limits: ApiLimits
  readonly #strangers: Crowd<Socket>
  /** How many requests are under way on each; the one that was used last is at the end. */
  readonly #operators = new Map<Socket, number>()
  readonly #deadlines = new Map<Socket, CancelTimer>()
  readonly #refusals: GroupTable<TokenBucket>

  constructor(server: Server, clock: Clock, limits: ApiLimits) {
    const { perSecond, burst } = limits.refusals
    this.#clock = clock
    this.#limits = limits
    this.#strangers = new Crowd({ ...limits.strangers, loses: 'oldest' })
    this.#refusals = new GroupTable(() => new TokenBucket(perSecond, burst, clock.monotonic()))
    server.on('connection', (socket) => this.#accept(socket))
  }

  #accept(socket: Socket): void {
    const group = addressGroup(socket.remoteAddress ?? '')
    socket.once('close', () => {
      this.#strangers.delete(group, socket)
      this.#operators.delete(socket)
      this.#endDeadline(socket)
    })
    this.#setDeadline(socket, this.#limits.headMs)
    this.#strangers.add(group, socket)?.destroy()
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
    this.#strangers.delete(addressGroup(socket.remoteAddress ?? ''), socket)
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
