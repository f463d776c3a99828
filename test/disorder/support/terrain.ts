import type { Rng } from '../../../core/src/lib/rng.ts'

/** What does not change while a sequence lasts. */
export interface Terrain {
  readonly nodes: number
  /** `hidden`: known by aliases only. `zero-conf`: used before the funding is in a block. */
  readonly channels: 'usual' | 'hidden' | 'zero-conf'
  /** Without `option_simple_close` the two bargain by `closing_signed`. */
  readonly closes: 'simple' | 'legacy'
  /** Who accepts a channel promises to be paid to one script. */
  readonly isUpfront: boolean
  /** The wallets begin with little more than what a channel takes. */
  readonly isPoor: boolean
  /** A node dies at its first start, or while the channels are opened. */
  readonly early: { readonly node: number; readonly when: 'before' | 'after'; readonly commits: number } | undefined
}

export const drawTerrain = (rng: Rng): Terrain => ({
  nodes: 2 + rng.below(2),
  channels: (['usual', 'usual', 'hidden', 'zero-conf'] as const)[rng.below(4)] ?? 'usual',
  closes: rng.below(3) === 0 ? 'legacy' : 'simple',
  isUpfront: rng.below(4) === 0,
  isPoor: rng.below(6) === 0,
  early:
    rng.below(3) === 0
      ? { node: rng.below(3), when: rng.below(2) === 0 ? 'before' : 'after', commits: rng.below(50) }
      : undefined,
})
