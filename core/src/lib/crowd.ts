export interface CrowdLimits {
  readonly max: number
  readonly maxPerGroup: number
}

/**
 * Members by group, with a limit for one group and a limit for all. If there is one too many, the largest group loses its youngest: a group
 * with many members crowds out its own, and a newcomer of a smaller group always finds room.
 */
export class Crowd<Member> {
  readonly #limits: CrowdLimits
  /** Groups in the order in which they came; each has its members in the order in which they came. */
  readonly #groups = new Map<string, Set<Member>>()
  #size = 0

  constructor(limits: CrowdLimits) {
    this.#limits = limits
  }

  get size(): number {
    return this.#size
  }

  /** Adds a member. Returns the member that was removed for it, if one was; it may be the new one itself. */
  add(group: string, member: Member): Member | undefined {
    const members = this.#groups.get(group) ?? new Set()
    this.#groups.set(group, members.add(member))
    this.#size += 1
    const { max, maxPerGroup } = this.#limits
    const from = members.size > maxPerGroup ? group : this.#size > max ? this.#largest() : undefined
    if (from === undefined) return undefined
    const lost = [...(this.#groups.get(from) ?? [])].at(-1)
    if (lost !== undefined) this.delete(from, lost)
    return lost
  }

  delete(group: string, member: Member): void {
    const members = this.#groups.get(group)
    if (members === undefined || !members.delete(member)) return
    this.#size -= 1
    if (members.size === 0) this.#groups.delete(group)
  }

  *members(): Iterable<Member> {
    for (const members of this.#groups.values()) yield* members
  }

  /** Among groups of the same size, the one that came last. */
  #largest(): string {
    let largest = ''
    let size = 0
    for (const [group, members] of this.#groups) {
      if (members.size >= size) {
        largest = group
        size = members.size
      }
    }
    return largest
  }
}
