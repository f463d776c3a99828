import { err, type Result } from '../../lib/result.ts'
import type { Msat } from '../../lib/units.ts'
import type { Prices } from './cost.ts'
import type { Effort, Flow, FlowSearch } from './flow-search.ts'
import { Loads, type MeasuredPath, type Misfit, measurePath, type PathLimits } from './measure-path.ts'
import type { OwnChannelEnd } from './path-question.ts'
import { edgeOf, type Terrain, withoutEdge } from './terrain.ts'

/** A part carries at least this, so that fees do not eat it up. */
const MIN_PART_MSAT = 1_000n
/** Base fees and hops are reckoned as if an amount went in this many parts. */
const EXPECTED_PARTS = 4
/** The first flow sends most of the amount, the others what fees have pushed out of its paths, and what could not go along some of them. */
const MAX_ROUNDS = 8
/** Fees change with the amount, so what an edge is given too much of is not quite what is to be sent less. */
const MAX_FITTINGS = 4

export interface SplitQuestion {
  readonly amountMsat: Msat
  readonly maxParts: number
  readonly limits: PathLimits
  readonly ownChannels: readonly OwnChannelEnd[]
  readonly prices: Prices
  readonly effort: Effort
}

/** Parts that carry the whole amount together, each by a path of its own; `undefined` if there is no way to. */
export const splitAmount = (
  terrain: Terrain,
  flows: FlowSearch,
  { amountMsat, maxParts, limits, ownChannels, prices, effort }: SplitQuestion,
): readonly MeasuredPath[] | undefined => {
  const loads = new Loads(terrain.used, (place) => ownChannels[place])
  const partMsat = Math.ceil(Number(amountMsat) / Math.min(maxParts, EXPECTED_PARTS))
  const parts: MeasuredPath[] = []
  const missing = (): Msat => parts.reduce((left, { path }) => left - path.amountMsat, amountMsat)

  const fitted = (edges: readonly number[], most: Msat): Result<MeasuredPath, Misfit> => {
    let amount = most
    let misfit: Misfit = { code: 'too-much', excessMsat: 0n }
    for (let i = 0; i < MAX_FITTINGS && misfit.code === 'too-much'; i++) {
      amount -= misfit.excessMsat
      if (amount < MIN_PART_MSAT) break
      const measured = measurePath(terrain, edges, amount, loads, limits)
      if (measured.ok) return measured
      misfit = measured.error
    }
    return err(misfit)
  }

  /** The first of as many parts as it takes, all of about the same size: a rest could be less than a channel takes. */
  const share = (edges: readonly number[], left: Msat): Result<MeasuredPath, Misfit> => {
    const largest = fitted(edges, left)
    if (!largest.ok || largest.value.path.amountMsat === left) return largest
    const count = ceilDivide(left, largest.value.path.amountMsat)
    const equal = fitted(edges, ceilDivide(left, count))
    return equal.ok ? equal : largest
  }

  let ground = terrain
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const before = missing()
    const groundBefore = ground
    const flow = flows.run(ground, Number(before), loads.used, partMsat, prices, effort)
    for (const { edges, amountMsat: most } of pathsOf(ground, flow)) {
      // BOLT 7, channel_update: `htlc_maximum_msat` is of one HTLC. What is more goes the same way in parts of their own.
      for (let left = most; left > 0n && parts.length < maxParts; ) {
        const fit = terrain.repeats ? share(edges, left) : fitted(edges, left)
        if (!fit.ok) {
          ground = withoutCulprit(ground, edges, fit.error)
          break
        }
        parts.push(fit.value)
        loads.add(fit.value)
        left = terrain.repeats ? left - fit.value.path.amountMsat : 0n
      }
    }
    // What is missing now goes along with a part that has room for it, rather than by itself.
    for (const [i, part] of parts.entries()) {
      const left = missing()
      if (left === 0n) break
      loads.remove(part)
      const grown = fitted(part.edges, part.path.amountMsat + left)
      const better = grown.ok && grown.value.path.amountMsat > part.path.amountMsat ? grown.value : part
      loads.add(better)
      parts[i] = better
    }
    if (missing() === 0n) return parts
    if (missing() === before && ground === groundBefore) return undefined
  }
  return undefined
}

const ceilDivide = (amount: Msat, by: bigint): Msat => (amount + by - 1n) / by

/** A flow knows neither expiries nor least amounts: without the edge that asks for the most of it, the next one goes another way. */
const withoutCulprit = (terrain: Terrain, edges: readonly number[], { code }: Misfit): Terrain => {
  if (code !== 'too-late' && code !== 'too-little') return terrain
  const asked = (edge: number): number => {
    const { cltvExpiryDelta, htlcMinimumMsat } = edgeOf(terrain, edge)
    return code === 'too-late' ? cltvExpiryDelta : htlcMinimumMsat
  }
  const culprit = edges.reduce((worst, edge) => (asked(edge) > asked(worst) ? edge : worst))
  return withoutEdge(terrain, culprit)
}

/** Takes a flow apart into paths, those with the most first. */
function* pathsOf(
  terrain: Terrain,
  flow: Flow,
): Generator<{ readonly edges: readonly number[]; readonly amountMsat: Msat }> {
  const left = new Map(flow)
  const out = new Map<number, number[]>()
  for (const edge of flow.keys()) {
    const { from } = edgeOf(terrain, edge)
    out.set(from, [...(out.get(from) ?? []), edge])
  }
  const widest = (node: number): number | undefined => {
    const edges = (out.get(node) ?? []).filter((edge) => (left.get(edge) ?? 0) > 0)
    return edges.toSorted((a, b) => (left.get(b) as number) - (left.get(a) as number))[0]
  }
  for (;;) {
    const edges: number[] = []
    const nodes = [terrain.source]
    for (let node = terrain.source; node !== terrain.target; ) {
      const edge = widest(node)
      if (edge === undefined) return
      edges.push(edge)
      node = edgeOf(terrain, edge).to
      // A flow that costs least has no circle, unless its edges cost nothing. It is taken out, and the path goes on.
      const met = nodes.indexOf(node)
      if (met >= 0) {
        take(left, edges.splice(met))
        nodes.length = met
      }
      nodes.push(node)
    }
    yield { edges, amountMsat: BigInt(take(left, edges)) }
  }
}

/** Takes from all edges as much as all of them have. */
const take = (left: Map<number, number>, edges: readonly number[]): number => {
  const amount = Math.min(...edges.map((edge) => left.get(edge) as number))
  for (const edge of edges) left.set(edge, (left.get(edge) as number) - amount)
  return amount
}
