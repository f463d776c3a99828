import { idsOf, isFunded } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import { formatShortChannelId, parseShortChannelId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { ChannelDirectory, ChannelEntry } from '../channel/channel-directory.ts'
import { isDone, standingOf } from '../channel/channel-standing.ts'
import type { Refusal } from '../contract-gateway.ts'
import type { PeerDirectory, PeerEntry } from '../peer/peer-directory.ts'
import type { PeerNames } from '../peer/peer-names.ts'
import { refusal } from './handlers.ts'

/** Where channels and peers are looked for. */
export interface Known {
  readonly channelDirectory: ChannelDirectory
  readonly peerDirectory: PeerDirectory
  readonly peerNames: PeerNames
}

const MAX_SHOWN = 5
const NODE_ID = /^0[23][0-9a-f]{64}$/
/** A slip of the hand, such as the number of a row, must not be the one channel whose id happens to begin with it. */
const PREFIX = /^[0-9a-f]{4,66}$/

/** What lists show of an id ends in `…`, and is copied with it. */
const beginningOf = (words: string): string => words.toLowerCase().replace(/…$/, '')

/**
 * The one peer that has this name, or whose id is or begins with this text. Any complete id counts, known or not. A peer that has only
 * dialled in is found by its complete id alone: a stranger can make an id that begins like another's in seconds, and would be taken for it.
 */
export const findPeer = (words: string, known: Known): Result<string, Refusal<'peer-not-found' | 'peer-ambiguous'>> => {
  const named = known.peerNames.find(words)
  if (named !== undefined) return ok(named)
  const id = beginningOf(words)
  if (NODE_ID.test(id)) return ok(id)
  const ids = new Set(known.peerNames.nodeIds())
  for (const peer of known.peerDirectory.all()) if (!isStranger(peer, known)) ids.add(toHex(peer.nodeId))
  const found = PREFIX.test(id) ? [...ids].filter((one) => one.startsWith(id)) : []
  if (found[0] !== undefined && found.length === 1) return ok(found[0])
  if (found.length === 0) {
    return err(
      refusal(
        'peer-not-found',
        `no peer is called ${words}, or has an id that begins with it: see peers list. A peer that has only dialled in needs its whole id`,
        { field: 'peer' },
      ),
    )
  }
  const shown = found.map((one) => known.peerNames.of(one) ?? one)
  return err(ambiguous('peer', words, 'peers', shown))
}

/** Not dialled by us, and not known by a channel: a channel that is opening costs a peer nothing. */
const isStranger = ({ nodeId, connection }: PeerEntry, { channelDirectory }: Known): boolean => {
  if (connection?.direction === 'outbound') return false
  for (const { entry } of channelDirectory.listed({ peer: nodeId })) if (standingOf(entry) !== 'opening') return false
  return true
}

/**
 * The one channel with this id, short channel id or alias, or whose id begins with this text; or the only channel with the one peer of this
 * name. The error lists the other candidates.
 */
export const findChannel = (
  words: string,
  known: Known,
): Result<ChannelEntry, Refusal<'channel-not-found' | 'channel-ambiguous'>> => {
  const { channelDirectory, peerNames } = known
  const short = parseShortChannelId(words)
  const exact = short === undefined ? undefined : byShortId(short, channelDirectory)
  if (exact !== undefined) return ok(exact)
  const id = beginningOf(words)
  const named = peerNames.find(words)
  const found = [...channelDirectory.all()].filter((entry) => {
    const { durable } = entry.durableState
    if (!isFunded(durable) || isDone(entry)) return false
    const peer = toHex(entry.remoteNodeId)
    if (peer === named) return true
    return PREFIX.test(id) && (toHex(durable.params.channelId).startsWith(id) || peer.startsWith(id))
  })
  if (found[0] !== undefined && found.length === 1) return ok(found[0])
  if (found.length === 0) {
    const what = `no open or closing channel is ${words}, by id, short channel id, alias, at least 4 characters of an id, or peer`
    return err(refusal('channel-not-found', `${what}: see channels list`, { field: 'channel' }))
  }
  return err(ambiguous('channel', words, 'channels', found.map(nameOf)))
}

/** By one of ours, or by the alias that the peer gave. */
const byShortId = (short: bigint, directory: ChannelDirectory): ChannelEntry | undefined => {
  const ours = directory.byShortChannelId(short)
  if (ours !== undefined) return ours
  const theirs = [...directory.all()].filter(
    (entry) =>
      isFunded(entry.durableState.durable) &&
      !isDone(entry) &&
      entry.durableState.durable.shortIds.remoteAlias === short,
  )
  return theirs.length === 1 ? theirs[0] : undefined
}

const nameOf = ({ durableState: { durable } }: ChannelEntry): string => {
  const real = isFunded(durable) ? durable.shortIds.real : undefined
  return real === undefined ? toHex(idsOf(durable).channelId) : formatShortChannelId(real)
}

const ambiguous = <const Kind extends 'peer' | 'channel'>(
  kind: Kind,
  words: string,
  several: string,
  shown: readonly string[],
) => {
  const some = `${shown.slice(0, MAX_SHOWN).join(', ')}${shown.length > MAX_SHOWN ? ', …' : ''}`
  return refusal(`${kind}-ambiguous`, `${words} could be any of ${shown.length} ${several}: ${some}`, {
    field: kind,
    details: { candidates: shown.slice(0, MAX_SHOWN) },
  })
}
