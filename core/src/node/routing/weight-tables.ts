import type { EdgeWeight } from '../../graph/paths/weights.ts'
import type { TimestampMs } from '../../lib/units.ts'

/** Who has set a table: a plugin by its name, or the operator. */
export type WeightOwner = { readonly plugin: string } | 'operator'

interface WeightTable {
  readonly owner: WeightOwner
  readonly weights: readonly EdgeWeight[]
  readonly setAt: TimestampMs
}

/** The weights that searches heed: a table of each who has set one, for as long as its owner is there. */
export class WeightTables {
  readonly #tables = new Map<string, WeightTable>()
  #all: readonly EdgeWeight[] = []

  /** Of all tables together: another array whenever one of them changes. */
  get all(): readonly EdgeWeight[] {
    return this.#all
  }

  /** In the order in which their owners came. */
  tables(): Iterable<WeightTable> {
    return this.#tables.values()
  }

  /** Replaces the owner's table. */
  set(owner: WeightOwner, weights: readonly EdgeWeight[], setAt: TimestampMs): void {
    this.#tables.set(nameOf(owner), { owner, weights, setAt })
    this.#join()
  }

  /** Whether there was one. */
  clear(owner: WeightOwner): boolean {
    if (!this.#tables.delete(nameOf(owner))) return false
    this.#join()
    return true
  }

  #join(): void {
    this.#all = [...this.#tables.values()].flatMap(({ weights }) => weights)
  }
}

const nameOf = (owner: WeightOwner): string => (owner === 'operator' ? owner : `plugin ${owner.plugin}`)
