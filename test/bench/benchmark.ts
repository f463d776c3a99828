/** One measured number. */
export interface Figure {
  /** Dotted, such as `crypto.verify`. */
  readonly name: string
  readonly value: number
  readonly unit: string
}

export interface Benchmark {
  /** The names of its figures, for `--only`: a figure's whole name, or how it begins up to a dot. */
  readonly figures: readonly string[]
  /** Measures once. It is called several times, and the median of each figure is reported. */
  readonly run: () => Promise<readonly Figure[]>
  /** Three if absent. */
  readonly times?: number
  /** After the last run: releases what the runs have shared. */
  readonly end?: () => Promise<void>
}

export const median = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** How often `work` can be done in a second, on one core, after a warm-up. */
export const perSecond = (work: () => void, forMs = 1_000): number => {
  const until = (deadline: number): number => {
    let times = 0
    while (performance.now() < deadline) {
      work()
      times++
    }
    return times
  }
  until(performance.now() + forMs / 5)
  const startedAt = performance.now()
  const times = until(startedAt + forMs)
  return (times * 1_000) / (performance.now() - startedAt)
}
