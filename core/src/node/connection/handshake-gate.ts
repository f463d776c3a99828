import type { CancelTimer, Clock } from '../../lib/clock.ts'
import { GroupTable } from '../../lib/group-table.ts'
import type { Caller } from '../../lib/recent-calls.ts'
import { type Rate, TokenBucket } from '../../lib/token-bucket.ts'
import type { TrafficLimits } from './traffic-limits.ts'

/** Handshakes in one turn of the event loop. */
const PER_TURN = 2
/** Waiting calls are looked at again after this time at the earliest, all at once. */
const LEAST_WAIT_MS = 20

interface Waiting {
  readonly group: string
  readonly caller: Caller
  readonly proceed: () => void
}

/**
 * Where calls wait for their handshake, whose curve arithmetic costs us time. Each address has its rate, and all addresses share one;
 * addresses where a partner was seen share another, so that strangers elsewhere cannot keep partners out. Those who have called least go
 * first, and callers alike in the order in which they came. Nothing is refused here: a waiting socket costs nothing, and its owner cannot
 * use it to call again.
 */
export class HandshakeGate {
  readonly #clock: Clock
  readonly #isFamiliar: (group: string) => boolean
  readonly #ofGroup: GroupTable<TokenBucket>
  readonly #ofStrangers: TokenBucket
  readonly #ofFamiliar: TokenBucket
  /** In the order in which they came. */
  readonly #waiting = new Set<Waiting>()
  #cancel: CancelTimer | undefined
  #scheduled = false

  constructor(clock: Clock, limits: TrafficLimits['handshakes'], isFamiliar: (group: string) => boolean) {
    const bucket = ({ perSecond, burst }: Rate) => new TokenBucket(perSecond, burst, clock.monotonic())
    this.#clock = clock
    this.#isFamiliar = isFamiliar
    this.#ofGroup = new GroupTable(() => bucket(limits.address))
    this.#ofStrangers = bucket(limits.strangers)
    this.#ofFamiliar = bucket(limits.familiar)
  }

  /** Calls `proceed` once there is a handshake left for this address, unless the function that it returns is called before. */
  enter(group: string, caller: Caller, proceed: () => void): () => void {
    const waiting: Waiting = { group, caller, proceed }
    this.#waiting.add(waiting)
    // The timer serves the calls that wait for their rate; this one is among them if its address already waits.
    this.#soon()
    return () => {
      this.#waiting.delete(waiting)
      if (this.#waiting.size === 0) this.#cancel?.()
    }
  }

  #soon(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(this.#serve)
  }

  readonly #serve = (): void => {
    this.#scheduled = false
    this.#cancel?.()
    const now = this.#clock.monotonic()
    let served = 0
    let wait = Number.POSITIVE_INFINITY
    for (const waiting of this.#inTurn(now)) {
      if (served === PER_TURN) {
        this.#soon()
        return
      }
      const debt = this.#take(waiting.group, now)
      if (debt === 0) {
        served += 1
        this.#waiting.delete(waiting)
        waiting.proceed()
      } else {
        wait = Math.min(wait, debt)
      }
    }
    if (this.#waiting.size > 0) this.#cancel = this.#clock.setTimer(Math.max(wait, LEAST_WAIT_MS), this.#serve)
  }

  #inTurn(now: number): Iterable<Waiting> {
    if (this.#waiting.size < 2) return [...this.#waiting]
    const ranked = [...this.#waiting].map((waiting) => ({ waiting, rank: waiting.caller.rank(now) }))
    return ranked.toSorted((a, b) => a.rank - b.rank).map(({ waiting }) => waiting)
  }

  /** Takes a handshake, or returns in how many milliseconds one may be available. */
  #take(group: string, now: number): number {
    const own = this.#ofGroup.of(group)
    const all = this.#isFamiliar(group) ? this.#ofFamiliar : this.#ofStrangers
    const debt = Math.max(own.debtMs(now), all.debtMs(now))
    if (debt > 0) return debt
    own.charge(now, 1)
    all.charge(now, 1)
    return 0
  }
}
