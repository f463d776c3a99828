import { err, ok, type Result } from '../../lib/result.ts'
import type { Msat } from '../../lib/units.ts'
import { type GraphSnapshot, MAX_AMOUNT_MSAT } from '../snapshot.ts'
import { type CostModel, DEFAULT_COSTS, type Prices, pricesFor } from './cost.ts'
import { excludedEdges } from './excluded-edges.ts'
import { type Effort, FlowSearch } from './flow-search.ts'
import type { LiquidityBook } from './liquidity.ts'
import { Loads, type MeasuredPath, measuredBy, measurePath, type PathLimits } from './measure-path.ts'
import {
  type FoundPaths,
  type LimitField,
  MAX_CLTV_EXPIRY_DELTA,
  MAX_HOPS,
  MAX_PARTS,
  type PathAnswer,
  type PathFailure,
  type PathQuestion,
} from './path-question.ts'
import { PathSearch } from './path-search.ts'
import { splitAmount } from './split-amount.ts'
import { type Terrain, terrainFor } from './terrain.ts'
import { type EdgeWeights, withWeights } from './weights.ts'

/** A single path that is as likely as this to carry the amount is taken without a look at splitting it. */
const LIKELY_ENOUGH = 0.9
/** If the fees of the likeliest parts are too high: what remains of the weight of their probability, until only fees count. */
const CHEAPER = [1, 1 / 8, 1 / 64, 0] as const
/** Edges that the flows of one question may look at: some tens of searches through all of the public network. */
const MAX_LOOKS = 3_000_000

/** What paths are found in: the graph, and what is known and wanted besides. */
export interface PathWorld {
  readonly snapshot: GraphSnapshot
  readonly liquidity: LiquidityBook
  readonly weights: EdgeWeights
  readonly costs?: CostModel
}

/** Finds ways to pay. It holds nothing but room to work in, which every search uses again. */
export class PathFinder {
  readonly #search = new PathSearch()
  readonly #flows = new FlowSearch()

  /** One path if it is likely to carry the amount, or costs no more than parts would; else parts, as far as the destination takes them. */
  find(question: PathQuestion, { snapshot, liquidity, weights, costs = DEFAULT_COSTS }: PathWorld): PathAnswer {
    const absurd = absurdLimit(question)
    if (absurd !== undefined) return err({ code: 'invalid-limit', field: absurd })
    const { amountMsat, ownChannels } = question
    const spendable = ownChannels?.reduce((sum, { spendableMsat }) => sum + spendableMsat, 0n)
    if (spendable !== undefined && spendable < amountMsat) return err({ code: 'insufficient-balance' })
    const { topology } = snapshot
    const factors = withWeights(weights.factorsFor(topology), topology, question.weights ?? [])
    const terrain = terrainFor(question, snapshot, liquidity, factors)
    // Whoever is told of a way is told its chance by all that is known, also where the search did not heed it.
    const known = (parts: readonly MeasuredPath[]): readonly MeasuredPath[] =>
      question.learntSince === undefined
        ? parts
        : measuredBy({ ...terrain, liquidity: liquidity.view(snapshot, question.now) }, parts)
    const summed = (parts: readonly MeasuredPath[]): FoundPaths => sumOf(known(parts), terrain, question)
    const prices = pricesFor(costs, Number(amountMsat))
    const effort = { looks: MAX_LOOKS }
    const usual = this.#best(terrain, question, prices, effort)
    if (usual.ok) return ok(summed(usual.value))
    const mayRepeat = question.maxParts > 1 || terrain.used.size > 0
    const repeated = mayRepeat ? this.#best({ ...terrain, repeats: true }, question, prices, effort) : usual
    if (repeated.ok) return ok(summed(repeated.value))
    return err(this.#whyNone(terrain, question, prices, [usual.error, repeated.error]))
  }

  /** One path or several within the fee limit; the error has parts that are too dear, if there are any. */
  #best(
    terrain: Terrain,
    question: PathQuestion,
    prices: Prices,
    effort: Effort,
  ): Result<readonly MeasuredPath[], readonly MeasuredPath[] | undefined> {
    const { maxFeeMsat, maxParts } = question
    const single = this.#single(terrain, question, maxFeeMsat, question, prices)
    if (single !== undefined && (maxParts === 1 || single.path.probability >= LIKELY_ENOUGH)) return ok([single])
    const parts = maxParts === 1 ? undefined : this.#several(terrain, question, prices, effort)
    const areCheap = parts !== undefined && feesOf(parts) <= maxFeeMsat
    if (single === undefined) return areCheap ? ok(parts) : err(parts)
    return ok(areCheap && costOf(parts, prices) < costOf([single], prices) ? parts : [single])
  }

