import { secp256k1 } from '../../crypto/secp256k1.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { ChannelId, NodeId, ShortChannelId } from '../../lib/ids.ts'
import type { Msat } from '../../lib/units.ts'
import { failureFlags } from '../../onion/failure-message.ts'
import { channelUpdateDigest } from '../../wire/channel-update-digest.ts'
import type { ChannelUpdate } from '../../wire/messages/gossip.ts'
import { type Attempt, type AttemptFailure, partAmounts, type Route, type RouteHop } from './payment.ts'

/** A channel, by the node that relays out of it. */
export interface HopName {
  readonly nodeId: NodeId
  readonly shortChannelId: ShortChannelId
}

/** What a node said that it really asks for. */
export interface CorrectedHop
  extends HopName,
    Pick<ChannelUpdate, 'feeBaseMsat' | 'feeProportionalMillionths' | 'cltvExpiryDelta'> {}

/**
 * What a payment's failed attempts teach about the remaining ways: what no further attempt goes over, and what is to be paid. Plain data; it
 * is computed from the attempts alone, so it need not be stored.
 */
export interface Lessons {
  /** Of ours. */
  readonly channels: readonly ChannelId[]
  readonly nodes: readonly NodeId[]
  readonly hops: readonly HopName[]
  /** Refused what they were to carry, each as often as it is here: less may get through. */
  readonly refused: readonly HopName[]
  /** Each over one of our channels and these hops: nobody says which of them is at fault. */
  readonly ways: readonly { readonly channelId: ChannelId; readonly hops: readonly HopName[] }[]
  /** At most one of each hop. */
  readonly corrections: readonly CorrectedHop[]
}

/** What refuses so often, and then again, is in trouble, whatever it is to carry. */
const MOST_REFUSALS = 3

/** The attempt that the destination refused for good, if it refused one: no other way will help. */
export const refusedAttempt = (attempts: readonly Attempt[]): Attempt | undefined =>
  attempts.find(({ route, failure }) => failure !== undefined && isFinalRefusal(route, failure))

/** `amountMsat` is what all parts are to deliver. */
export const lessonsOf = (attempts: readonly Attempt[], amountMsat: Msat): Lessons => {
  const lessons: Learning = { channels: [], nodes: [], hops: [], refused: [], ways: [], corrections: [] }
  for (const attempt of attempts) {
    const { route, failure } = attempt
    const teaches = failure !== undefined && !isFinalRefusal(route, failure) && !lackedOthers(attempt, amountMsat)
    if (teaches) learn(attempt, failure, lessons)
  }
  return lessons
}

/** BOLT 4, mpp_timeout: this part has arrived, and others of the amount have not. One that is all of it lacks none. */
export const lackedOthers = ({ route, failure }: Attempt, amountMsat: Msat): boolean =>
  failure?.type === 'remote' &&
  failure.message.type === 'mpp_timeout' &&
  failure.hop >= route.hops.length - 1 &&
  partAmounts(route).amountMsat < amountMsat

type Learning = { readonly [K in keyof Lessons]: Lessons[K][number][] }

// BOLT 4, receiving failure codes: a payment that the destination fails with PERM must not be tried again.
// If the destination complains of an unreadable onion, somebody on the way has changed it.
// What fails after the trampoline node that we pay fails on any way to it.
const isFinalRefusal = (route: Route, failure: AttemptFailure): boolean => {
  if (failure.type === 'beyond') return true
  if (failure.type !== 'remote' || failure.hop < route.hops.length - 1) return false
  if (failure.hop >= route.hops.length) return true
  const { permanent, badOnion } = failureFlags(failure.message)
  return permanent && !badOnion
}

/**
 * BOLT 4, origin node: where on the route what came back was changed. One of the two nodes at the channel into this hop has changed it, or
 * the node there knows nothing of attribution. Absent if that is not known, or if it may have been our peer: that channel is ours.
 */
export const brokenHop = ({ route, failure, attribution }: Attempt): number | undefined => {
  if (failure?.type !== 'unreadable' || attribution?.brokenAt === undefined) return undefined
  // What is within a blinded path has one hop that stands for it.
  const hop = Math.min(attribution.brokenAt, route.hops.length - 1)
  return hop === 0 ? undefined : hop
}

const learn = (attempt: Attempt, failure: AttemptFailure, lessons: Learning): void => {
  const { route } = attempt
  const { channelId } = route
  switch (failure.type) {
    case 'local':
    case 'on-chain':
      lessons.channels.push(channelId)
      return
    case 'unreadable': {
      const hop = brokenHop(attempt) ?? 0
      const [before, into] = [route.hops[hop - 1], route.hops[hop]]
      if (before !== undefined && into?.shortChannelId !== undefined)
        lessons.hops.push({ nodeId: before.nodeId, shortChannelId: into.shortChannelId })
      else lessons.ways.push({ channelId, hops: relaysOf(route) })
      return
    }
    case 'beyond':
      lessons.ways.push({ channelId, hops: relaysOf(route) })
      return
    case 'remote': {
      const { message } = failure
      const node = route.hops[failure.hop]
      const next = route.hops[failure.hop + 1]
      if (node === undefined || next?.shortChannelId === undefined) {
        // The destination had a passing trouble: another way may find it better.
        lessons.ways.push({ channelId, hops: relaysOf(route) })
        return
      }
      // BOLT 4: with NODE set, all of the node's channels are out of the question.
      if (failureFlags(message).node) {
        lessons.nodes.push(node.nodeId)
        return
      }
      const hop: HopName = { nodeId: node.nodeId, shortChannelId: next.shortChannelId }
      switch (message.type) {
        case 'fee_insufficient':
        case 'incorrect_cltv_expiry':
        case 'expiry_too_soon': {
          const update = message.channelUpdate
          const isCorrected = lessons.corrections.some((known) => isSameHop(known, hop))
          // A node that complains again after its own correction was followed is not asked a third time.
          if (update === undefined || isCorrected || !isAbout(update, hop)) lessons.hops.push(hop)
          else {
            const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = update
            lessons.corrections.push({ ...hop, feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta })
          }
          return
        }
        case 'temporary_channel_failure': {
          const refusals = lessons.refused.filter((known) => isSameHop(known, hop)).length
          lessons[refusals < MOST_REFUSALS ? 'refused' : 'hops'].push(hop)
          return
        }
        default:
          lessons.hops.push(hop)
      }
    }
  }
}

const isSameHop = (a: HopName, b: HopName): boolean =>
  a.shortChannelId === b.shortChannelId && equalBytes(a.nodeId, b.nodeId)

const isAbout = (update: ChannelUpdate, { nodeId, shortChannelId }: HopName): boolean =>
  update.shortChannelId === shortChannelId && secp256k1.verify(update.signature, channelUpdateDigest(update), nodeId)

/** The relaying hops of a route, as a hint has them: each node with the channel out of it. */
const relaysOf = ({ hops }: Route): readonly HopName[] =>
  hops.slice(0, -1).map(({ nodeId }, i) => ({ nodeId, shortChannelId: (hops[i + 1] as RouteHop).shortChannelId ?? 0n }))
