import { equalBytes } from '../../lib/bytes.ts'
import type { ShortChannelId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import {
  type ArrayFault,
  type PerDirection,
  readShortIds,
  readTimestamps,
  writeQueryFlags,
  writeShortIds,
} from '../../wire/encoded-array.ts'
import type {
  QueryChannelRange,
  QueryShortChannelIds,
  ReplyChannelRange,
  ReplyShortChannelIdsEnd,
} from '../../wire/messages/gossip-queries.ts'
import type { AnnouncedGraph } from '../announced-graph.ts'
import { type GossipEnv, STALE_AFTER } from '../rules/known.ts'
import { OPTION } from './channel-range.ts'
import { WANTED, type WantedChannel } from './short-ids.ts'

/** How far we are in asking one peer for what we do not know. */
export type PeerSync =
  /** It lists its channels, up to the block `end`. */
  | {
      readonly phase: 'listing'
      readonly end: number
      readonly replies: number
      /** Where the last reply began, and where it ended. */
      readonly from: number
      readonly covered: number
      /** The last channel that it listed. */
      readonly last?: ShortChannelId
      readonly wanted: readonly WantedChannel[]
    }
  /** It is to be asked for these, a few at a time. */
  | { readonly phase: 'asking'; readonly wanted: readonly WantedChannel[]; readonly isWaiting: boolean }
  | { readonly phase: 'done' }

/** What a peer has said that no answer of ours can be: we go on with another peer. */
export type SyncFault = ArrayFault | 'not-asked' | 'other-chain' | 'out-of-range' | 'arrays-do-not-match' | 'too-many'

/** More than any network that we know of has: whoever lists more makes them up. */
const MAX_WANTED = 300_000
export const MAX_REPLIES = 2_000
const IDS_PER_QUERY = 500

/** BOLT 7: asks for all channels, with the times and checksums of their updates if the peer knows how to add them. */
export const startSync = ({
  chainHash,
  height,
}: GossipEnv): { readonly sync: PeerSync; readonly send: QueryChannelRange } => ({
  sync: { phase: 'listing', end: height + 1, replies: 0, from: 0, covered: 0, wanted: [] },
  send: {
    type: 'query_channel_range',
    chainHash,
    firstBlocknum: 0,
    numberOfBlocks: height + 1,
    queryOptionFlags: OPTION.timestamps | OPTION.checksums,
  },
})

/**
 * BOLT 7, reply_channel_range: replies come in order, and the last is the one that reaches the end of what was asked for; what an older node
 * says in `sync_complete` has another meaning.
 */
export const listedBy = (
  sync: PeerSync,
  reply: ReplyChannelRange,
  graph: AnnouncedGraph,
  env: GossipEnv,
): Result<PeerSync, SyncFault> => {
  if (sync.phase !== 'listing') return err('not-asked')
  if (!equalBytes(reply.chainHash, env.chainHash)) return err('other-chain')
  const covered = reply.firstBlocknum + reply.numberOfBlocks
  const ids = readShortIds(reply.encodedShortIds)
  if (!ids.ok) return ids
  const [first] = ids.value
  // The first one begins where we asked to begin. Between the others blocks without channels may be left out.
  const isNext = sync.replies === 0 ? reply.firstBlocknum === 0 : reply.firstBlocknum >= sync.from
  // One that says nothing new could be followed by such ones for ever.
  const isProgress = covered > sync.covered || (first !== undefined && covered === sync.covered)
  const isAfter = first === undefined || sync.last === undefined || first > sync.last
  if (!isNext || !isProgress || !isAfter) return err('out-of-range')
  const timestamps = reply.timestamps && readTimestamps(reply.timestamps)
  if (timestamps !== undefined && !timestamps.ok) return timestamps
  const { checksums } = reply
  const fits = (array: readonly unknown[] | undefined) => array === undefined || array.length === ids.value.length
  if (!fits(timestamps?.value) || !fits(checksums)) return err('arrays-do-not-match')
  const more = ids.value.flatMap((shortChannelId, i) => {
    const flags = wantedOf(graph, shortChannelId, env, timestamps?.value[i], checksums?.[i])
    return flags === 0n ? [] : [{ shortChannelId, flags }]
  })
  const wanted = [...sync.wanted, ...more]
  const replies = sync.replies + 1
  if (wanted.length > MAX_WANTED || replies > MAX_REPLIES) return err('too-many')
  if (covered >= sync.end) return ok({ phase: 'asking', wanted, isWaiting: false })
  const last = ids.value.at(-1) ?? sync.last
  return ok({ ...sync, replies, from: reply.firstBlocknum, covered, wanted, ...(last !== undefined && { last }) })
}

/**
 * BOLT 7, query_short_channel_ids: the next question, one at a time. `isTaken` says of a channel that another peer is being asked for it:
 * it is left out. Without a question to send the sync is done, or waits for an answer.
 */
export const nextQuery = (
  sync: PeerSync,
  chainHash: Uint8Array,
  isTaken: (id: ShortChannelId) => boolean,
): { readonly sync: PeerSync; readonly send?: QueryShortChannelIds; readonly asked: readonly ShortChannelId[] } => {
  if (sync.phase !== 'asking' || sync.isWaiting) return { sync, asked: [] }
  const now: WantedChannel[] = []
  let at = 0
  for (; at < sync.wanted.length && now.length < IDS_PER_QUERY; at++) {
    const each = sync.wanted[at] as WantedChannel
    if (!isTaken(each.shortChannelId)) now.push(each)
  }
  if (now.length === 0) return { sync: { phase: 'done' }, asked: [] }
  const asked = now.map(({ shortChannelId }) => shortChannelId)
  return {
    sync: { phase: 'asking', wanted: sync.wanted.slice(at), isWaiting: true },
    send: {
      type: 'query_short_channel_ids',
      chainHash,
      encodedShortIds: writeShortIds(asked),
      queryFlags: writeQueryFlags(now.map(({ flags }) => flags)),
    },
    asked,
  }
}

/** BOLT 7, reply_short_channel_ids_end: all answers have come. A peer that does not follow the chain is not asked again. */
export const answeredBy = (
  sync: PeerSync,
  { fullInformation }: ReplyShortChannelIdsEnd,
): Result<PeerSync, SyncFault> => {
  if (sync.phase !== 'asking' || !sync.isWaiting) return err('not-asked')
  return ok(fullInformation === 0 ? { phase: 'done' } : { ...sync, isWaiting: false })
}

const ALL = Object.values<bigint>(WANTED).reduce((all, flag) => all | flag)
const NONE: PerDirection = { node1: 0, node2: 0 }

/** What we want of a channel that a peer has listed: all of one that we do not know, else only updates that say something new. */
const wantedOf = (
  graph: AnnouncedGraph,
  id: ShortChannelId,
  { now, height }: GossipEnv,
  timestamps: PerDirection | undefined,
  checksums: PerDirection | undefined,
): bigint => {
  if (Number(id >> 40n) > height) return 0n
  const known = graph.channel(id)
  const isFresh = (timestamp: number): boolean => timestamp >= now - STALE_AFTER
  if (known === undefined) {
    // What nobody has updated for two weeks would be pruned at once.
    const isStale = timestamps !== undefined && !isFresh(timestamps.node1) && !isFresh(timestamps.node2)
    return isStale ? 0n : ALL
  }
  const isNews = (direction: 0 | 1, name: keyof PerDirection): boolean => {
    const ours = known.updates[direction]
    const timestamp = (timestamps ?? NONE)[name]
    if (timestamp <= (ours?.timestamp ?? 0) || !isFresh(timestamp)) return false
    // BOLT 7: the same again with another time need not be asked for, until ours would soon be too old.
    const isSame = ours !== undefined && checksums !== undefined && checksums[name] === ours.checksum
    return !isSame || ours.timestamp < now - STALE_AFTER / 2
  }
  return (isNews(0, 'node1') ? WANTED.update1 : 0n) | (isNews(1, 'node2') ? WANTED.update2 : 0n)
}
