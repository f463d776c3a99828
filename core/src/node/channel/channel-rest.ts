import { type ChannelInput, type ChannelState, isFunded, type Rest } from '../../channel/index.ts'
import type { Clock } from '../../lib/clock.ts'

/** After this long without a problem the channel counts as healthy. */
const LASTING_MS = 60_000
/** The first pause, and the longest. */
const PAUSES_MS: Readonly<Record<Pause['rest']['from'], readonly [number, number]>> = {
  reestablishment: [30_000, 600_000],
  // Only a signature is waited for, and the same offer would most likely get the same answer.
  negotiation: [300_000, 3_600_000],
}

/** What a channel must hold back on a connection, and for how much longer. */
export interface Pause {
  readonly rest: Exclude<Rest, { from: 'chain' }>
  readonly forMs: number
}

/**
 * A connection that ends because of one channel ends for all channels with its peer. Whichever side hung up, the channel that was
 * complained about then rests, the longer the more often this happens. A new connection is often the remedy, so the channel may try that
 * once; a fee at which the peer has hung up is not offered again at once.
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

  /** A step was made. Returns whether it ends the rest; the state, which may end it by itself, tells. */
  follow({ type }: Pick<ChannelInput, 'type'>, { session }: ChannelState, changed: boolean): boolean {
    // A message of the peer has moved the channel: it is healthy enough.
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
   * The connection has ended, and the channel was in this state before. The caller says whether it ended because of this channel, and
   * whether other channels go on without it. Returns what to hold back next, if that is new.
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
