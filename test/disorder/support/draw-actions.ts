import type { Rng } from '../../../core/src/lib/rng.ts'
import { type Action, IN_WEBS, KINDS, type Kinds, type Size } from './actions.ts'
import { allPayments } from './more-actions.ts'
import type { Terrain } from './terrain.ts'

const drawn = (rng: Rng, kinds: Kinds, size: Size): Action | readonly Action[] => {
  let at = rng.below(kinds.reduce((sum, [weight]) => sum + weight, 0))
  for (const [weight, draw] of kinds) {
    if (at < weight) return draw(rng, size)
    at -= weight
  }
  throw new Error('unreachable: the weights were added up')
}

export const drawActions = (rng: Rng, { nodes, web, payments }: Terrain): readonly Action[] => {
  // In a row the numbers are taken modulo how many there are.
  const size = web === undefined ? { nodes: 3, links: 2 } : { nodes, links: web.length }
  const usual = web === undefined ? KINDS : IN_WEBS
  const kinds = payments === 'all' ? [...usual, ...allPayments(web !== undefined)] : usual
  return Array.from({ length: 10 + rng.below(40) }, () => drawn(rng, kinds, size)).flat()
}
