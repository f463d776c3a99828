import { USABLE } from '../snapshot.ts'
import { proportionalFee } from './cost.ts'
import type { Excluded, PathQuestion } from './path-question.ts'
import { edgeOf, type Terrain } from './terrain.ts'

type Asked = Pick<
  PathQuestion,
  'amountMsat' | 'maxFeeMsat' | 'maxParts' | 'maxCltvExpiryDelta' | 'finalCltvExpiryDelta'
>

/** Looks at every edge once: for whoever wants to know, and no payment waits for it. */
export const excludedEdges = (terrain: Terrain, asked: Asked): Excluded => {
  const counts = { beside: 0, closed: 0, amount: 0, probability: 0, fee: 0, delay: 0 }
  const { ends, incoming } = terrain.snapshot.topology
  const closedNodes = new Uint8Array(terrain.nodeCount)
  for (const node of terrain.closedNodes) closedNodes[node] = 1
  // Only edges of channels that there are lead anywhere.
  for (const edge of incoming) {
    if (((terrain.snapshot.policies.flags[edge] as number) & USABLE) === 0) counts.closed++
    // Closed for the question, or taken over by an edge that says the same better.
    else if (((terrain.open[edge] as number) & USABLE) === 0) continue
    else if (closedNodes[ends[edge] as number] === 1 || closedNodes[ends[edge ^ 1] as number] === 1) counts.beside++
    else {
      const reason = reasonFor(terrain, edge, asked)
      if (reason !== undefined) counts[reason]++
    }
  }
  return { ...terrain.excluded, ...counts }
}

const reasonFor = (
  terrain: Terrain,
  edge: number,
  asked: Asked,
): 'amount' | 'probability' | 'fee' | 'delay' | undefined => {
  const { maxParts, maxFeeMsat, maxCltvExpiryDelta, finalCltvExpiryDelta } = asked
  const most = Number(asked.amountMsat)
  // Of a payment in parts, a part may be as small as a channel likes.
  const least = maxParts === 1 ? most : 1
  const { htlcMinimumMsat, htlcMaximumMsat, upper, feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = edgeOf(
    terrain,
    edge,
  )
  if (htlcMaximumMsat < least || htlcMinimumMsat > most) return 'amount'
  if (upper < least) return 'probability'
  if (feeBaseMsat + proportionalFee(least, feeProportionalMillionths) > Number(maxFeeMsat)) return 'fee'
  return cltvExpiryDelta > maxCltvExpiryDelta - finalCltvExpiryDelta ? 'delay' : undefined
}
