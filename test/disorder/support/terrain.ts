import type { Rng } from '../../../core/src/lib/rng.ts'

/** What does not change while a sequence lasts. */
export interface Terrain {
  readonly nodes: number
  /**
   * The channels, by the numbers of their nodes: announced ones, parallel and in circles, so that payments go in parts and by several ways.
   * Absent: the nodes are in a row, with a channel between neighbours that the network does not know of.
   */
  readonly web?: readonly (readonly [number, number])[]
  /** `hidden`: known by aliases only. `zero-conf`: used before the funding is in a block. */
  readonly channels: 'usual' | 'hidden' | 'zero-conf'
  /** Without `option_simple_close` the two bargain by `closing_signed`. */
  readonly closes: 'simple' | 'legacy'
  /** Who accepts a channel promises to be paid to one script. */
  readonly isUpfront: boolean
  /** The wallets begin with little more than what a channel takes. */
  readonly isPoor: boolean
  /** `all`: every node is a trampoline node as well, and there are payments of every kind. Otherwise each is of an invoice, at once. */
  readonly payments: 'usual' | 'all'
  /** A node dies at its first start, or while the channels are opened. */
  readonly early: { readonly node: number; readonly when: 'before' | 'after'; readonly commits: number } | undefined
}

export const drawTerrain = (rng: Rng): Terrain => ({
  nodes: 2 + rng.below(2),
  channels: (['usual', 'usual', 'hidden', 'zero-conf'] as const)[rng.below(4)] ?? 'usual',
  closes: rng.below(3) === 0 ? 'legacy' : 'simple',
  isUpfront: rng.below(4) === 0,
  isPoor: rng.below(6) === 0,
  payments: 'usual',
  early:
    rng.below(3) === 0
      ? { node: rng.below(3), when: rng.below(2) === 0 ? 'before' : 'after', commits: rng.below(50) }
      : undefined,
})

const WEBS: readonly NonNullable<Terrain['web']>[] = [
  // Parallel channels all the way.
  [
    [0, 1],
    [0, 1],
    [1, 2],
    [1, 2],
  ],
  // Two ways, of which the relays know nothing of each other.
  [
    [0, 1],
    [1, 3],
    [0, 2],
    [2, 3],
  ],
  // Two relays, one after the other, with parallel channels.
  [
    [0, 1],
    [0, 1],
    [1, 2],
    [2, 3],
    [2, 3],
  ],
  // The parts meet again at the last relay.
  [
    [0, 1],
    [0, 2],
    [1, 2],
    [2, 3],
    [2, 3],
  ],
]

/** Relays, and payments in parts. */
export const drawWeb = (rng: Rng): Terrain => {
  const web = WEBS[rng.below(WEBS.length)] as NonNullable<Terrain['web']>
  return { ...drawTerrain(rng), nodes: 1 + Math.max(...web.flat()), channels: 'usual', isPoor: false, web }
}
