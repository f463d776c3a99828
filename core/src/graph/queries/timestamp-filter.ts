import { equalBytes } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { GossipTimestampFilter } from '../../wire/messages/gossip-queries.ts'
import type { AnnouncedGraph } from '../announced-graph.ts'

/** BOLT 7: whether a peer that sent this filter, or none, wants gossip of a time. */
export const passes = (filter: GossipTimestampFilter | undefined, ours: Uint8Array, timestamp: number): boolean => {
  // BOLT 7: without a filter nothing is passed on that is not our own, and one of another chain asks for none of ours.
  if (filter === undefined || !equalBytes(filter.chainHash, ours)) return false
  const { firstTimestamp, timestampRange } = filter
  return timestamp >= firstTimestamp && timestamp < firstTimestamp + timestampRange
}

/** `undefined` comes after so many that are not wanted: whoever sends can let others have their turn. */
const PAUSE_AFTER = 20

/**
 * BOLT 7, gossip_timestamp_filter: what is known already and within the filter, message by message. A channel counts with the time of any of
 * its updates, is told before them and before all nodes, and not at all without an update or once its funding is spent.
 */
export function* backlog(
  graph: AnnouncedGraph,
  ours: Uint8Array,
  filter: GossipTimestampFilter,
): Generator<Uint8Array | undefined> {
  const nodes = new Set<NodeId>()
  let looks = 0
  for (const id of graph.shortChannelIds()) {
    if (++looks % PAUSE_AFTER === 0) yield undefined
    const channel = graph.channel(id)
    if (channel === undefined || channel.spentAt !== undefined) continue
    // A node has one object for its id.
    for (const nodeId of channel.nodeIds) nodes.add(nodeId)
    const isWanted = channel.updates.map((update) => update !== undefined && passes(filter, ours, update.timestamp))
    const gossip = isWanted.includes(true) ? graph.gossipOf(id) : undefined
    if (gossip === undefined) continue
    yield gossip.announcement
    for (const [direction, update] of gossip.updates.entries()) {
      if (isWanted[direction] && update !== undefined) yield update
    }
  }
  for (const nodeId of nodes) {
    if (++looks % PAUSE_AFTER === 0) yield undefined
    const timestamp = graph.node(nodeId)?.timestamp
    const raw = timestamp !== undefined && passes(filter, ours, timestamp) ? graph.nodeGossipOf(nodeId) : undefined
    if (raw !== undefined) yield raw
  }
}
