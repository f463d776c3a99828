import type { RouteHintHop } from '../../invoice/invoice.ts'
import { toHex } from '../../lib/bytes.ts'
import type { ChannelId, NodeId, ShortChannelId } from '../../lib/ids.ts'
import type { CorrectedHop, HopName, Lessons } from './lessons.ts'
import type { OwnChannel } from './payment.ts'
import type { RouteWishes } from './wishes.ts'

/** Lessons, and what the payer excludes, as they are looked up while a route is chosen. */
export interface HeededLessons {
  /** Whether an attempt may go over this own channel, which leads to a peer, and these hops. */
  allows(channel: Pick<OwnChannel, 'channelId' | 'shortChannelId'>, hops: readonly HopName[], peer: NodeId): boolean
  /** The hop with what its node said it really asks for. */
  corrected(hop: RouteHintHop): RouteHintHop
}

export const heeded = (
  { channels, nodes, hops, refused, ways, corrections }: Lessons,
  { excludedNodes, excludedChannels }: Pick<RouteWishes, 'excludedNodes' | 'excludedChannels'>,
): HeededLessons => {
  const banned = new Set([
    ...channels.map(channelKey),
    ...[...nodes, ...excludedNodes].map(nodeKey),
    ...excludedChannels.map(idKey),
    // Nothing is known here of how much less would get through.
    ...[...hops, ...refused].map(hopKey),
    ...ways.map((way) => wayKey(way.channelId, way.hops)),
  ])
  const corrected = new Map<string, CorrectedHop>(corrections.map((hop) => [hopKey(hop), hop]))
  return {
    allows({ channelId, shortChannelId }, over, peer) {
      // Mostly there is no lesson yet, and no need to name anything.
      if (banned.size === 0) return true
      if (banned.has(channelKey(channelId)) || banned.has(nodeKey(peer)) || banned.has(wayKey(channelId, over))) {
        return false
      }
      if (shortChannelId !== undefined && banned.has(idKey(shortChannelId))) return false
      return over.every(
        (hop) => ![nodeKey(hop.nodeId), hopKey(hop), idKey(hop.shortChannelId)].some((key) => banned.has(key)),
      )
    },
    corrected: (hop) => (corrected.size === 0 ? hop : { ...hop, ...corrected.get(hopKey(hop)) }),
  }
}

const channelKey = (channelId: ChannelId): string => `channel ${toHex(channelId)}`
const idKey = (shortChannelId: ShortChannelId): string => `id ${shortChannelId}`
const nodeKey = (nodeId: NodeId): string => `node ${toHex(nodeId)}`
const hopKey = ({ nodeId, shortChannelId }: HopName): string => `hop ${toHex(nodeId)} ${shortChannelId}`
const wayKey = (channelId: ChannelId, hops: readonly HopName[]): string =>
  `way ${toHex(channelId)} ${hops.map(hopKey).join(' ')}`