  #single(
    terrain: Terrain,
    { amountMsat, ownChannels }: PathQuestion,
    maxFeeMsat: Msat,
    limits: PathLimits,
    prices: Prices,
  ): MeasuredPath | undefined {
    const searched = {
      maxFeeMsat: Number(maxFeeMsat),
      // The way that is blinded is no hop.
      maxHops: limits.maxHops + (terrain.blinded ? 1 : 0),
      maxCltvExpiryDelta: limits.maxCltvExpiryDelta - limits.finalCltvExpiryDelta,
    }
    const edges = this.#search.run(terrain, Number(amountMsat), searched, prices)
    if (edges === undefined) return undefined
    const loads = new Loads(terrain.used, (place) => ownChannels?.[place])
    const measured = measurePath(terrain, edges, amountMsat, loads, limits)
    return measured.ok && measured.value.path.feesMsat <= maxFeeMsat ? measured.value : undefined
  }

  /** Parts within the fee limit; if there are none, the cheapest that were found. */
  #several(
    terrain: Terrain,
    question: PathQuestion,
    prices: Prices,
    effort: Effort,
  ): readonly MeasuredPath[] | undefined {
    const { amountMsat, maxParts, maxFeeMsat, ownChannels = [] } = question
    let cheapest: readonly MeasuredPath[] | undefined
    for (const weight of CHEAPER) {
      const weighed = { ...prices, perNat: prices.perNat * weight }
      const asked = { amountMsat, maxParts, limits: question, ownChannels, prices: weighed, effort }
      const parts = splitAmount(terrain, this.#flows, asked)
      if (parts === undefined) break
      if (cheapest === undefined || feesOf(parts) < feesOf(cheapest)) cheapest = parts
      if (feesOf(parts) <= maxFeeMsat) break
    }
    return cheapest
  }

  /** What is in the way of a single path, or of the parts. */
  #whyNone(
    terrain: Terrain,
    question: PathQuestion,
    prices: Prices,
    tooDear: readonly (readonly MeasuredPath[] | undefined)[],
  ): PathFailure {
    const anyFee = this.#single(terrain, question, BigInt(MAX_AMOUNT_MSAT), question, prices)
    const [cheapest] = [...tooDear, anyFee && [anyFee]]
      .flatMap((parts) => (parts === undefined ? [] : [feesOf(parts)]))
      .toSorted((a, b) => (a < b ? -1 : 1))
    if (cheapest !== undefined) return { code: 'fee-limit-exceeded', feesMsat: cheapest }
    const anyTime = { ...question, maxCltvExpiryDelta: Number.MAX_SAFE_INTEGER }
    const late = this.#single(terrain, question, question.maxFeeMsat, anyTime, prices)
    if (late === undefined) return { code: 'no-route' }
    return { code: 'expiry-too-far', cltvExpiryDelta: late.path.cltvExpiryDelta }
  }
}

const absurdLimit = (question: PathQuestion): LimitField | undefined => {
  const { amountMsat, maxFeeMsat, maxHops, maxCltvExpiryDelta, finalCltvExpiryDelta, maxParts } = question
  const most = BigInt(MAX_AMOUNT_MSAT)
  const within = (value: number, least: number, limit: number): boolean =>
    Number.isInteger(value) && value >= least && value <= limit
  if (amountMsat < 1n || amountMsat > most) return 'amountMsat'
  if (maxFeeMsat < 0n || maxFeeMsat > most) return 'maxFeeMsat'
  if (!within(maxHops, 1, MAX_HOPS)) return 'maxHops'
  if (!within(maxCltvExpiryDelta, 1, MAX_CLTV_EXPIRY_DELTA)) return 'maxCltvExpiryDelta'
  if (!within(finalCltvExpiryDelta, 0, maxCltvExpiryDelta)) return 'finalCltvExpiryDelta'
  if (!within(maxParts, 1, MAX_PARTS)) return 'maxParts'
  return undefined
}

const feesOf = (parts: readonly MeasuredPath[]): Msat => parts.reduce((sum, { path }) => sum + path.feesMsat, 0n)

const probabilityOf = (parts: readonly MeasuredPath[]): number =>
  parts.reduce((product, { path }) => product * path.probability, 1)

const costOf = (parts: readonly MeasuredPath[], { perHop, perNat }: Prices): number => {
  const hops = parts.reduce((sum, { path }) => sum + path.hops.length, 0)
  return Number(feesOf(parts)) + perHop * hops - perNat * Math.log(probabilityOf(parts))
}

const sumOf = (parts: readonly MeasuredPath[], terrain: Terrain, question: PathQuestion): FoundPaths => ({
  paths: parts.map(({ path }) => path),
  feesMsat: feesOf(parts),
  probability: probabilityOf(parts),
  ...(question.explained === true && { excluded: excludedEdges(terrain, question) }),
})
