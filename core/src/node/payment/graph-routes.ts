import type { Observation } from '../../graph/paths/liquidity.ts'
import type {
  FoundPath,
  FoundPaths,
  OwnChannelEnd,
  PathAnswer,
  PathFailure,
  PathQuestion,
} from '../../graph/paths/path-question.ts'
import { compareBytes, equalBytes, toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { stackOf } from '../../lib/errors.ts'
import type { ChannelId, NodeId, ShortChannelId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Msat, TimestampMs } from '../../lib/units.ts'
import { chooseRoutes } from '../../payment/send/choose-routes.ts'
import { expiryBounds } from '../../payment/send/expiry-bounds.ts'
import { brokenHop, type HopName } from '../../payment/send/lessons.ts'
import type { Attempt, OwnChannel, OwnChannels, Route, RouteFailure } from '../../payment/send/payment.ts'
import type { FoundRoutes, RouteQuestion } from '../../payment/send/route-question.ts'
import { wishesOf } from '../../payment/send/route-wishes.ts'
import type { NodeLog } from '../node-log.ts'
import { excludedHops, lastHopInside, mostChannels, pathTarget } from './path-target.ts'

/** Who searches the network's graph. */
export interface NetworkPaths {
  /** Whether there is anything to search. */
  isEmpty(): boolean
  /** What a channel of the graph holds, if it is known there. */
  capacityMsat(shortChannelId: ShortChannelId): Msat | undefined
  find(question: PathQuestion): Promise<PathAnswer>
  /** Whether anything is known of channels that was learnt before this. */
  hasLearntBefore(since: TimestampMs): boolean
  learn(observations: readonly Observation[], now: TimestampMs): void
}

interface GraphRoutesOptions {
  readonly nodeId: NodeId
  readonly channels: OwnChannels & { all(): Iterable<OwnChannel> }
  readonly graph: NetworkPaths
  readonly clock: Pick<Clock, 'now'>
  readonly log: Pick<NodeLog, 'error'>
}

/**
 * Routes over our own channels and hints, answered at once; and where those do not lead, over the graph of the network, which takes its
 * time. What payments went through is a lesson for later ones.
 */
export class GraphRoutes {
  readonly #options: GraphRoutesOptions

  constructor(options: GraphRoutesOptions) {
    this.#options = options
  }

  readonly find = (question: RouteQuestion): FoundRoutes | Promise<FoundRoutes> => {
    const near = chooseRoutes(question, this.#options.channels)
    // What is near is chosen without costs: where the payer weighs, all are compared.
    const isWeighed = wishesOf(question.target).weights.length > 0
    if (!isWeighed && (near.ok || this.#options.graph.isEmpty())) return near
    const further = this.#further(question, near)
    // A search that fails is no reason to leave a way that there is.
    return near.ok ? further.catch((thrown) => this.#insteadOf(thrown, near)) : further
  }

  /** The paths that a payment like this would take now, each from a channel of ours on. Rejects if they cannot be searched for. */
  async look(asked: AskedPaths): Promise<Result<LookedUpPaths, PathFailure>> {
    const { nodeId, channels, graph, clock } = this.#options
    const own = [...channels.all()].filter(({ spendableMsat }) => spendableMsat > 0n)
    const now = clock.now()
    const question = { ...asked, source: nodeId, ownChannels: own, corrections: [], inFlight: [], now }
    const answer = await this.#orAnew((limits) => graph.find({ ...question, ...limits }), now)
    if (!answer.ok) return answer
    const paths = answer.value.paths.map(({ ownChannel = 0, ...path }) => ({
      ...path,
      channelId: (own[ownChannel] as OwnChannel).channelId,
    }))
    return ok({ ...answer.value, paths })
  }

  /** What attempts that have ended have shown of others' channels, beside the parts of the same payment that are under way. */
  readonly learn = (ended: readonly Attempt[], underWay: readonly Route[]): void => {
    const { graph, clock } = this.#options
    graph.learn(
      ended.flatMap((attempt) => this.#shownBy(attempt, underWay)),
      clock.now(),
    )
  }

  #insteadOf(thrown: unknown, near: FoundRoutes): FoundRoutes {
    this.#options.log.error('payment.route-search-failed', { error: stackOf(thrown) })
    return near
  }

  async #further(question: RouteQuestion, near: FoundRoutes): Promise<FoundRoutes> {
    const { usualFinal, most } = expiryBounds(question.target, question.height)
    // The recipient asks for more blocks than there may be.
    if (usualFinal > most) return near.ok || near.error.code !== 'no-route' ? near : err({ code: 'expiry-too-far' })
    const own = this.#ownEnds(question)
    const excluded = excludedHops(question.lessons, (id) => this.#options.graph.capacityMsat(id) !== undefined)
    const asked = this.#questionFor(question, own, excluded)
    let { finalCltvExpiryDelta } = asked
    const search = async (limits: Pick<PathQuestion, 'learntSince'>): Promise<PathAnswer> => {
      const answer = await this.#options.graph.find({ ...asked, ...limits, finalCltvExpiryDelta })
      const isTooFar = !answer.ok && answer.error.code === 'expiry-too-far'
      if (!isTooFar || finalCltvExpiryDelta === usualFinal) return answer
      // Blocks that only hide who is paid are not worth a payment.
      finalCltvExpiryDelta = usualFinal
      return this.#options.graph.find({ ...asked, ...limits, finalCltvExpiryDelta })
    }
    const answer = await this.#orAnew(search, question.startedAt)
    if (!answer.ok) return near.ok || near.error.code !== 'no-route' ? near : err(failureOf(answer.error))
    return ok(answer.value.paths.map((path) => routeOf(path, own, question, excluded)))
  }

  /** What earlier payments met with is not worth one: where that leaves no way within its limits, it tries for itself. */
  async #orAnew(
    search: (limits: Pick<PathQuestion, 'learntSince'>) => Promise<PathAnswer>,
    startedAt: TimestampMs,
  ): Promise<PathAnswer> {
    const answer = await search({})
    if (answer.ok || !MAY_BE_LEARNT.has(answer.error.code)) return answer
    return this.#options.graph.hasLearntBefore(startedAt) ? search({ learntSince: startedAt }) : answer
  }

  /** Our channels that may be used, less what this payment has offered in them already. */
  #ownEnds({ lessons, offered }: RouteQuestion): readonly OwnEnd[] {
    // One that led straight to somebody who has failed is as good as banned.
    const banned = new Set(
      [
        ...lessons.channels,
        ...lessons.ways.flatMap(({ channelId, hops }) => (hops.length === 0 ? [channelId] : [])),
      ].map(toHex),
    )
    const ends: OwnEnd[] = []
    for (const channel of this.#options.channels.all()) {
      const name = toHex(channel.channelId)
      if (banned.has(name)) continue
      const taken = offered.reduce((sum, each) => (toHex(each.channelId) === name ? sum + each.amountMsat : sum), 0n)
      const spendableMsat = channel.spendableMsat - taken
      if (spendableMsat > 0n) ends.push({ ...channel, spendableMsat })
    }
    return ends
  }

  #questionFor(question: RouteQuestion, ownChannels: readonly OwnEnd[], excluded: readonly HopName[]): PathQuestion {
    const { target, remainingMsat, feeBudgetMsat, maxParts, lessons, shadowDelta, underWay } = question
    const { usualFinal, most } = expiryBounds(target, question.height)
    const { maxHops, excludedNodes, excludedChannels, weights } = wishesOf(target)
    return {
      source: this.#options.nodeId,
      ownChannels,
      target: pathTarget(target.recipient, excluded),
      amountMsat: remainingMsat,
      maxFeeMsat: feeBudgetMsat > 0n ? feeBudgetMsat : 0n,
      maxHops: Math.min(maxHops, mostChannels(target.recipient)),
      maxCltvExpiryDelta: most,
      finalCltvExpiryDelta: Math.min(usualFinal + shadowDelta, most),
      maxParts,
      excludedNodes: [...lessons.nodes, ...excludedNodes],
      excludedChannels: [
        ...excluded.map(({ shortChannelId, nodeId: from }) => ({ shortChannelId, from })),
        ...excludedChannels.map((shortChannelId) => ({ shortChannelId })),
      ],
      weights,
      corrections: lessons.corrections,
      inFlight: underWay.flatMap(relayedIn),
      now: this.#options.clock.now(),
    }
  }

  /**
   * BOLT 4: a node that fails with temporary_channel_failure could not send over its channel; those before it could. Where what came back
   * was changed, the channel counts as one that refused, by which it is avoided for a while.
   */
  #shownBy(attempt: Attempt, underWay: readonly Route[]): readonly Observation[] {
    const { route, status, failure } = attempt
    if (status === 'settled') return route.hops.flatMap((_, into) => this.#seen(route, into, 'settled'))
    const broken = brokenHop(attempt)
    const hop = failure?.type === 'remote' ? failure.hop : broken === undefined ? undefined : broken - 1
    if (hop === undefined) return []
    const carried = route.hops.slice(0, hop + 1).flatMap((_, into) => this.#seen(route, into, 'carried'))
    const isRefused = failure?.type !== 'remote' || failure.message.type === 'temporary_channel_failure'
    return isRefused
      ? [...carried, ...this.#seen(route, hop + 1, 'refused').map((seen) => besides(seen, route, hop, underWay))]
      : carried
  }

  /** Of the channel into a hop; the one into the first is ours. */
  #seen({ hops }: Route, into: number, outcome: Observation['outcome']): readonly Observation[] {
    const [from, to] = [hops[into - 1], hops[into]]
    if (from === undefined || to?.shortChannelId === undefined) return []
    const { shortChannelId, nodeId, amountMsat } = to
    const capacityMsat = this.#options.graph.capacityMsat(shortChannelId)
    if (capacityMsat === undefined) return []
    const direction = compareBytes(from.nodeId, nodeId) < 0 ? 0 : 1
    return [{ shortChannelId, direction, amountMsat, capacityMsat, outcome }]
  }
}

/** Why there is no way, where what was learnt may be the reason. */
const MAY_BE_LEARNT: ReadonlySet<PathFailure['code']> = new Set(['no-route', 'fee-limit-exceeded', 'expiry-too-far'])

export type AskedPaths = Omit<PathQuestion, 'source' | 'ownChannels' | 'corrections' | 'inFlight' | 'now'>

export interface LookedUpPaths extends Omit<FoundPaths, 'paths'> {
  readonly paths: readonly (Omit<FoundPath, 'ownChannel'> & { readonly channelId: ChannelId })[]
}

/** What a route takes of channels of others. */
const relayedIn = ({ hops }: Route): PathQuestion['inFlight'] =>
  hops.slice(1).flatMap(({ shortChannelId, amountMsat }, i) => {
    const from = hops[i]?.nodeId
    return from === undefined || shortChannelId === undefined ? [] : [{ from, shortChannelId, amountMsat }]
  })

/** What the node at this hop refused came on top of what it carried for us already. */
const besides = (seen: Observation, { hops }: Route, hop: number, underWay: readonly Route[]): Observation => {
  const from = hops[hop]?.nodeId
  const carried = underWay
    .flatMap(relayedIn)
    .filter((each) => each.shortChannelId === seen.shortChannelId && from !== undefined && equalBytes(each.from, from))
  return { ...seen, amountMsat: carried.reduce((sum, { amountMsat }) => sum + amountMsat, seen.amountMsat) }
}

type OwnEnd = OwnChannel & OwnChannelEnd

const routeOf = (
  found: FoundPath,
  own: readonly OwnEnd[],
  { height, target }: RouteQuestion,
  excluded: readonly HopName[],
): Route => {
  const { ownChannel = 0 } = found
  const hops = found.hops.map(({ nodeId, shortChannelId, amountMsat, cltvExpiryDelta }) => ({
    nodeId,
    ...(shortChannelId === undefined ? {} : { shortChannelId }),
    amountMsat,
    cltvExpiry: height + cltvExpiryDelta,
  }))
  const inside = lastHopInside(target.recipient, excluded, found, hops.at(-1)?.cltvExpiry ?? height)
  return { channelId: (own[ownChannel] as OwnEnd).channelId, hops: inside === undefined ? hops : [...hops, inside] }
}

const failureOf = ({ code }: PathFailure): RouteFailure => ({ code: code === 'invalid-limit' ? 'no-route' : code })
