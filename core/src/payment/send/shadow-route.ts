import type { BlockDelta } from '../../lib/units.ts'

/** What deployed relays ask for (LND's 40 and 80, eclair's 144, Core Lightning's 34). */
const RELAY_DELTAS = [34, 40, 80, 144] as const
const MAX_HOPS = 3

/**
 * BOLT 7, recommendations for routing: blocks that a payment adds to the final expiry, as if the route went on over some
 * relays, so that the last of the real ones cannot tell that the next node is the payee. `below` draws a whole number from 0
 * up to, but not including, its bound. At most 432 blocks.
 */
export const shadowDelta = (below: (bound: number) => number): BlockDelta => {
  let sum = 0
  for (let hops = 1 + below(MAX_HOPS); hops > 0; hops--) sum += RELAY_DELTAS[below(RELAY_DELTAS.length)] as number
  return sum
}
