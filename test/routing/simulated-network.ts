import { seededGraph } from '../../core/src/graph/fixtures/seeded-graph.ts'
import { PathFinder } from '../../core/src/graph/paths/find-paths.ts'
import { LiquidityBook, type Observation } from '../../core/src/graph/paths/liquidity.ts'
import type { FoundPath, OwnChannelEnd, PathQuestion } from '../../core/src/graph/paths/path-question.ts'
import { EdgeWeights } from '../../core/src/graph/paths/weights.ts'
import { type GraphSnapshot, USABLE } from '../../core/src/graph/snapshot.ts'
import { toHex } from '../../core/src/lib/bytes.ts'
import { seededRng } from '../../core/src/lib/rng.ts'
import { besides, type Strategy } from './halving.ts'

/** A payer gives up after as many questions. */
const MAX_QUESTIONS = 30

export interface Payment {
  readonly from: number
  readonly to: number
  readonly amountMsat: bigint
}

interface Channel {
  readonly scid: bigint
  readonly ends: readonly [number, number]
  readonly capacityMsat: bigint
}

export interface Outcome {
  readonly paid: boolean
  /** HTLCs that were sent out. */
  readonly attempts: number
}

/** The network with what nobody sees of it: who holds how much of each channel. Nothing moves in it unless a payment is settled. */
export class SimulatedNetwork {
  readonly snapshot: GraphSnapshot
  readonly nodes: number
  readonly #nodeIds: readonly Uint8Array[]
  readonly #numbers: ReadonlyMap<string, number>
  /** By `scid from`: what the node can send over the channel, in msat. */
  readonly #balances = new Map<string, bigint>()
  readonly #channels: readonly Channel[]
  readonly #channelsOf: readonly (readonly Channel[])[]
  readonly #finder = new PathFinder()

