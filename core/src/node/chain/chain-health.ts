import type { ChainBackend } from '../../chain/chain-backend.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import type { EventLog } from '../events/event-log.ts'
import type { NodeLog } from '../node-log.ts'
import { type ChainProblem, chainProblems, explainProblem, isBlinding, isLagging } from './chain-problems.ts'

export interface ChainHealthOptions {
  readonly backend: ChainBackend
  readonly watcher: ChainWatcher
  readonly clock: Clock
  readonly events: EventLog
  readonly log: NodeLog
  readonly needsEstimates: boolean
}

const LOOK_MS = 2_000

/** How well the node sees the chain, judged by measurements alone; a change is an event. */
export class ChainHealth {
  readonly #options: ChainHealthOptions
  #told = ''
  #isFollowing = false
  #laggingSince: number | undefined
  #cancel: CancelTimer | undefined

  constructor(options: ChainHealthOptions) {
    this.#options = options
  }

  /** Once the chain is followed: until then nothing is known, good or bad. */
  start(): void {
    const { backend, watcher } = this.#options
    // Blocks that were missed while the node was off have been waiting since then.
    if (isLagging(backend.tip(), watcher.handled())) this.#laggingSince = Number.NEGATIVE_INFINITY
    this.#isFollowing = true
    this.#lookAgain()
  }

  stop(): void {
    this.#cancel?.()
  }

  problems(): readonly ChainProblem[] {
    if (!this.#isFollowing) return []
    const { backend, watcher, clock, needsEstimates } = this.#options
    const tip = backend.tip()
    const handled = watcher.handled()
    const since = isLagging(tip, handled) ? this.#laggingSince : undefined
    const laggingMs = since === undefined ? 0 : clock.monotonic() - since
    return chainProblems({
      health: backend.health(),
      tip,
      handled,
      laggingMs,
      unseen: watcher.unseen(),
      needsEstimates,
    })
  }

  /** Every block that the backend knows has been handled, and what it knows was measured now. */
  isSynced(): boolean {
    if (!this.#isFollowing) return false
    const { backend, watcher } = this.#options
    const position = watcher.position()
    const { isCurrent, isCatchingUp } = backend.health()
    return position !== undefined && isCurrent && !isCatchingUp && equalBytes(position.hash, backend.tip().hash)
  }

  /** Why the node takes on nothing new (openings, payments, HTLCs): it may not see spends of our channels. */
  blindness(): ChainProblem | undefined {
    return this.problems().find(isBlinding)
  }

  #lookAgain(): void {
    this.#look()
    this.#cancel = this.#options.clock.setTimer(LOOK_MS, () => this.#lookAgain())
  }

  /** Reports what has changed since the last report. */
  #look(): void {
    const { backend, clock, events, log, watcher } = this.#options
    if (!isLagging(backend.tip(), watcher.handled())) this.#laggingSince = undefined
    else this.#laggingSince ??= clock.monotonic()
    const problems = this.problems()
    const codes = problems.map(({ code }) => code)
    const now = codes.join(' ')
    if (now === this.#told) return
    this.#told = now
    if (now === '') log.info('chain.healthy')
    else log.warn('chain.problems', { codes: now })
    events.append('chain.health-changed', {
      healthy: now === '',
      blockHeight: watcher.handled(),
      problems: problems.map((problem) => ({ code: problem.code, ...explainProblem(problem) })),
    })
  }
}
