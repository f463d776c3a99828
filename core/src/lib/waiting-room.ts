import type { Caller } from './recent-calls.ts'

export interface WaitingRoomLimits {
  readonly places: number
  /** How long the older half of those inside is safe from newcomers of their own rank. */
  readonly leastMs: number
}

interface Place<Guest> {
  readonly guest: Guest
  readonly caller: Caller
  readonly since: number
}

/**
 * Where those wait who have not shown yet who they are. When it is full, one of those who have called the most lately has to go; it may be
 * the newcomer. Among callers alike, the older half keeps its places for a time that a slow line needs. The younger half replaces each
 * other, so that a newcomer always has at least a moment.
 */
export class WaitingRoom<Guest> {
  readonly #limits: WaitingRoomLimits
  /** In the order in which they came. */
  readonly #places = new Map<Guest, Place<Guest>>()

  constructor(limits: WaitingRoomLimits) {
    this.#limits = limits
  }

  /** Lets a guest in. Returns the one that has to go for it, if one has to. Time is monotonic. */
  enter(guest: Guest, caller: Caller, now: number): Guest | undefined {
    this.#places.set(guest, { guest, caller, since: now })
    if (this.#places.size <= this.#limits.places) return undefined
    const lost = this.#cheapest(now)
    if (lost !== undefined) this.#places.delete(lost)
    return lost
  }

  /** `false` if it was not there. */
  leave(guest: Guest): boolean {
    return this.#places.delete(guest)
  }

  guests(): Iterable<Guest> {
    return this.#places.keys()
  }

  #cheapest(now: number): Guest | undefined {
    let worst = Number.NEGATIVE_INFINITY
    let candidates: Place<Guest>[] = []
    for (const place of this.#places.values()) {
      const rank = place.caller.rank(now)
      if (rank > worst) {
        worst = rank
        candidates = []
      }
      if (rank === worst) candidates.push(place)
    }
    const [oldest] = candidates
    const isSafe = oldest !== undefined && now - oldest.since < this.#limits.leastMs
    return (isSafe ? candidates[candidates.length >> 1] : oldest)?.guest
  }
}