  constructor(nodes: number, channels: number, seed: number) {
    const graph = seededGraph(nodes, channels, seed)
    const rng = seededRng(seed + 1)
    this.nodes = nodes
    this.snapshot = graph.builder.snapshot()
    this.#nodeIds = graph.nodeIds
    this.#numbers = new Map(graph.nodeIds.map((id, number) => [toHex(id), number]))
    this.#channels = graph.channels.map(({ shortChannelId, nodeIds, capacitySat }) => ({
      scid: shortChannelId,
      ends: nodeIds.map((id) => this.#number(id)) as [number, number],
      capacityMsat: capacitySat * 1_000n,
    }))
    this.#channelsOf = graph.nodeIds.map((_, node) => this.#channels.filter(({ ends }) => ends.includes(node)))
    for (const { scid, ends, capacityMsat } of this.#channels) {
      const share = (capacityMsat * BigInt(rng.below(1_001))) / 1_000n
      this.#balances.set(`${scid} ${ends[0]}`, share)
      this.#balances.set(`${scid} ${ends[1]}`, capacityMsat - share)
    }
  }

  /** Everything in it, which no payment may change. */
  total(): bigint {
    return [...this.#balances.values()].reduce((sum, balance) => sum + balance, 0n)
  }

  /** Pays as a node does: with what it knows of its own channels, and what failures teach it of others. */
  pay({ from, to, amountMsat }: Payment, strategy: Strategy): Outcome {
    const liquidity = new LiquidityBook()
    const world = { snapshot: this.snapshot, liquidity, weights: new EdgeWeights([]) }
    const asked = this.#question(from, to, amountMsat)
    const held: FoundPath[] = []
    let attempts = 0
    for (let i = 0; i < MAX_QUESTIONS; i++) {
      const missing = held.reduce((left, path) => left - path.amountMsat, amountMsat)
      if (missing === 0n) {
        for (const path of held) this.#move(from, path)
        return { paid: true, attempts }
      }
      const paths = strategy(this.#finder, besides({ ...asked, amountMsat: missing }, held), world)
      if (paths === undefined) break
      for (const path of paths) {
        attempts++
        if (this.#holds(from, path, held, liquidity)) held.push(path)
      }
    }
    return { paid: false, attempts }
  }

  /** Whether any way of splitting could pay it, by all balances (max-flow, without fees). */
  couldPay({ from, to, amountMsat }: Payment): boolean {
    const left = new Map([...this.#balances].map(([name, balance]) => [name, this.#isOpen(name, from) ? balance : 0n]))
    for (let missing = amountMsat; missing > 0n; ) {
      const way = this.#shortestWay(left, from, to)
      if (way === undefined) return false
      const most = way.reduce((least, { scid, at }) => min(least, left.get(`${scid} ${at}`) ?? 0n), missing)
      for (const { scid, at, next } of way) {
        left.set(`${scid} ${at}`, (left.get(`${scid} ${at}`) ?? 0n) - most)
        left.set(`${scid} ${next}`, (left.get(`${scid} ${next}`) ?? 0n) + most)
      }
      missing -= most
    }
    return true
  }

  #shortestWay(left: ReadonlyMap<string, bigint>, from: number, to: number) {
    const steps = new Map<number, { readonly scid: bigint; readonly at: number; readonly next: number }>()
    const queue = [from]
    for (const at of queue) {
      for (const { scid, ends } of this.#channelsOf[at] as readonly Channel[]) {
        if ((left.get(`${scid} ${at}`) ?? 0n) <= 0n) continue
        const next = ends[0] === at ? ends[1] : ends[0]
        if (next === from || steps.has(next)) continue
        steps.set(next, { scid, at, next })
        queue.push(next)
      }
    }
    if (!steps.has(to)) return undefined
    const way = []
    for (let step = steps.get(to); step !== undefined; step = steps.get(step.at)) way.unshift(step)
    return way
  }

  /** Out of an own channel a payer pays whatever the policy says. */
  #isOpen(name: string, payer: number): boolean {
    const [scid = '', from] = name.split(' ')
    if (Number(from) === payer) return true
    const channel = this.#channels.findIndex((one) => one.scid === BigInt(scid))
    const direction = this.#channels[channel]?.ends[0] === Number(from) ? 0 : 1
    return ((this.snapshot.policies.flags[channel * 2 + direction] as number) & USABLE) !== 0
  }

  #number(nodeId: Uint8Array): number {
    return this.#numbers.get(toHex(nodeId)) as number
  }

  #question(from: number, to: number, amountMsat: bigint): PathQuestion {
    const ownChannels = (this.#channelsOf[from] as readonly Channel[]).map(
      ({ scid, ends }): OwnChannelEnd => ({
        remoteNodeId: this.#nodeIds[ends[0] === from ? ends[1] : ends[0]] as Uint8Array,
        shortChannelId: scid,
        spendableMsat: this.#balances.get(`${scid} ${from}`) as bigint,
        htlcMinimumMsat: 1n,
      }),
    )
    return {
      source: this.#nodeIds[from] as Uint8Array,
      ownChannels,
      target: { type: 'node', nodeId: this.#nodeIds[to] as Uint8Array, hints: [] },
      amountMsat,
      maxFeeMsat: amountMsat / 20n + 10_000n,
      maxHops: 20,
      maxCltvExpiryDelta: 2016,
      finalCltvExpiryDelta: 18,
      maxParts: 32,
      excludedNodes: [],
      excludedChannels: [],
      corrections: [],
      inFlight: [],
      now: 0,
    }
  }

  /** Whether a part reaches the payee beside those that wait there; the payer learns from it either way. */
  #holds(payer: number, path: FoundPath, held: readonly FoundPath[], liquidity: LiquidityBook): boolean {
    let at = payer
    for (const [i, { shortChannelId: scid = 0n, nodeId, amountMsat }] of path.hops.entries()) {
      const waiting = held.flatMap((other) => this.#stepsOf(payer, other))
      const taken = waiting.reduce(
        (sum, step) => (step.scid === scid && step.at === at ? sum + step.amountMsat : sum),
        0n,
      )
      const carries = taken + amountMsat <= (this.#balances.get(`${scid} ${at}`) as bigint)
      const channel = this.#channels.find((one) => one.scid === scid)
      if (i > 0 && channel !== undefined) {
        const observation: Observation = {
          shortChannelId: scid,
          direction: channel.ends[0] === at ? 0 : 1,
          amountMsat: taken + amountMsat,
          capacityMsat: channel.capacityMsat,
          outcome: carries ? 'carried' : 'refused',
        }
        liquidity.learn(observation, 0)
      }
      if (!carries) return false
      at = this.#number(nodeId)
    }
    return true
  }

  #stepsOf(payer: number, { hops }: FoundPath) {
    return hops.map(({ shortChannelId: scid = 0n, nodeId, amountMsat }, i) => {
      const before = hops[i - 1]
      return {
        scid,
        at: before === undefined ? payer : this.#number(before.nodeId),
        next: this.#number(nodeId),
        amountMsat,
      }
    })
  }

  #move(payer: number, path: FoundPath): void {
    for (const { scid, at, next, amountMsat } of this.#stepsOf(payer, path)) {
      this.#balances.set(`${scid} ${at}`, (this.#balances.get(`${scid} ${at}`) as bigint) - amountMsat)
      this.#balances.set(`${scid} ${next}`, (this.#balances.get(`${scid} ${next}`) as bigint) + amountMsat)
    }
  }
}

const min = (a: bigint, b: bigint): bigint => (a < b ? a : b)
