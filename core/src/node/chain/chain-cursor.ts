import type { ChainTip } from '../../chain/chain-backend.ts'
import type { ChainCursor, CursorStore } from '../../chain/cursor-keeper.ts'
import { concat, u16be, u32be, utf8Encode } from '../../lib/bytes.ts'
import type { Store } from '../../store/store.ts'
import { TABLE } from '../storage/tables.ts'

const KEY = utf8Encode('chain-cursor')

/**
 * How far the chain has been handled, kept in the store: its single writer places the cursor after what the handlers wrote. Reports each
 * new tip once all of that is durable.
 */
export const chainCursor = async (store: Store, onTip: (tip: ChainTip) => void): Promise<CursorStore> => {
  const row = await store.get(TABLE.meta, KEY)
  const loaded = row === undefined ? undefined : decode(row)
  return {
    load: () => loaded,
    save(cursor, isNew) {
      store.submit([{ table: TABLE.meta, key: KEY, value: encode(cursor) }], () => {
        if (isNew) onTip(cursor)
      })
    },
  }
}

const TIP_LENGTH = 36
const HASH_LENGTH = 32

/** Height and hash of the cursor, the number and the hashes of the blocks below it, the newest first, and the anchor if there is one. */
const encode = ({ followed = [], anchor, ...tip }: ChainCursor): Uint8Array => {
  const below = followed.filter(({ height }) => height < tip.height).toReversed()
  return concat(
    encodeTip(tip),
    u16be(below.length),
    ...below.map(({ hash }) => hash),
    ...(anchor === undefined ? [] : [encodeTip(anchor)]),
  )
}

/** An earlier version wrote the cursor alone, or it and its anchor: no row of this version is as long as those. */
const decode = (row: Uint8Array): ChainCursor => {
  const tip = decodeTip(row)
  if (row.length === TIP_LENGTH) return tip
  if (row.length === 2 * TIP_LENGTH) return { ...tip, anchor: decodeTip(row.subarray(TIP_LENGTH)) }
  const count = new DataView(row.buffer, row.byteOffset).getUint16(TIP_LENGTH)
  const end = TIP_LENGTH + 2 + count * HASH_LENGTH
  const below = Array.from({ length: count }, (_, i): ChainTip => {
    const at = TIP_LENGTH + 2 + i * HASH_LENGTH
    return { height: tip.height - 1 - i, hash: Uint8Array.from(row.subarray(at, at + HASH_LENGTH)) }
  })
  return {
    ...tip,
    followed: [...below.reverse(), tip],
    ...(row.length > end && { anchor: decodeTip(row.subarray(end)) }),
  }
}

const encodeTip = ({ height, hash }: ChainTip): Uint8Array => concat(u32be(height), hash)

const decodeTip = (bytes: Uint8Array): ChainTip => ({
  height: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0),
  hash: Uint8Array.from(bytes.subarray(4, TIP_LENGTH)),
})
