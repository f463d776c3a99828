import type { CancelTimer } from '../../lib/clock.ts'
import { stackOf } from '../../lib/errors.ts'
import { err } from '../../lib/result.ts'
import type { FoundRoutes, RouteQuestion } from '../../payment/send/route-question.ts'
import type { SendInput } from '../../payment/send/send-protocol.ts'
import type { NodeLog } from '../node-log.ts'

/** Finds the routes of payments: it answers at once, or late, or never. */
export type RouteFinder = (question: RouteQuestion) => FoundRoutes | Promise<FoundRoutes>

export type SearchInput = Extract<SendInput, { type: 'routes-found' | 'routes-overdue' }>

/** How long a payment waits for its routes. Parts of it that are under way wait at the payee for a minute at least (BOLT 4). */
export const ROUTE_SEARCH_MS = 30_000

interface RouteSearchesOptions {
  readonly finder: (hash: string, question: RouteQuestion) => ReturnType<RouteFinder>
  readonly log: Pick<NodeLog, 'error'>
  /** Hands the input to the payment. */
  readonly tell: (hash: string, input: SearchInput) => void
  /** The same, later. */
  readonly tellLater: (delayMs: number, hash: string, input: SearchInput) => CancelTimer
}

/** The questions about routes that are out: at most one of each payment. */
export class RouteSearches {
  readonly #options: RouteSearchesOptions
  readonly #timers = new Map<string, CancelTimer>()

  constructor(options: RouteSearchesOptions) {
    this.#options = options
  }

  /** Returns what is answered at once. Otherwise the payment is told the answer, and when it waits no longer. */
  ask(hash: string, question: RouteQuestion): FoundRoutes | undefined {
    this.end(hash)
    const { id } = question
    const answer = this.#ask(hash, question)
    if ('ok' in answer) return answer
    const { tell, tellLater } = this.#options
    this.#timers.set(hash, tellLater(ROUTE_SEARCH_MS, hash, { type: 'routes-overdue', question: id }))
    void answer
      .catch((thrown) => this.#failed(thrown))
      .then((result) => tell(hash, { type: 'routes-found', question: id, result }))
    return undefined
  }

  /** Nothing of this payment is asked any more. */
  end(hash: string): void {
    this.#timers.get(hash)?.()
    this.#timers.delete(hash)
  }

  #ask(hash: string, question: RouteQuestion): FoundRoutes | Promise<FoundRoutes> {
    try {
      return this.#options.finder(hash, question)
    } catch (thrown) {
      return this.#failed(thrown)
    }
  }

  /** A bug of the finder ends the payments that it was asked about, and nothing else. */
  #failed(thrown: unknown): FoundRoutes {
    this.#options.log.error('payment.route-search-failed', { error: stackOf(thrown) })
    return err({ code: 'route-search-failed' })
  }
}
