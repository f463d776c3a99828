import type { ThreadSystem } from '../../actor/worker-thread.ts'
import { GraphBuilder } from '../../graph/graph-builder.ts'
import type { Observation } from '../../graph/paths/liquidity.ts'
import type { PathAnswer, PathQuestion } from '../../graph/paths/path-question.ts'
import type { ShortChannelId } from '../../lib/ids.ts'
import type { Rng } from '../../lib/rng.ts'
import { type Msat, satToMsat, type TimestampMs } from '../../lib/units.ts'
import { KeptLiquidity, type KeptLiquidityOptions } from './kept-liquidity.ts'
import { type PathSources, PathThread } from './path-thread.ts'
import { WeightTables } from './weight-tables.ts'

export interface NetworkGraphOptions extends KeptLiquidityOptions {
  readonly system: ThreadSystem
  readonly rng: Rng
  /** Who searches: a thread of its own if absent. */
  readonly search?: StartPathSearch | undefined
}

/** Who searches the graph that it is shown, and is told what payments have taught. */
export type PathSearch = Pick<PathThread, 'find' | 'learnt' | 'close'>

export type StartPathSearch = (sources: PathSources) => PathSearch

/** The channels of the network that payments may go over, and the search for paths among them. */
export class NetworkGraph {
  /** Whoever learns of the network tells it. */
  readonly builder: GraphBuilder
  /** What plugins and the operator want searches to prefer and to avoid. */
  readonly weights = new WeightTables()
  readonly #liquidity: KeptLiquidity
  readonly #paths: PathSearch

  constructor(options: NetworkGraphOptions) {
    const { system, rng, search = (sources) => new PathThread(system, sources) } = options
    this.builder = new GraphBuilder(rng.below(2 ** 31))
    this.#liquidity = new KeptLiquidity(options)
    this.#paths = search({
      snapshot: () => this.builder.snapshot(),
      weights: () => this.weights.all,
      liquidity: () => this.#liquidity.entries(),
    })
  }

  isEmpty(): boolean {
    return this.builder.channelCount === 0
  }

  capacityMsat(shortChannelId: ShortChannelId): Msat | undefined {
    const channel = this.builder.channel(shortChannelId)
    return channel === undefined ? undefined : satToMsat(channel.capacitySat)
  }

  /** Begins to take up what earlier lives of the node have learnt. Resolves when that is done: nobody has to wait for it. */
  load(): Promise<void> {
    return this.#liquidity.load((entries) => this.#paths.learnt(entries))
  }

  find(question: PathQuestion): Promise<PathAnswer> {
    return this.#paths.find(question)
  }

  hasLearntBefore(since: TimestampMs): boolean {
    return this.#liquidity.hasBefore(since)
  }

  learn(observations: readonly Observation[], now: TimestampMs): void {
    this.#paths.learnt(this.#liquidity.learn(observations, now))
  }

  async close(): Promise<void> {
    await this.#liquidity.close()
    await this.#paths.close()
  }
}
