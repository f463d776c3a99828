import { relayedAfterFee, relayFee } from '../../graph/relay-fee.ts'
import type { RouteHintHop } from '../../invoice/invoice.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import { err, ok } from '../../lib/result.ts'
import type { Msat } from '../../lib/units.ts'
import { type BlindedRecipient, pathHints, type RecipientPath, takesPart } from './blinded-recipient.ts'
import { expiryBounds } from './expiry-bounds.ts'
import { type HeededLessons, heeded } from './heeded-lessons.ts'
import { lessOffered } from './offered-amounts.ts'
import { type OwnChannel, type OwnChannels, partAmounts, type Room, type Route, type RouteHop } from './payment.ts'
import { routeVia } from './route.ts'
import type { FoundRoutes, RouteQuestion } from './route-question.ts'
import { wishesOf } from './route-wishes.ts'

/** A part carries at least this, so that fees do not eat it up. */
const MIN_PART_MSAT = 1_000n

/** A question, with what it is answered by. */
interface Search extends RouteQuestion {
  /** Less what this payment is about to send. */
  readonly channels: OwnChannels
  readonly heeded: HeededLessons
}

/** A way to the destination: over a channel with `peer`, then over hops of a hint. */
interface Way {
  readonly peer: NodeId
  readonly hops: readonly RouteHintHop[]
  /** As the hint has them. */
  readonly hinted: readonly RouteHintHop[]
  /** The blinded path that the last hop stands for. */
  readonly path?: RecipientPath
}

/** This many of the channels in order are tried before the one with the most room is taken. */
const MAX_TRIED_IN_TURN = 8

/**
 * The routes that carry what remains: one if one can, else several if the destination takes parts. Shorter ways go first,
 * then cheaper ones, then those with more room.
 */
export const chooseRoutes = (asked: RouteQuestion, channels: OwnChannels): FoundRoutes => {
  const question = {
    ...asked,
    channels: lessOffered(channels, asked.offered),
    heeded: heeded(asked.lessons, wishesOf(asked.target)),
  }
  const chosen = routesWithin(question, 'spendableMsat')
  if (chosen.ok || chosen.error.code !== 'insufficient-balance') return chosen
  // The limit may be what the peers accept in flight, and not our balance.
  return routesWithin(question, 'affordableMsat').ok ? err({ code: 'peer-limit-reached' }) : chosen
}

const routesWithin = (question: Search, room: Room): FoundRoutes => {
  const { target, remainingMsat, feeBudgetMsat, maxParts } = question
  const { maxHops } = wishesOf(target)
  const ways = waysTo(question).filter((way) => channelsIn(way) <= maxHops)
  if (ways.every((way) => !leads(question, way, room))) return err({ code: 'no-route' })
  const routes = ways
    .flatMap((way) => {
      const found = channelFor(question, way, room)
      return found === undefined ? [] : [{ channel: found, route: routeOf(question, way, found, remainingMsat) }]
    })
    .sort((a, b) => compareRoutes(a.route, b.route) || compare(b.channel[room], a.channel[room]))

  let expensive = false
  let far = false
  for (const { route } of routes) {
    if (isTooFar(route, question)) far = true
    else if (partAmounts(route).feesMsat > feeBudgetMsat) expensive = true
    else return ok([route])
  }
  if (maxParts > 1) {
    const parts = split(question, ways, room)
    if (parts !== undefined) return ok(parts)
  }
  return err({ code: expensive ? 'fee-limit-exceeded' : far ? 'expiry-too-far' : 'insufficient-balance' })
}

const waysTo = ({ target, heeded }: Search): readonly Way[] => {
  const { recipient } = target
  const { nodeId: destination } = recipient
  if (recipient.type === 'blinded') return waysOver(recipient)
  const ways: Way[] = [{ peer: destination, hops: [], hinted: [] }]
  for (const hint of recipient.routeHints) {
    // A hint can be used from any of its nodes that is a peer of ours; if the destination is a peer, no hint is needed.
    for (const [start, { nodeId }] of hint.entries()) {
      if (equalBytes(nodeId, destination)) continue
      // If a node comes twice, the shorter way is kept.
      if (hint.findLastIndex((later) => equalBytes(later.nodeId, nodeId)) !== start) continue
      const hinted = hint.slice(start)
      ways.push({ peer: nodeId, hops: hinted.map(heeded.corrected), hinted })
    }
  }
  return ways
}

/** From a peer at which a path begins. */
const waysOver = (recipient: BlindedRecipient): readonly Way[] =>
  pathHints(recipient).map((hops, at) => ({
    peer: (hops[0] as RouteHintHop).nodeId,
    hops,
    hinted: hops,
    path: recipient.paths[at] as RecipientPath,
  }))

/** The channels of a route over this way, blinded ones aside. */
const channelsIn = ({ hops, path }: Way): number => hops.length + (path === undefined ? 1 : 0)

/** Whether the way begins with any channel at all. */
const leads = (question: Search, way: Way, room: Room): boolean => {
  for (const _ of allowed(question, way, question.channels.byRoom(way.peer, room))) return true
  return false
}

