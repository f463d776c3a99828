/** How often nodes have died before and after the commits of their lives, by the how manieth it was. */
export interface DeathCounts {
  readonly before: readonly (readonly [commit: number, times: number])[]
  readonly after: DeathCounts['before']
}

/** At which commits of their lives nodes have died, over as many sequences as there are. */
export class Deaths {
  readonly #counts = { before: new Map<number, number>(), after: new Map<number, number>() }

  get counts(): DeathCounts {
    const { before, after } = this.#counts
    return { before: [...before], after: [...after] }
  }

  /** `commit`: the how manieth of all the node's commits, 1 for the first. */
  add(when: 'before' | 'after', commit: number, times = 1): void {
    const counts = this.#counts[when]
    counts.set(commit, (counts.get(commit) ?? 0) + times)
  }

  addAll({ before, after }: DeathCounts): void {
    for (const [commit, times] of before) this.add('before', commit, times)
    for (const [commit, times] of after) this.add('after', commit, times)
  }

  /** How many there were, and the last commit up to which a node has died at every one, before and after it was on the disk. */
  summary(): string {
    const { before, after } = this.#counts
    const sum = (counts: ReadonlyMap<number, number>): number => [...counts.values()].reduce((a, b) => a + b, 0)
    let whole = 0
    while (before.has(whole + 1) && after.has(whole + 1)) whole += 1
    const least = Math.min(
      ...Array.from({ length: whole }, (_, at) => Math.min(before.get(at + 1) ?? 0, after.get(at + 1) ?? 0)),
    )
    const each = whole === 0 ? '' : `; each of a node's first ${whole} commits ${least} times or more`
    return `died ${sum(before)} times before a commit and ${sum(after)} after one${each}`
  }
}
