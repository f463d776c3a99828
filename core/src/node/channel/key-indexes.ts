import { type ChannelState, idsOf } from '../../channel/index.ts'
import { concat, u32be, utf8Encode } from '../../lib/bytes.ts'
import type { Store, Write } from '../../store/store.ts'
import { TABLE } from '../storage/tables.ts'

/** Hands out the index from which a channel's keys are derived: never the same for two channels. */
export interface KeyIndexes {
  next(): number
  /**
   * Channels with these come from a backup, and nothing up to `to` is handed out any more: what makes that durable. Where none was handed out
   * yet, all up to there were of other folders.
   */
  bringBack(indexes: readonly number[], to: number): readonly Write[]
  /** Whether a channel with this index was, or may have been, in this database, though it is gone. */
  isOwn(index: number): boolean
}

/**
 * An index is stored with its channel. If an opening failed, its index may be handed out again after a restart: nothing was ever signed
 * with it that could still be used. `floor` is the last index of channels whose rows are gone.
 */
export const keyIndexes = (
  stored: readonly ChannelState[],
  floor = 0,
  { before, broughtBack }: IndexesOfBefore = { before: 0, broughtBack: [] },
): KeyIndexes => {
  let first = before
  let last = lastKeyIndex(stored, floor)
  const known = new Set(broughtBack)
  return {
    next: () => ++last,
    bringBack(indexes, to) {
      if (last <= first) first = to
      last = Math.max(last, to)
      for (const index of indexes) known.add(index)
      return [
        ...firstKeyIndexWrites(first),
        keyIndexFloorWrite(to),
        { table: TABLE.meta, key: BROUGHT_BACK_KEY, value: concat(...Array.from(known, u32be)) },
      ]
    },
    isOwn: (index) => (index > first && index <= last) || known.has(index),
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

/** Key indexes of channels that other folders had under the same words. */
interface IndexesOfBefore {
  /** This database has handed out none up to this one. */
  readonly before: number
  /** Those whose channels it has had from backups. */
  readonly broughtBack: readonly number[]
}

const BROUGHT_BACK_KEY = utf8Encode('brought-back-key-indexes')

const FIRST_KEY = utf8Encode('first-key-index')

/** In a new folder under words that had channels elsewhere: its own begin after this one. */
export const firstKeyIndexWrites = (first: number): readonly Write[] => [
  { table: TABLE.meta, key: FIRST_KEY, value: u32be(first) },
  keyIndexFloorWrite(first),
]

export const readIndexesOfBefore = async (store: Store): Promise<IndexesOfBefore> => {
  const [before = 0] = numbersIn(await store.get(TABLE.meta, FIRST_KEY))
  return { before, broughtBack: numbersIn(await store.get(TABLE.meta, BROUGHT_BACK_KEY)) }
}

const numbersIn = (row: Uint8Array = new Uint8Array()): readonly number[] => {
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength)
  return Array.from({ length: row.byteLength / 4 }, (_, at) => view.getUint32(4 * at))
}
