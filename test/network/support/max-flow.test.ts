import test from 'ava'
import { seededRng } from '../../../core/src/lib/rng.ts'
import { type Edge, maxFlow } from './max-flow.ts'

test('the most that can flow is what the narrowest cut lets through', (t) => {
  const rng = seededRng(3)
  for (let round = 0; round < 50; round++) {
    const edges: Edge[] = Array.from({ length: 14 }, () => ({
      from: rng.below(6),
      to: rng.below(6),
      msat: rng.below(5) * 1_000,
    }))
    const cuts = Array.from({ length: 2 ** 4 }, (_, inner) => {
      // 0 is where it begins, and 5 where it ends; the others are on either side.
      const isBefore = (node: number): boolean => node === 0 || (node < 5 && ((inner >> (node - 1)) & 1) === 1)
      return edges.reduce((sum, { from, to, msat }) => (isBefore(from) && !isBefore(to) ? sum + msat : sum), 0)
    })
    t.is(maxFlow(edges, 0, 5), Math.min(...cuts), `round ${round}`)
  }
})
