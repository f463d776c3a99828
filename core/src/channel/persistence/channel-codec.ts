import { concat, toHex, u64be } from '../../lib/bytes.ts'
import type { ChannelId, HtlcId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { type Codec, decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { versioned } from '../../wire/codec/combinators.ts'
import type { WireError } from '../../wire/wire-error.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { Closed, Durable, Funded } from '../state/durable.ts'
import { type HtlcRecord, type Htlcs, NO_HTLCS } from '../state/htlc.ts'
import { htlcRow, type PastHtlc, pastHtlc, pastHtlcRow, storedHtlc } from './htlc-rows.ts'
import type { StoredChannel } from './stored-channel.ts'
import { fromStored, toStored } from './stored-conversion.ts'
import { closedV1, fundedV1 } from './version-1.ts'

/** How a durable state is stored. */
export interface ChannelRows {
  readonly channelRow: Uint8Array
  /** The rows of HTLCs that changed since the previous state. A row that is absent here is unchanged. */
  readonly htlcRows: readonly HtlcRow[]
  /** The HTLCs that have ended since: their rows are deleted. */
  readonly ended: readonly EndedHtlc[]
}

interface EndedHtlc {
  readonly key: Uint8Array
  /** What is kept of an ended HTLC, under the same key in another table. */
  readonly past?: Uint8Array
}

export interface HtlcRow {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

export type ChannelRowError =
  | { readonly code: 'malformed-channel-row'; readonly reason: WireError }
  | { readonly code: 'malformed-htlc-row'; readonly reason: WireError }
  | { readonly code: 'htlc-row-missing'; readonly direction: HtlcRecord['direction']; readonly htlcId: HtlcId }

const FUNDED = 0
const CLOSED = 1

const channelRow: Codec<StoredChannel> = versioned<StoredChannel>({
  encode(writer, value) {
    if (value.phase === 'closed') {
      writer.u8(CLOSED)
      closedV1.encode(writer, value)
    } else {
      writer.u8(FUNDED)
      fundedV1.encode(writer, value)
    }
  },
  decode(reader) {
    const kind = reader.u8()
    if (kind > CLOSED) reader.fail('invalid-value')
    return kind === CLOSED ? closedV1.decode(reader) : fundedV1.decode(reader)
  },
})

/** Writes a stored state. `previous` is the state that the store has, if any: HTLCs that it holds unchanged are left out. */
export const encodeChannel = (previous: Durable | undefined, next: Durable): ChannelRows => {
  const before = previous === undefined || previous.phase === 'closed' ? NO_HTLCS : previous.htlcs
  if (next.phase === 'closed') {
    // Nothing is owed to or by it any more: no commitment of it can be published.
    const ended = [...before.offered, ...before.received].map(({ direction, add }) => ({
      key: htlcKey(next.channelId, direction, add.id),
    }))
    return { channelRow: encodeWith(channelRow, next), htlcRows: [], ended }
  }
  return { channelRow: encodeWith(channelRow, toStored(next)), ...changedHtlcs(before, next) }
}

/**
 * What a step writes. Without a `channelRow`, the row that the store has is right: that an HTLC is fulfilled or failed is in the HTLC's row
 * alone. Where many are decided at once, writing the channel for each of them would be most of the work.
 */
export const encodeChange = (
  previous: Durable | undefined,
  next: Durable,
): HtlcRows & { readonly channelRow?: Uint8Array } =>
  previous === undefined || previous.phase === 'closed' || next.phase === 'closed' || !haveSameRow(previous, next)
    ? encodeChannel(previous, next)
    : changedHtlcs(previous.htlcs, next)

/** Whether nothing but decisions about HTLCs is new. */
const haveSameRow = (previous: Funded, next: Funded): boolean => {
  const { htlcs: before, ...was } = previous
  const { htlcs, ...is } = next
  return (
    Object.keys(was).length === Object.keys(is).length &&
    Object.entries(is).every(([name, value]) => was[name as keyof typeof was] === value) &&
    haveSameIds(before.offered, htlcs.offered) &&
    haveSameIds(before.received, htlcs.received)
  )
}

const haveSameIds = (previous: readonly HtlcRecord[], next: readonly HtlcRecord[]): boolean =>
  previous === next || (previous.length === next.length && previous.every(({ add }, at) => add.id === next[at]?.add.id))

type HtlcRows = Omit<ChannelRows, 'channelRow'>

const changedHtlcs = (previous: Htlcs, next: Funded): HtlcRows => {
  const offered = changedRows(next, previous.offered, next.htlcs.offered)
  const received = changedRows(next, previous.received, next.htlcs.received)
  return {
    htlcRows: [...offered.htlcRows, ...received.htlcRows],
    ended: [...offered.ended, ...received.ended],
  }
}

const UNCHANGED: HtlcRows = { htlcRows: [], ended: [] }

/** Both lists are in order of id. */
const changedRows = (durable: Funded, previous: readonly HtlcRecord[], next: readonly HtlcRecord[]): HtlcRows => {
  if (previous === next) return UNCHANGED
  const { channelId } = durable.params
  const htlcRows: HtlcRow[] = []
  const ended: EndedHtlc[] = []
  let at = 0
  const endBefore = (id?: HtlcId): void => {
    for (; at < previous.length; at++) {
      const record = previous[at] as HtlcRecord
      if (id !== undefined && record.add.id >= id) return
      const key = htlcKey(channelId, record.direction, record.add.id)
      const past = pastHtlc(record)
      ended.push(past === undefined ? { key } : { key, past: encodeWith(pastHtlcRow, past) })
    }
  }
  for (const record of next) {
    const { direction, add } = record
    endBefore(add.id)
    const before = previous[at]
    if (before?.add.id === add.id) at++
    if (before === record) continue
    htlcRows.push({
      key: htlcKey(channelId, direction, add.id),
      value: encodeWith(htlcRow, storedHtlc(durable, record)),
    })
  }
  endBefore()
  return { htlcRows, ended }
}

/** The row of an HTLC, alive or ended, of a version that had one kind: as one that has ended. */
export const pastOfHtlcRow = (row: Uint8Array): Result<Uint8Array | undefined, WireError> => {
  const record = decodeWith(htlcRow, row)
  if (!record.ok) return record
  const past = pastHtlc(record.value)
  return ok(past === undefined ? undefined : encodeWith(pastHtlcRow, past))
}

/** An HTLC that has ended, from our view: the row's key says which one it is. */
export const readPastHtlc = (key: Uint8Array, row: Uint8Array): Result<SpecHtlc & PastHtlc, WireError> => {
  const past = decodeWith(pastHtlcRow, row)
  if (!past.ok) return past
  const direction = key[CHANNEL_ID_BYTES] === 0 ? 'offered' : 'received'
  const id = new DataView(key.buffer, key.byteOffset).getBigUint64(CHANNEL_ID_BYTES + 1)
  return ok({ ...past.value, direction, id })
}

const CHANNEL_ID_BYTES = 32

/** What the row of a channel that is closed says; `undefined` for any other, and for what cannot be read. */
export const closedOf = (row: Uint8Array): Closed | undefined => {
  // After the version: most rows need to be read no further than this.
  if (row[1] !== CLOSED) return undefined
  const decoded = decodeWith(channelRow, row)
  return decoded.ok && decoded.value.phase === 'closed' ? decoded.value : undefined
}

/** The keys of the HTLC rows that `decodeChannel` needs besides this row. */
export const liveHtlcKeys = (row: Uint8Array): Result<readonly Uint8Array[], ChannelRowError> => {
  const stored = decodeWith(channelRow, row)
  if (!stored.ok) return err({ code: 'malformed-channel-row', reason: stored.error })
  if (stored.value.phase === 'closed') return ok([])
  const { params, offered, received } = stored.value
  return ok([
    ...offered.map((id) => htlcKey(params.channelId, 'offered', id)),
    ...received.map((id) => htlcKey(params.channelId, 'received', id)),
  ])
}

/** Reads a state back. `htlcRows` must hold the channel's live HTLCs (`liveHtlcKeys`); others are ignored. */
export const decodeChannel = (
  row: Uint8Array,
  htlcRows: readonly HtlcRow[],
): Result<Funded | Closed, ChannelRowError> => {
  const decoded = decodeWith(channelRow, row)
  if (!decoded.ok) return err({ code: 'malformed-channel-row', reason: decoded.error })
  const stored = decoded.value
  if (stored.phase === 'closed') return ok(stored)
  const { channelId } = stored.params
  const values = new Map(htlcRows.map(({ key, value }) => [toHex(key), value]))
  const live: { offered: HtlcRecord[]; received: HtlcRecord[] } = { offered: [], received: [] }
  for (const direction of ['offered', 'received'] as const) {
    for (const htlcId of stored[direction]) {
      const value = values.get(toHex(htlcKey(channelId, direction, htlcId)))
      if (value === undefined) return err({ code: 'htlc-row-missing', direction, htlcId })
      const record = decodeWith(htlcRow, value)
      if (!record.ok) return err({ code: 'malformed-htlc-row', reason: record.error })
      live[direction].push(record.value)
    }
  }
  return ok(fromStored(stored, live))
}

/** The rows of one channel are together, with our HTLCs and the peer's apart, in order of id. */
export const htlcKey = (channelId: ChannelId, direction: HtlcRecord['direction'], id: HtlcId): Uint8Array =>
  concat(channelId, Uint8Array.of(direction === 'offered' ? 0 : 1), u64be(id))
