import { secp256k1 } from '../../crypto/secp256k1.ts'
import type { RouteHintHop } from '../../invoice/invoice.ts'
import { toHex } from '../../lib/bytes.ts'
import type { ChannelId, NodeId, ShortChannelId } from '../../lib/ids.ts'
import { failureFlags } from '../../onion/failure-message.ts'
import { channelUpdateDigest } from '../../wire/channel-update-digest.ts'
import type { ChannelUpdate } from '../../wire/messages/gossip.ts'
import type { Attempt, AttemptFailure, Route, RouteHop } from './payment.ts'

/** What a payment's failed attempts teach about the remaining ways. It is computed from the attempts alone, so it need not be stored. */
export interface Lessons {
  /** The destination refused for good: no other way will help. */
  readonly refused: Attempt | undefined
  /** Whether an attempt may still go over this own channel and these hops. */
  allows(channelId: ChannelId, hops: readonly RouteHintHop[], peer: NodeId): boolean
  /** The hop with what its node said it really asks for. */
  corrected(hop: RouteHintHop): RouteHintHop
}

export const lessonsOf = (attempts: readonly Attempt[]): Lessons => {
  const banned = new Set<string>()
  const corrections = new Map<string, ChannelUpdate>()
  let refused: Attempt | undefined
  for (const attempt of attempts) {
    const { route, failure } = attempt
    if (failure === undefined) continue
    if (isFinalRefusal(route, failure)) refused ??= attempt
    else learn(route, failure, banned, corrections)
  }
  return {
    refused,
    allows(channelId, hops, peer) {
      // Mostly there is no lesson yet, and no need to name anything.
      if (banned.size === 0) return true
      if (banned.has(channelKey(channelId)) || banned.has(nodeKey(peer)) || banned.has(pathKey(channelId, hops))) {
        return false
      }
      return hops.every(
        (hop) => !banned.has(nodeKey(hop.nodeId)) && !banned.has(hopKey(hop.nodeId, hop.shortChannelId)),
      )
    },
    corrected(hop) {
      if (corrections.size === 0) return hop
      const update = corrections.get(hopKey(hop.nodeId, hop.shortChannelId))
      if (update === undefined) return hop
      const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = update
      return { ...hop, feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta }
    },
  }
}

// BOLT 4, receiving failure codes: a payment that the destination fails with PERM must not be tried again.
// If the destination complains of an unreadable onion, somebody on the way has changed it.
const isFinalRefusal = (route: Route, failure: AttemptFailure): boolean => {
  if (failure.type !== 'remote' || failure.hop !== route.hops.length - 1) return false
  const { permanent, badOnion } = failureFlags(failure.message)
  return permanent && !badOnion
}

const learn = (
  route: Route,
  failure: AttemptFailure,
  banned: Set<string>,
  corrections: Map<string, ChannelUpdate>,
): void => {
  switch (failure.type) {
    case 'local':
    case 'on-chain':
      banned.add(channelKey(route.channelId))
      return
    case 'unreadable':
      banned.add(pathKey(route.channelId, hintHopsOf(route)))
      return
    case 'remote': {
      const { message } = failure
      const node = route.hops[failure.hop]
      const next = route.hops[failure.hop + 1]
      if (node === undefined || next?.shortChannelId === undefined) {
        // The destination had a passing trouble: another way may find it better.
        banned.add(pathKey(route.channelId, hintHopsOf(route)))
        return
      }
      // BOLT 4: with NODE set, all of the node's channels are out of the question.
      if (failureFlags(message).node) {
        banned.add(nodeKey(node.nodeId))
        return
      }
      const key = hopKey(node.nodeId, next.shortChannelId)
      switch (message.type) {
        case 'fee_insufficient':
        case 'incorrect_cltv_expiry':
        case 'expiry_too_soon': {
          const update = message.channelUpdate
          // A node that complains again after its own correction was followed is not asked a third time.
          if (update === undefined || corrections.has(key) || !isAbout(update, node.nodeId, next.shortChannelId)) {
            banned.add(key)
          } else corrections.set(key, update)
          return
        }
        default:
          banned.add(key)
      }
    }
  }
}

const isAbout = (update: ChannelUpdate, nodeId: NodeId, shortChannelId: ShortChannelId): boolean =>
  update.shortChannelId === shortChannelId && secp256k1.verify(update.signature, channelUpdateDigest(update), nodeId)

/** The relaying hops of a route, as a hint has them: each node with the channel out of it. */
const hintHopsOf = ({ hops }: Route): readonly Pick<RouteHintHop, 'nodeId' | 'shortChannelId'>[] =>
  hops.slice(0, -1).map(({ nodeId }, i) => ({ nodeId, shortChannelId: (hops[i + 1] as RouteHop).shortChannelId ?? 0n }))

const channelKey = (channelId: ChannelId): string => `channel ${toHex(channelId)}`
const nodeKey = (nodeId: NodeId): string => `node ${toHex(nodeId)}`
const hopKey = (nodeId: NodeId, shortChannelId: ShortChannelId): string => `hop ${toHex(nodeId)} ${shortChannelId}`
const pathKey = (channelId: ChannelId, hops: readonly Pick<RouteHintHop, 'nodeId' | 'shortChannelId'>[]): string =>
  `path ${toHex(channelId)} ${hops.map(({ nodeId, shortChannelId }) => hopKey(nodeId, shortChannelId)).join(' ')}`
