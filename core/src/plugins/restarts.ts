/** When a plugin that faults is started again, and when it is given up. */
export interface RestartPolicy {
  readonly firstMs: number
  readonly maxMs: number
  /** More faults than this within `windowMs` disable the plugin. */
  readonly maxFaults: number
  readonly windowMs: number
}

export const RESTART_POLICY: RestartPolicy = { firstMs: 1_000, maxMs: 60_000, maxFaults: 5, windowMs: 600_000 }

/** The fault of a cell that cannot be started because the node's own program is not there: no plugin can help that. */
export const PROGRAM_MISSING = 'program-missing'

/** What follows a fault: a pause, or, after so many faults, the end. */
export type AfterFault = { readonly pauseMs: number } | { readonly faults: number }

/** Counts the faults of one plugin. */
export class Restarts {
  readonly #policy: RestartPolicy
  #faults: number[] = []
  /** How often, one after the other, there was no program to start. */
  #waits = 0

  constructor(policy: RestartPolicy) {
    this.#policy = policy
  }

  /** `now` is monotonic. */
  after(code: string, now: number): AfterFault {
    const { windowMs, maxFaults } = this.#policy
    if (code === PROGRAM_MISSING) return { pauseMs: this.#pause(++this.#waits) }
    this.#waits = 0
    this.#faults = [...this.#faults.filter((at) => at > now - windowMs), now]
    const faults = this.#faults.length
    return faults > maxFaults ? { faults } : { pauseMs: this.#pause(faults) }
  }

  /** Somebody has seen to it. */
  forget(): void {
    this.#faults = []
    this.#waits = 0
  }

  #pause(times: number): number {
    return Math.min(this.#policy.firstMs * 2 ** (times - 1), this.#policy.maxMs)
  }
}
