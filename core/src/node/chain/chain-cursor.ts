import type { ChainTip } from '../../chain/chain-backend.ts'
import type { ChainCursor, CursorStore } from '../../chain/cursor-keeper.ts'
import { concat, u32be, utf8Encode } from '../../lib/bytes.ts'
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
    save: (tip) => store.submit([{ table: TABLE.meta, key: KEY, value: encode(tip) }], () => onTip(tip)),
  }
}

/** Height and hash of the cursor, then those of its anchor if there is one. */
const encode = ({ height, hash, anchor }: ChainCursor): Uint8Array =>
  concat(
    ...[{ height, hash }, ...(anchor === undefined ? [] : [anchor])].flatMap((tip) => [u32be(tip.height), tip.hash]),
  )

const TIP_LENGTH = 36

const decode = (row: Uint8Array): ChainCursor => {
  const tip = decodeTip(row.subarray(0, TIP_LENGTH))
  return row.length === TIP_LENGTH ? tip : { ...tip, anchor: decodeTip(row.subarray(TIP_LENGTH)) }
}

const decodeTip = (bytes: Uint8Array): ChainTip => ({
  height: new DataView(bytes.buffer, bytes.byteOffset).getUint32(0),
  hash: Uint8Array.from(bytes.subarray(4)),
})
