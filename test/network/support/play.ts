import { logNormal } from '../../../core/src/graph/fixtures/seeded-graph.ts'
import { seededRng } from '../../../core/src/lib/rng.ts'
import { maxFlow } from './max-flow.ts'
import { type NetworkShape, NodeNetwork, type PaidInvoice } from './node-network.ts'

export interface Traffic extends NetworkShape {
  readonly payments: number
}

/** What payments came to. */
export interface Figures {
  readonly payments: number
  /** Where max-flow over the balances of that moment says that the amount could be paid, and how many of those were. */
  readonly possible: number
  readonly paidOfPossible: number
  readonly paid: number
  /** Parts that payments have sent out: of those that were paid, of which so many arrived, and of all. */
  readonly partsOfPaid: number
  readonly partsSettled: number
  readonly parts: number
  readonly paidMsat: bigint
  readonly feesMsat: bigint
  /** Why payments failed that were possible: how often each reason. */
  readonly reasons: Readonly<Record<string, number>>
}

export interface Played extends Figures {
  /** Empty if every payment has ended and all money is where it should be. */
  readonly faults: readonly string[]
}

/** On the average, between payments. */
const GAP_MS = 5_000
const BLOCK_MS = 600_000

/** Payments one after the other, each to its end: what could be paid is certain then. `onPlayed` is told each, and the figures so far. */
export const play = async (
  { payments, ...shape }: Traffic,
  onPlayed: (figures: Figures) => void = () => {},
): Promise<Played> => {
  const network = new NodeNetwork(shape)
  try {
    await network.begin()
    const rng = seededRng(shape.seed + 1)
    const audit = new Audit(network)
    let figures = NO_FIGURES
    let minedAt = network.clock.monotonic()
    for (let i = 0; i < payments; i++) {
      const from = rng.below(shape.nodes)
      const to = (from + 1 + rng.below(shape.nodes - 1)) % shape.nodes
      const amountMsat = BigInt(Math.round(logNormal(rng, 300_000_000, 1.2))) + 1_000n
      const could = maxFlow(network.edges(), from, to) >= Number(amountMsat)
      const payment = await network.pay(from, to, amountMsat)
      audit.paid(from, to, payment)
      figures = sumOf(figures, payment, could)
      onPlayed(figures)
      await network.advance(500 + rng.below(2 * GAP_MS - 1_000))
      if (network.clock.monotonic() - minedAt > BLOCK_MS) {
        minedAt = network.clock.monotonic()
        await network.mine(1)
      }
    }
    await network.advance(60_000)
    return { ...figures, faults: [...network.faults, ...audit.faults()] }
  } finally {
    network.end()
  }
}

const NO_FIGURES: Figures = {
  payments: 0,
  possible: 0,
  paidOfPossible: 0,
  paid: 0,
  partsOfPaid: 0,
  partsSettled: 0,
  parts: 0,
  paidMsat: 0n,
  feesMsat: 0n,
  reasons: {},
}

const sumOf = (
  before: Figures,
  { status, parts, amountMsat, feesMsat, failure }: PaidInvoice,
  could: boolean,
): Figures => {
  const isPaid = status === 'settled'
  const reason = could && !isPaid ? (failure?.code ?? 'none') : undefined
  return {
    payments: before.payments + 1,
    possible: before.possible + (could ? 1 : 0),
    paidOfPossible: before.paidOfPossible + (could && isPaid ? 1 : 0),
    paid: before.paid + (isPaid ? 1 : 0),
    partsOfPaid: before.partsOfPaid + (isPaid ? parts.length : 0),
    partsSettled: before.partsSettled + parts.filter((part) => part.status === 'settled').length,
    parts: before.parts + parts.length,
    paidMsat: before.paidMsat + (isPaid ? amountMsat : 0n),
    feesMsat: before.feesMsat + (isPaid ? feesMsat : 0n),
    reasons: reason === undefined ? before.reasons : { ...before.reasons, [reason]: (before.reasons[reason] ?? 0) + 1 },
  }
}

/** Holds what the nodes have in their channels against what they were told of payments, to the millisatoshi. */
class Audit {
  readonly #network: NodeNetwork
  /** By node: what it had, and what it has received and sent since, fees included. */
  readonly #expectedMsat: bigint[]
  readonly #faults: string[] = []

  constructor(network: NodeNetwork) {
    this.#network = network
    this.#expectedMsat = this.#held()
  }

  paid(from: number, to: number, { paymentHash, status, parts, amountMsat, feesMsat }: PaidInvoice): void {
    if (status === 'in-flight') this.#faults.push(`payment ${paymentHash} has not ended`)
    const settled = parts.filter((part) => part.status === 'settled')
    if (status !== 'settled' && settled.length > 0) this.#faults.push(`payment ${paymentHash} failed, and was charged`)
    if (status !== 'settled') return
    const delivered = settled.reduce((sum, part) => sum + part.amountMsat, 0n)
    const fees = settled.reduce((sum, part) => sum + part.feesMsat, 0n)
    if (delivered !== amountMsat || fees !== feesMsat)
      this.#faults.push(
        `payment ${paymentHash} is told as ${amountMsat} and ${feesMsat}: ${delivered} and ${fees} were`,
      )
    this.#add(from, -amountMsat - feesMsat)
    this.#add(to, amountMsat)
  }

  faults(): readonly string[] {
    const { channels, earnedMsat } = this.#network
    const faults = [...this.#faults]
    const htlcs = this.#network.htlcs()
    if (htlcs > 0) faults.push(`${htlcs} HTLCs are left`)
    for (const [at, [mine, theirs]] of this.#network.balances().entries()) {
      const { capacitySat, ends } = channels[at] as (typeof channels)[number]
      if (mine + theirs !== capacitySat * 1_000n)
        faults.push(`the channel of ${ends.join(' and ')} holds ${mine} and ${theirs} of ${capacitySat} sat`)
    }
    for (const [node, held] of this.#held().entries()) {
      const expected = (this.#expectedMsat[node] as bigint) + (earnedMsat[node] as bigint)
      if (held !== expected) faults.push(`node ${node} lacks ${expected - held} msat`)
    }
    return faults
  }

  #add(node: number, msat: bigint): void {
    this.#expectedMsat[node] = (this.#expectedMsat[node] as bigint) + msat
  }

  #held(): bigint[] {
    const held = this.#network.nodes.map(() => 0n)
    const { channels } = this.#network
    for (const [at, sides] of this.#network.balances().entries()) {
      const { ends } = channels[at] as (typeof channels)[number]
      for (const side of [0, 1] as const) held[ends[side]] = (held[ends[side]] as bigint) + sides[side]
    }
    return held
  }
}
