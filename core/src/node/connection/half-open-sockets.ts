import type { Socket } from 'node:net'
import type { Caller } from '../../lib/recent-calls.ts'
import { WaitingRoom } from '../../lib/waiting-room.ts'
import type { TrafficLimits } from './traffic-limits.ts'

/**
 * How long a slow line needs for its next step: a second each way there and back, or a lost packet sent again. The same while we have not
 * heard from a caller, since behind a proxy it learns only after we do that it is connected.
 */
const LEAST_MS = 3_000

/**
 * Sockets that came in and are not through their handshake. Strangers have one room until we have answered their first act, and another
 * after that: there they come in no faster than handshakes are begun, and those who only call cannot push them out. Addresses where a
 * partner was seen have a room of their own.
 */
export class HalfOpenSockets {
  readonly #calling: WaitingRoom<Socket>
  readonly #answered: WaitingRoom<Socket>
  readonly #familiar: WaitingRoom<Socket>

  constructor({ calling, answered, familiar }: TrafficLimits['halfOpen']) {
    const room = (places: number) => new WaitingRoom<Socket>({ places, leastMs: LEAST_MS })
    this.#calling = room(calling)
    this.#answered = room(answered)
    this.#familiar = room(familiar)
  }

  /** Returns the socket that has to go for it, if one has to; it may be the same one. */
  enter(socket: Socket, caller: Caller, isFamiliar: boolean, now: number): Socket | undefined {
    return (isFamiliar ? this.#familiar : this.#calling).enter(socket, caller, now)
  }

  /** Its first act was that of a node, and is answered. Returns the socket that has to go for it. */
  answered(socket: Socket, caller: Caller, now: number): Socket | undefined {
    return this.#calling.leave(socket) ? this.#answered.enter(socket, caller, now) : undefined
  }

  leave(socket: Socket): void {
    for (const room of this.#rooms) room.leave(socket)
  }

  *all(): Iterable<Socket> {
    for (const room of this.#rooms) yield* room.guests()
  }

  get #rooms(): readonly WaitingRoom<Socket>[] {
    return [this.#calling, this.#answered, this.#familiar]
  }
}