/** The channel that carries the whole amount over this way, if there is one. */
const channelFor = (question: Search, way: Way, room: Room): OwnChannel | undefined => {
  const { channels, remainingMsat } = question
  if (!takes(way, remainingMsat)) return undefined
  const sent = sentOver(question, way)
  const carries = (channel: OwnChannel): boolean => sent <= channel[room] && sent >= channel.htlcMinimumMsat
  let found: OwnChannel | undefined
  for (const channel of allowed(question, way, channels.byRoom(way.peer, room))) {
    if (channel[room] < sent) break
    if (!carries(channel)) continue
    found = channel
    break
  }
  if (found === undefined || room !== 'spendableMsat') return found
  let tried = 0
  for (const channel of allowed(question, way, channels.inTurn(way.peer))) {
    if (carries(channel)) return channel
    if (++tried === MAX_TRIED_IN_TURN) break
  }
  return found
}

function* allowed(
  { heeded }: Search,
  { hinted, peer }: Way,
  channels: Iterable<OwnChannel>,
): Generator<OwnChannel, undefined> {
  for (const channel of channels) if (heeded.allows(channel, hinted, peer)) yield channel
  return undefined
}

/** Whether a part of this size may go this way at all. */
const takes = ({ path }: Way, amountMsat: Msat): boolean => path === undefined || takesPart(path, amountMsat)

/** What our own channel has to carry for the whole amount. */
const sentOver = ({ remainingMsat }: Search, { hops }: Way): bigint =>
  hops.reduceRight((amount, hop) => amount + relayFee(hop, amount), remainingMsat)

const routeOf = (question: Search, { hops }: Way, channel: OwnChannel, amountMsat: Msat): Route => {
  const { target, height } = question
  const { usualFinal: least, most } = expiryBounds(target, height)
  const relays = hops.reduce((sum, { cltvExpiryDelta }) => sum + cltvExpiryDelta, 0)
  const shadow = Math.max(0, Math.min(question.shadowDelta, most - least - relays))
  return routeVia(channel, hops, target.recipient.nodeId, amountMsat, height + least + shadow)
}

const firstHop = ({ hops }: Route): RouteHop => hops[0] as RouteHop

const isTooFar = (route: Route, { target, height }: Search): boolean =>
  firstHop(route).cltvExpiry - height > expiryBounds(target, height).most

const compareRoutes = (a: Route, b: Route): number =>
  a.hops.length - b.hops.length || compare(partAmounts(a).feesMsat, partAmounts(b).feesMsat)

const compare = (a: bigint, b: bigint): number => (a < b ? -1 : a > b ? 1 : 0)

const least = (a: bigint, b: bigint): bigint => (compare(a, b) < 0 ? a : b)

/** The most that a way delivers with what a channel may spend. */
const deliverable = ({ hops, path }: Way, roomMsat: Msat): bigint => {
  let amount = roomMsat
  for (const hop of hops) {
    amount = relayedAfterFee(hop, amount)
    if (amount <= 0n) return 0n
  }
  return path === undefined ? amount : least(amount, path.htlcMaximumMsat)
}

interface Part {
  readonly way: Way
  readonly channel: OwnChannel
  readonly deliverableMsat: bigint
}

/** Fills the ways with the most room first, each own channel once. */
const split = (question: Search, ways: readonly Way[], room: Room): readonly Route[] | undefined => {
  const used = new Set<string>()
  /** The least that was too much for a way: 0 for one that takes too long whatever the amount. */
  const tooMuch = new Map<Way, bigint>()
  const routes: Route[] = []
  let remaining = question.remainingMsat
  let budget = question.feeBudgetMsat
  for (const { way, channel, deliverableMsat } of partsOf(question, ways, room)) {
    const amount = least(deliverableMsat, remaining)
    if ((amount < MIN_PART_MSAT && amount < remaining) || !takes(way, amount)) continue
    if (amount >= (tooMuch.get(way) ?? amount + 1n)) continue
    const channelId = toHex(channel.channelId)
    if (used.has(channelId)) continue
    const route = routeOf(question, way, channel, amount)
    const fees = partAmounts(route).feesMsat
    const isFar = isTooFar(route, question)
    if (isFar || fees > budget) {
      tooMuch.set(way, isFar ? 0n : amount)
      continue
    }
    const sent = firstHop(route).amountMsat
    if (sent > channel[room] || sent < channel.htlcMinimumMsat) continue
    routes.push(route)
    used.add(channelId)
    remaining -= amount
    budget -= fees
    if (remaining === 0n) return routes
    if (routes.length === question.maxParts) return undefined
  }
  return undefined
}

interface PartSource {
  readonly way: Way
  readonly channels: Iterator<OwnChannel, undefined>
  readonly part: Part
}

/** Channels with the ways on from them: the shortest ways first, and of those the ones that can deliver most. */
function* partsOf(question: Search, ways: readonly Way[], room: Room): Generator<Part> {
  const sources = ways.flatMap((way) =>
    nextPart(way, allowed(question, way, question.channels.byRoom(way.peer, room)), room),
  )
  for (;;) {
    const best = sources.reduce<PartSource | undefined>(
      (before, next) => (before === undefined || isSooner(next.part, before.part) ? next : before),
      undefined,
    )
    if (best === undefined) return
    yield best.part
    sources.splice(sources.indexOf(best), 1, ...nextPart(best.way, best.channels, room))
  }
}

const nextPart = (way: Way, channels: Iterator<OwnChannel, undefined>, room: Room): readonly PartSource[] => {
  const { value: channel } = channels.next()
  if (channel === undefined) return []
  const deliverableMsat = deliverable(way, channel[room])
  return deliverableMsat > 0n ? [{ way, channels, part: { way, channel, deliverableMsat } }] : []
}

const isSooner = (a: Part, b: Part): boolean =>
  a.way.hops.length === b.way.hops.length
    ? a.deliverableMsat > b.deliverableMsat
    : a.way.hops.length < b.way.hops.length
