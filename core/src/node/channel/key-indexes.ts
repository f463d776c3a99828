import { type ChannelState, idsOf } from '../../channel/index.ts'
import { u32be, utf8Encode } from '../../lib/bytes.ts'
import type { Store, Write } from '../../store/store.ts'
import { TABLE } from '../storage/tables.ts'

/** Hands out the index from which a channel's keys are derived: never the same for two channels. */
export interface KeyIndexes {
  next(): number
  /** Nothing up to this one is handed out any more. */
  skip(to: number): void
  /** Whether a channel with this index was, or may have been, in this database, though it is gone. */
  isOwn(index: number): boolean
}

/**
 * An index is stored with its channel. If an opening failed, its index may be handed out again after a restart: nothing was ever signed
 * with it that could still be used. `floor` is the last index of channels whose rows are gone, and the database has handed out none up to `first`.
 */
export const keyIndexes = (stored: readonly ChannelState[], floor = 0, first = 0): KeyIndexes => {
  let last = lastKeyIndex(stored, floor)
  return {
    next: () => ++last,
    skip(to) {
      last = Math.max(last, to)
    },
    isOwn: (index) => index > first && index <= last,
  }
}

/** The highest that was ever handed out, as far as the store knows. */
export const lastKeyIndex = (stored: readonly ChannelState[], floor: number): number => {
  let last = floor
  for (const { durable } of stored) {
    const { keyIndex } = idsOf(durable)
    if (keyIndex !== undefined && keyIndex > last) last = keyIndex
  }
  return last
}

const FLOOR_KEY = utf8Encode('key-index-floor')

/** The last index of the channels whose rows were removed: it is never handed out again. */
export const readKeyIndexFloor = async (store: Store): Promise<number> => {
  const row = await store.get(TABLE.meta, FLOOR_KEY)
  return row === undefined ? 0 : new DataView(row.buffer, row.byteOffset).getUint32(0)
}

export const keyIndexFloorWrite = (floor: number): Write => ({
  table: TABLE.meta,
  key: FLOOR_KEY,
  value: u32be(floor),
})

const FIRST_KEY = utf8Encode('first-key-index')

/** In a new folder under words that had channels elsewhere: its own begin after this one. */
export const firstKeyIndexWrites = (first: number): readonly Write[] => [
  { table: TABLE.meta, key: FIRST_KEY, value: u32be(first) },
  keyIndexFloorWrite(first),
]

export const readFirstKeyIndex = async (store: Store): Promise<number> => {
  const row = await store.get(TABLE.meta, FIRST_KEY)
  return row === undefined ? 0 : new DataView(row.buffer, row.byteOffset).getUint32(0)
}
