import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { NodeId, ShortChannelId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { type ArrayFault, readQueryFlags, readShortIds } from '../../wire/encoded-array.ts'
import { encodeGossip } from '../../wire/gossip-codecs.ts'
import type { QueryShortChannelIds } from '../../wire/messages/gossip-queries.ts'
import type { AnnouncedGraph } from '../announced-graph.ts'

/** BOLT 7: what a flag of `query_flags` asks for. */
export const WANTED = { channel: 1n, update1: 2n, update2: 4n, node1: 8n, node2: 16n } as const

const MESSAGES = WANTED.channel | WANTED.update1 | WANTED.update2

/** Without flags all of it is wanted. */
const ALL = 31n

/** Why a query cannot be answered: its sender may be warned. */
export type QueryFault = ArrayFault | 'flags-do-not-match'

export interface WantedChannel {
  readonly shortChannelId: ShortChannelId
  readonly flags: bigint
}

/** What a query asks for, channel by channel. BOLT 7: a flag for each id, or none at all. */
export const wantedIn = ({
  encodedShortIds,
  queryFlags,
}: QueryShortChannelIds): Result<readonly WantedChannel[], QueryFault> => {
  const ids = readShortIds(encodedShortIds)
  if (!ids.ok) return ids
  const flags = queryFlags === undefined ? ok(ids.value.map(() => ALL)) : readQueryFlags(queryFlags)
  if (!flags.ok) return flags
  if (flags.value.length !== ids.value.length) return err('flags-do-not-match')
  return ok(ids.value.map((shortChannelId, i) => ({ shortChannelId, flags: flags.value[i] as bigint })))
}

/**
 * BOLT 7, query_short_channel_ids: the answer, message by message, so that who sends it can wait in between. What we do not know is left out,
 * and each node is told of once.
 */
export function* answerShortIds(
  graph: AnnouncedGraph,
  ours: Uint8Array,
  { chainHash }: QueryShortChannelIds,
  wanted: readonly WantedChannel[],
): Generator<Uint8Array | undefined> {
  const isOurChain = equalBytes(chainHash, ours)
  const told = new Set<string>()
  for (const { shortChannelId, flags } of isOurChain ? wanted : []) {
    const known = graph.channel(shortChannelId)
    // Each of its messages is read from the disk.
    const gossip = flags & MESSAGES ? graph.gossipOf(shortChannelId) : undefined
    if (gossip === undefined) yield undefined
    if (known === undefined) continue
    const [update1, update2] = gossip?.updates ?? []
    if (flags & WANTED.channel && gossip !== undefined) yield gossip.announcement
    if (flags & WANTED.update1 && update1 !== undefined) yield update1
    if (flags & WANTED.update2 && update2 !== undefined) yield update2
    const [node1, node2] = known.nodeIds
    if (flags & WANTED.node1) yield* nodeOnce(graph, node1, told)
    if (flags & WANTED.node2) yield* nodeOnce(graph, node2, told)
  }
  // BOLT 7: the end always follows, and says whether we follow the chain that was asked about.
  yield encodeGossip({ type: 'reply_short_channel_ids_end', chainHash, fullInformation: isOurChain ? 1 : 0 })
}

function* nodeOnce(graph: AnnouncedGraph, nodeId: NodeId, told: Set<string>): Generator<Uint8Array> {
  const name = toHex(nodeId)
  const raw = told.has(name) ? undefined : graph.nodeGossipOf(nodeId)
  told.add(name)
  if (raw !== undefined) yield raw
}
