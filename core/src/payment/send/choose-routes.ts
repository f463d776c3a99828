import type { RouteHintHop } from '../../invoice/invoice.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockDelta, BlockHeight, Msat } from '../../lib/units.ts'
import { relayedAfterFee } from '../relay-fee.ts'
import type { Lessons } from './lessons.ts'
import {
  type OwnChannel,
  type PaymentFailure,
  type PaymentTarget,
  partAmounts,
  type Route,
  type RouteHop,
} from './payment.ts'
import { FINAL_CLTV_MARGIN, MAX_ROUTE_CLTV, routeVia } from './route.ts'

/** A payment is split into no more than this. */
const MAX_PARTS = 16
/** A part carries at least this, so that fees do not eat it up. */
const MIN_PART_MSAT = 1_000n

/** What is to be sent, and with what. */
export interface RouteQuestion {
  readonly target: PaymentTarget
  /** What has neither arrived nor is under way. */
  readonly remainingMsat: Msat
  /** What relays may still charge. */
  readonly feeBudgetMsat: Msat
  /** `spendableMsat` less what this payment is about to send. */
  readonly channels: readonly OwnChannel[]
  readonly lessons: Lessons
  readonly height: BlockHeight
  /** Blocks to add to the final expiry, as far as the route has room for them. */
  readonly shadowDelta: BlockDelta
}

/** A way to the destination: one of our channels, then hops of a hint. */
interface Way {
  readonly channel: OwnChannel
  readonly hops: readonly RouteHintHop[]
}

/**
 * The routes that carry what remains: one if one can, else several if the destination takes parts. Shorter ways go first,
 * then cheaper ones, then those with more room.
 */
export const chooseRoutes = (question: RouteQuestion): Result<readonly Route[], Pick<PaymentFailure, 'code'>> => {
  const chosen = routesWithin(question)
  if (chosen.ok || chosen.error.code !== 'insufficient-balance') return chosen
  // What stands in the way may be what the peers take in flight, and not what we have.
  const channels = question.channels.map((channel) => ({ ...channel, spendableMsat: channel.affordableMsat }))
  return routesWithin({ ...question, channels }).ok ? err({ code: 'peer-limit-reached' }) : chosen
}

const routesWithin = (question: RouteQuestion): Result<readonly Route[], Pick<PaymentFailure, 'code'>> => {
  const { target, remainingMsat, feeBudgetMsat } = question
  const ways = waysTo(question)
  if (ways.length === 0) return err({ code: 'no-route' })
  const sorted = ways
    .map((way) => ({ way, route: routeOf(question, way, remainingMsat) }))
    .sort((a, b) => compareRoutes(a.route, b.route) || descending(a.way.channel, b.way.channel))

  let expensive = false
  let far = false
  for (const { way, route } of sorted) {
    if (!carries(way.channel, route)) continue
    if (isTooFar(route, question.height)) far = true
    else if (partAmounts(route).feesMsat > feeBudgetMsat) expensive = true
    else return ok([route])
  }
  if (target.multiPart) {
    const routes = split(question, ways)
    if (routes !== undefined) return ok(routes)
  }
  return err({ code: expensive ? 'fee-limit-exceeded' : far ? 'expiry-too-far' : 'insufficient-balance' })
}

const waysTo = ({ target, channels, lessons }: RouteQuestion): readonly Way[] => {
  const ways: Way[] = []
  for (const channel of channels) {
    if (!channel.usable) continue
    const peer = channel.remoteNodeId
    const add = (hops: readonly RouteHintHop[]): void => {
      if (lessons.allows(channel.channelId, hops, peer)) ways.push({ channel, hops: hops.map(lessons.corrected) })
    }
    if (equalBytes(peer, target.destination)) {
      add([])
      continue
    }
    // A hint is of use from any of its nodes on that is a peer of ours.
    for (const hint of target.routeHints) {
      const start = hint.findLastIndex(({ nodeId }) => equalBytes(nodeId, peer))
      if (start !== -1) add(hint.slice(start))
    }
  }
  return ways
}

const routeOf = (question: RouteQuestion, { channel, hops }: Way, amountMsat: Msat): Route => {
  const { target, height } = question
  const least = (target.minFinalCltvExpiryDelta as number) + FINAL_CLTV_MARGIN
  const relays = hops.reduce((sum, { cltvExpiryDelta }) => sum + (cltvExpiryDelta as number), 0)
  const shadow = Math.max(0, Math.min(question.shadowDelta as number, MAX_ROUTE_CLTV - least - relays))
  return routeVia(channel, hops, target.destination, amountMsat, (height as number) + least + shadow)
}

const firstHop = ({ hops }: Route): RouteHop => hops[0] as RouteHop

const carries = (channel: OwnChannel, route: Route): boolean => {
  const { amountMsat } = firstHop(route)
  return amountMsat <= channel.spendableMsat && amountMsat >= channel.htlcMinimumMsat
}

const isTooFar = (route: Route, height: BlockHeight): boolean =>
  (firstHop(route).cltvExpiry as number) - (height as number) > MAX_ROUTE_CLTV

const compareRoutes = (a: Route, b: Route): number =>
  a.hops.length - b.hops.length || compare(partAmounts(a).feesMsat as bigint, partAmounts(b).feesMsat as bigint)

const descending = (a: OwnChannel, b: OwnChannel): number =>
  compare(b.spendableMsat as bigint, a.spendableMsat as bigint)

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

const least = (a: bigint, b: bigint): bigint => (compare(a, b) < 0 ? a : b)

/** The most that a way delivers with what its channel may spend. */
const deliverable = ({ channel, hops }: Way): bigint => {
  let amount = channel.spendableMsat as bigint
  for (const hop of hops) {
    amount = relayedAfterFee(hop, amount) as bigint
    if (amount <= 0n) return 0n
  }
  return amount
}

/** Fills the ways with the most room first, each own channel once. */
const split = (question: RouteQuestion, ways: readonly Way[]): readonly Route[] | undefined => {
  const rooms = ways
    .map((way) => ({ way, room: deliverable(way) }))
    .sort((a, b) => a.way.hops.length - b.way.hops.length || compare(b.room, a.room))
  const used = new Set<string>()
  const routes: Route[] = []
  let remaining = question.remainingMsat as bigint
  let budget = question.feeBudgetMsat as bigint
  for (const { way, room } of rooms) {
    const channelId = toHex(way.channel.channelId)
    const amount = least(room, remaining)
    if (routes.length === MAX_PARTS || used.has(channelId) || (amount < MIN_PART_MSAT && amount < remaining)) continue
    const route = routeOf(question, way, amount)
    const fees = partAmounts(route).feesMsat as bigint
    if (!carries(way.channel, route) || isTooFar(route, question.height) || fees > budget) continue
    routes.push(route)
    used.add(channelId)
    remaining -= amount
    budget -= fees
    if (remaining === 0n) return routes
  }
  return undefined
}
