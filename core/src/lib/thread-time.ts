/** Milliseconds: of any clock that does not go back, and of processor time that this thread has had. */
export interface WorkClocks {
  readonly wall: () => number
  readonly thread: () => number
}

/** A stretch is brief up to this: the wall clock is taken for it. */
const BRIEF_MS = 0.25
/** How old the last look at the processor's time may be when a stretch begins. */
const LOOK_MS = 0.5

/**
 * Measures stretches of this thread's work. Charges go by processor time, because nobody is to blame for a machine that is busy, or stops
 * for a while. To ask the system for it costs as much as many a stretch takes; so it is asked twice in a millisecond at most, and at the end
 * of what has taken long. The system counts in ticks of some milliseconds: one stretch gets too much or too little, many get what is theirs.
 */
export class WorkMeter {
  readonly #clocks: WorkClocks
  #lookedAt = Number.NEGATIVE_INFINITY
  #thread = 0

  constructor(clocks: WorkClocks) {
    this.#clocks = clocks
  }

  /** Begins a stretch that does not wait. The answer ends it: milliseconds of work. */
  begin(): () => number {
    const begun = this.#clocks.wall()
    if (begun - this.#lookedAt > LOOK_MS) this.#look(begun)
    const before = this.#thread
    return () => {
      const now = this.#clocks.wall()
      const took = now - begun
      if (took <= BRIEF_MS) return took
      this.#look(now)
      return this.#thread - before
    }
  }

  #look(now: number): void {
    this.#lookedAt = now
    this.#thread = this.#clocks.thread()
  }
}

/** Milliseconds of processor time that this thread has had. */
export const threadTime = (): number => {
  const { user, system } = process.threadCpuUsage()
  return (user + system) / 1_000
}

const meter = new WorkMeter({ wall: () => performance.now(), thread: threadTime })

/** Begins a stretch of this thread's work, which must not wait. The answer ends it: milliseconds of processor time. */
export const beginWork = (): (() => number) => meter.begin()
