import { err, ok, type Result } from '../../lib/result.ts'
import type { Msat } from '../../lib/units.ts'
import { receivedToRelay, relayFee } from '../relay-fee.ts'
import { surpriseBeside } from './cost.ts'
import type { FoundPath, PathHop } from './path-question.ts'
import { type ExtraEdge, edgeOf, nodeIdOf, type Terrain } from './terrain.ts'

/** What parts that are decided on, and what is under way, take of the edges. */
export class Loads {
  readonly used: Map<number, number>
  readonly #htlcs = new Map<number, number>()
  /** By place of the own channel: what each HTLC takes besides its amount, and how many more it takes. */
  readonly #own: (place: number) => { readonly htlcCostMsat?: Msat; readonly htlcSlots?: number } | undefined

  constructor(
    used: ReadonlyMap<number, number>,
    own: (place: number) => { readonly htlcCostMsat?: Msat; readonly htlcSlots?: number } | undefined,
  ) {
    this.used = new Map(used)
    this.#own = own
  }

  add({ edges, carriedMsat, path: { ownChannel } }: MeasuredPath): void {
    for (const [i, edge] of edges.entries()) this.#change(edge, Number(carriedMsat[i]))
    this.#changeHtlcs(edges[0] as number, ownChannel, 1)
  }

  remove({ edges, carriedMsat, path: { ownChannel } }: MeasuredPath): void {
    for (const [i, edge] of edges.entries()) this.#change(edge, -Number(carriedMsat[i]))
    this.#changeHtlcs(edges[0] as number, ownChannel, -1)
  }

  hasSlot(place: number | undefined): boolean {
    if (place === undefined) return true
    return (this.#htlcs.get(place) ?? 0) < (this.#own(place)?.htlcSlots ?? Number.POSITIVE_INFINITY)
  }

  #change(edge: number, by: number): void {
    this.used.set(edge, (this.used.get(edge) ?? 0) + by)
  }

  #changeHtlcs(edge: number, place: number | undefined, by: 1 | -1): void {
    if (place === undefined) return
    this.#htlcs.set(place, (this.#htlcs.get(place) ?? 0) + by)
    this.#change(edge, by * Number(this.#own(place)?.htlcCostMsat ?? 0n))
  }
}

export interface MeasuredPath {
  /** From source to destination, and what each has to carry. */
  readonly edges: readonly number[]
  readonly carriedMsat: readonly Msat[]
  readonly path: FoundPath
}

/** Why the amount cannot go this way. */
export type Misfit =
  /** An edge would have to carry this much less. */
  | { readonly code: 'too-much'; readonly excessMsat: Msat }
  | { readonly code: 'too-little' }
  | { readonly code: 'too-long' }
  | { readonly code: 'too-late' }
  /** It would go over a channel twice. */
  | { readonly code: 'turns-back' }

export interface PathLimits {
  readonly maxHops: number
  readonly maxCltvExpiryDelta: number
  readonly finalCltvExpiryDelta: number
}

/** Reckons from the end what each edge has to carry, to the millisatoshi, and whether it may. */
export const measurePath = (
  terrain: Terrain,
  edges: readonly number[],
  amountMsat: Msat,
  loads: Loads,
  limits: PathLimits,
): Result<MeasuredPath, Misfit> => {
  const asked = edges.map((edge) => edgeOf(terrain, edge))
  const carriedMsat: Msat[] = []
  const expiries: number[] = []
  let carried = amountMsat
  let expiry = limits.finalCltvExpiryDelta
  for (const [i, edge] of [...asked.entries()].toReversed()) {
    const next = asked[i + 1]
    if (next !== undefined) {
      carried = next.blinded === undefined ? receivedToRelay(next, edge, carried) : carried + relayFee(next, carried)
      expiry += next.cltvExpiryDelta
    }
    carriedMsat.unshift(carried)
    expiries.unshift(expiry)
  }
  const hopsTaken = asked.filter(({ blinded }) => blinded === undefined).length
  if (hopsTaken > limits.maxHops) return err({ code: 'too-long' })
  if (expiry > limits.maxCltvExpiryDelta) return err({ code: 'too-late' })
  const named = asked.flatMap(({ shortChannelId }) => shortChannelId ?? [])
  if (new Set(named).size < named.length) return err({ code: 'turns-back' })
  if (!loads.hasSlot(asked[0]?.own)) return err({ code: 'too-much', excessMsat: amountMsat })
  let excessMsat = 0n
  let probability = 1
  const hops: PathHop[] = []
  for (const [i, edge] of asked.entries()) {
    const used = loads.used.get(edges[i] as number) ?? 0
    const load = carriedMsat[i] as Msat
    const free = edge.upper - used
    const allowed = terrain.repeats ? edge.htlcMaximumMsat : edge.htlcMaximumMsat - used
    const room = BigInt(Math.floor(Math.min(allowed, free)))
    if (load - room > excessMsat) excessMsat = load - room
    if (load < BigInt(edge.htlcMinimumMsat)) return err({ code: 'too-little' })
    const likely = likelihood(edge, used, load)
    probability *= likely
    if (edge.blinded === undefined) hops.push(hopOver(terrain, edge, load, expiries[i] as number, likely))
  }
  if (excessMsat > 0n) return err({ code: 'too-much', excessMsat })
  const { own } = asked[0] as ExtraEdge
  const { blinded } = asked.at(-1) as ExtraEdge
  const path: FoundPath = {
    ...(own === undefined ? {} : { ownChannel: own }),
    hops,
    ...(blinded === undefined ? {} : { blindedWay: blinded }),
    amountMsat,
    feesMsat: (carriedMsat[0] as Msat) - amountMsat,
    cltvExpiryDelta: expiry,
    probability,
  }
  return ok({ edges, carriedMsat, path })
}

/** The same parts with the chances that they have by what this terrain knows of channels, though they may have been found without it. */
export const measuredBy = (terrain: Terrain, parts: readonly MeasuredPath[]): readonly MeasuredPath[] => {
  const used = new Map(terrain.used)
  return parts.map((part) => {
    const { edges, carriedMsat, path } = part
    const likely = edges.map((edge, i) => {
      const load = carriedMsat[i] as Msat
      const before = used.get(edge) ?? 0
      used.set(edge, before + Number(load))
      return likelihood(edgeOf(terrain, edge), before, load)
    })
    const hops = path.hops.map((hop, i) => ({ ...hop, probability: likely[i] as number }))
    return { ...part, path: { ...path, hops, probability: likely.reduce((product, each) => product * each, 1) } }
  })
}

const likelihood = ({ lower, upper }: Pick<ExtraEdge, 'lower' | 'upper'>, used: number, load: Msat): number =>
  used > upper ? 0 : Math.exp(-surpriseBeside(used, Number(load), lower, upper))

const hopOver = (
  terrain: Terrain,
  { to, shortChannelId }: ExtraEdge,
  amountMsat: Msat,
  cltvExpiryDelta: number,
  probability: number,
): PathHop => ({
  nodeId: nodeIdOf(terrain, to),
  ...(shortChannelId === undefined ? {} : { shortChannelId }),
  amountMsat,
  cltvExpiryDelta,
  probability,
})
