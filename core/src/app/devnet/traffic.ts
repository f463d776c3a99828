import type { Clock } from '../../lib/clock.ts'
import type { Rng } from '../../lib/rng.ts'
import type { KnownNode } from './devnet-node.ts'
import { livingChannels } from './open-channels.ts'

/** Two nodes that pay each other; a heavier pair does so more often. */
interface TrafficPair {
  readonly nodes: readonly [KnownNode, KnownNode]
  readonly weight: number
}

export interface TrafficOptions {
  readonly pairs: readonly TrafficPair[]
  /** On average. */
  readonly intervalMs: number
  readonly clock: Clock
  readonly rng: Rng
  /** Called for a payment that did not arrive: our own node does not see payments between others. */
  readonly onFailed: (from: KnownNode, to: KnownNode, reason: string) => void
}

const LEAST_MSAT = 1_000_000
const SPREAD_MSAT = 60_000_000
/** Out of a hundred payments, those that go to the side with more room. The rest go the other way, so that balances move. */
const TOWARDS_ROOM_PERCENT = 60
/** A machine that is too slow gets fewer payments. */
const MAX_UNDER_WAY = 3

/** Starts a steady trickle of payments of random amounts between the pairs. Returns a function that ends it. */
export const startTraffic = ({ pairs, intervalMs, clock, rng, onFailed }: TrafficOptions): (() => void) => {
  let underWay = 0
  let stopped = false
  let cancel = (): void => {}

  const payOnce = async (): Promise<void> => {
    const { nodes } = pick(pairs, rng)
    const [from, to] = await direction(nodes, rng)
    const amountMsat = BigInt(LEAST_MSAT + rng.below(SPREAD_MSAT))
    const { invoice } = await to.client.ask('invoices', 'create', { amountMsat, description: `from ${from.name}` })
    const paid = await from.client.tryAsk('payments', 'payInvoice', { invoice: invoice.invoice })
    if (!paid.ok && !stopped) onFailed(from, to, paid.error.code)
  }
  const round = (): void => {
    // Between half and one and a half of the interval.
    cancel = clock.setTimer(intervalMs / 2 + rng.below(Math.max(1, intervalMs)), round)
    if (underWay >= MAX_UNDER_WAY) return
    underWay += 1
    payOnce()
      // A node that has ended is reported elsewhere.
      .catch(() => {})
      .finally(() => {
        underWay -= 1
      })
  }
  round()
  return () => {
    stopped = true
    cancel()
  }
}

const pick = (pairs: readonly TrafficPair[], rng: Rng): TrafficPair => {
  const total = pairs.reduce((sum, { weight }) => sum + weight, 0)
  let drawn = rng.below(total)
  const found = pairs.find(({ weight }) => {
    drawn -= weight
    return drawn < 0
  })
  return found ?? (pairs[0] as TrafficPair)
}

const direction = async (
  [a, b]: readonly [KnownNode, KnownNode],
  rng: Rng,
): Promise<readonly [from: KnownNode, to: KnownNode]> => {
  const [roomAtA, roomAtB] = await Promise.all([receivableMsat(a), receivableMsat(b)])
  const towardsA = roomAtA > roomAtB === rng.below(100) < TOWARDS_ROOM_PERCENT
  return towardsA ? [b, a] : [a, b]
}

const receivableMsat = async (node: KnownNode): Promise<bigint> =>
  (await livingChannels(node)).reduce((sum, { receivableMsat }) => sum + receivableMsat, 0n)
