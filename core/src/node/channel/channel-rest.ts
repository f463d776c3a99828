import { type ChannelInput, type ChannelState, isFunded, type Rest } from '../../channel/index.ts'
import type { Clock } from '../../lib/clock.ts'

/** What went well for so long is well. */
const LASTING_MS = 60_000
/** The first pause, and the longest. */
const PAUSES_MS: Readonly<Record<Pause['rest']['from'], readonly [number, number]>> = {
  reestablishment: [30_000, 600_000],
  // Nothing but a signature is waited for, and the same offer has most likely the same answer.
  negotiation: [300_000, 3_600_000],
}

/** What a channel is to hold back on a connection, and how long still. */
export interface Pause {
  readonly rest: Exclude<Rest, { from: 'chain' }>
  readonly forMs: number
}

/**
 * A connection that ends at one channel ends for all of its peer's. Whichever side hung up, the channel that was complained
 * about rests then, the longer the more often it happens. A connection that begins again is often the remedy, so the channel may
 * try that once; a fee that the peer has hung up at is not offered again at once.
 */
export class ChannelRest {
  readonly #clock: Pick<Clock, 'monotonic'>
  #spokeAt: number | undefined
  #ends = 0
  #rest: Pause['rest'] | undefined
  #until = 0

  constructor(clock: Pick<Clock, 'monotonic'>) {
    this.#clock = clock
  }

  /** A connection begins. */
  connected(): Pause | undefined {
    const forMs = this.#until - this.#clock.monotonic()
    if (this.#rest !== undefined && forMs > 0) return { rest: this.#rest, forMs }
    this.#speaks()
    return undefined
  }

  /** A step was made. Whether the rest is over by it: the state tells, which may end it by itself. */
  follow({ type }: Pick<ChannelInput, 'type'>, { session }: ChannelState, changed: boolean): boolean {
    // What the peer said has moved the channel: it is well enough.
    if (changed && type === 'peer-message') this.#ends = 0
    const isAwake = session !== undefined && session.rest === undefined
    const isOver = this.#rest !== undefined && (isAwake || (changed && type === 'close'))
    if (isOver) this.#speaks()
    return isOver
  }

  /** The channel holds nothing back from now on. */
  #speaks(): void {
    this.#rest = undefined
    this.#spokeAt = this.#clock.monotonic()
  }

  /**
   * The connection has ended, and the channel was in this state before; whether that was on its account, and whether others go
   * on without it. What it holds back next, if that is new.
   */
  disconnected({ durable, session }: ChannelState, wasCause: boolean, hasNeighbours: boolean): Pause | undefined {
    const now = this.#clock.monotonic()
    const spokeAt = this.#spokeAt
    this.#spokeAt = undefined
    if (spokeAt !== undefined && now - spokeAt >= LASTING_MS) this.#ends = 0
    if (!wasCause || !isFunded(durable) || durable.phase === 'closing') return undefined
    this.#ends++
    const closing = durable.phase === 'negotiating' ? session?.closing : undefined
    if (closing === undefined && (this.#ends === 1 || !hasNeighbours)) return undefined
    const { sentRange: offered, lastOffer: answered } = closing ?? {}
    const rest: Pause['rest'] =
      closing === undefined
        ? { from: 'reestablishment', heard: [] }
        : {
            from: 'negotiation',
            ...(offered === undefined ? {} : { offered }),
            ...(answered === undefined ? {} : { answered }),
          }
    const [first, longest] = PAUSES_MS[rest.from]
    const forMs = Math.min(first * 2 ** (this.#ends - 1), longest)
    this.#rest = rest
    this.#until = now + forMs
    return { rest, forMs }
  }
}
