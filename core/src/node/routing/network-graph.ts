import type { ThreadSystem } from '../../actor/worker-thread.ts'
import { GraphBuilder } from '../../graph/graph-builder.ts'
import type { Observation } from '../../graph/paths/liquidity.ts'
import type { PathAnswer, PathQuestion } from '../../graph/paths/path-question.ts'
import type { ShortChannelId } from '../../lib/ids.ts'
import type { Rng } from '../../lib/rng.ts'
import { type Msat, satToMsat, type TimestampMs } from '../../lib/units.ts'
import { PathThread } from './path-thread.ts'

/** The channels of the network that payments may go over, and the search for paths among them. */
export class NetworkGraph {
  /** Whoever learns of the network tells it. */
  readonly builder: GraphBuilder
  readonly #paths: PathThread

  constructor(system: ThreadSystem, rng: Rng) {
    this.builder = new GraphBuilder(rng.below(2 ** 31))
    this.#paths = new PathThread(system, () => this.builder.snapshot())
  }

  isEmpty(): boolean {
    return this.builder.channelCount === 0
  }

  capacityMsat(shortChannelId: ShortChannelId): Msat | undefined {
    const channel = this.builder.channel(shortChannelId)
    return channel === undefined ? undefined : satToMsat(channel.capacitySat)
  }

  find(question: PathQuestion): Promise<PathAnswer> {
    return this.#paths.find(question)
  }

  learn(observations: readonly Observation[], now: TimestampMs): void {
    this.#paths.learn(observations, now)
  }

  close(): Promise<void> {
    return this.#paths.close()
  }
}
