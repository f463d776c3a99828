import type { ChainTip } from '../../chain/chain-backend.ts'
import type { CursorStore } from '../../chain/watcher.ts'
import { concat, u32be, utf8Encode } from '../../lib/bytes.ts'
import type { Store } from '../../store/store.ts'
import { TABLE } from '../storage/tables.ts'

const KEY = utf8Encode('chain-cursor')

/** Up to where the chain has been handled, kept in the store: its one writer puts it behind what the handlers wrote. */
export const chainCursor = async (store: Store): Promise<CursorStore> => {
  const row = await store.get(TABLE.meta, KEY)
  const loaded = row === undefined ? undefined : decode(row)
  return {
    load: () => loaded,
    save: (tip) => store.submit([{ table: TABLE.meta, key: KEY, value: encode(tip) }]),
  }
}

const encode = ({ height, hash }: ChainTip): Uint8Array => concat(u32be(height as number), hash)

const decode = (row: Uint8Array): ChainTip => ({
  height: new DataView(row.buffer, row.byteOffset).getUint32(0),
  hash: Uint8Array.from(row.subarray(4)),
})
