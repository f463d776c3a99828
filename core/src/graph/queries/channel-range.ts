import { equalBytes } from '../../lib/bytes.ts'
import type { ShortChannelId } from '../../lib/ids.ts'
import { type PerDirection, writeShortIds, writeTimestamps } from '../../wire/encoded-array.ts'
import type { QueryChannelRange, ReplyChannelRange } from '../../wire/messages/gossip-queries.ts'
import type { AnnouncedGraph } from '../announced-graph.ts'
import type { KnownUpdate } from '../rules/known.ts'

/** BOLT 7, `query_option_flags`. */
export const OPTION = { timestamps: 1n, checksums: 2n } as const

/** With timestamps and checksums, 24 bytes for each: far from what a message may hold, and no more than others send. */
const IDS_PER_REPLY = 1_500

/**
 * BOLT 7, query_channel_range: the replies, one after another. Each begins where the one before it ended, or in the same block if that block
 * has more channels than fit; together they cover exactly what was asked for. A channel that is spent is not listed: nobody should ask for it.
 */
export function* answerRange(
  graph: AnnouncedGraph,
  ours: Uint8Array,
  query: QueryChannelRange,
): Generator<ReplyChannelRange> {
  const { chainHash, firstBlocknum } = query
  const end = firstBlocknum + query.numberOfBlocks
  const ids = equalBytes(chainHash, ours) ? idsIn(graph, firstBlocknum, end) : []
  let start = firstBlocknum
  for (let at = 0; at === 0 || at < ids.length; at += IDS_PER_REPLY) {
    const part = ids.slice(at, at + IDS_PER_REPLY)
    const next = ids[at + IDS_PER_REPLY]
    const covered = next === undefined ? end : blockOf(part.at(-1) as bigint) + 1
    yield {
      type: 'reply_channel_range',
      chainHash,
      firstBlocknum: start,
      numberOfBlocks: covered - start,
      syncComplete: next === undefined ? 1 : 0,
      encodedShortIds: writeShortIds(part),
      ...extended(graph, part, query.queryOptionFlags ?? 0n),
    }
    start = next === undefined ? end : Math.min(covered, blockOf(next))
  }
}

const extended = (
  graph: AnnouncedGraph,
  ids: readonly ShortChannelId[],
  flags: bigint,
): Pick<ReplyChannelRange, 'timestamps' | 'checksums'> => {
  const each = (field: keyof KnownUpdate): readonly PerDirection[] =>
    ids.map((id) => {
      const [one, two] = graph.channel(id)?.updates ?? []
      return { node1: one?.[field] ?? 0, node2: two?.[field] ?? 0 }
    })
  return {
    ...(flags & OPTION.timestamps ? { timestamps: writeTimestamps(each('timestamp')) } : undefined),
    ...(flags & OPTION.checksums ? { checksums: each('checksum') } : undefined),
  }
}

const blockOf = (id: ShortChannelId): number => Number(id >> 40n)

const MAX_BLOCK = 0xffffff

const idsIn = (graph: AnnouncedGraph, from: number, end: number): readonly ShortChannelId[] => {
  const all = graph.shortChannelIds()
  const found: ShortChannelId[] = []
  for (let i = firstFrom(all, from); i < all.length; i++) {
    const id = all[i] as ShortChannelId
    if (blockOf(id) >= end) break
    if (graph.channel(id)?.spentAt === undefined) found.push(id)
  }
  return found
}

/** The place of the first id of a block or of a later one. */
const firstFrom = (ids: BigUint64Array, block: number): number => {
  if (block > MAX_BLOCK) return ids.length
  const least = BigInt(block) << 40n
  let low = 0
  let high = ids.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((ids[middle] as bigint) < least) low = middle + 1
    else high = middle
  }
  return low
}
