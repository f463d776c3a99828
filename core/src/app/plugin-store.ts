import { utf8Decode, utf8Encode } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import { TABLE } from '../node/storage/tables.ts'
import type { HostStore, PageOfRows } from '../plugins/index.ts'
import type { ScanOptions, Store } from '../store/store.ts'

/** The plugin host's rows in the node's database: one table, keys and values as UTF-8. */
export const pluginStore = (store: Store): HostStore => {
  // The node's store shows only what is durable. A plugin's handler must find what the handler before it has written, durable or not.
  let lastPut: Promise<void> = Promise.resolve()
  return {
    async get(key) {
      await lastPut
      const value = await store.get(TABLE.plugin, utf8Encode(key))
      return value === undefined ? undefined : utf8Decode(value)
    },
    async list(prefix, page) {
      await lastPut
      const rows = await store.scan(TABLE.plugin, scanOf(prefix, page))
      return rows.map(({ key, value }) => [utf8Decode(key), utf8Decode(value)] as const)
    },
    async sizes(prefix, page) {
      await lastPut
      const rows = await store.sizes(TABLE.plugin, scanOf(prefix, page))
      return rows.map(({ key, bytes }) => [utf8Decode(key), bytes] as const)
    },
    put(batch) {
      const writes = batch.map(([key, value]) => ({
        table: TABLE.plugin,
        key: nameOf(key),
        value: value === undefined ? undefined : utf8Encode(value),
      }))
      lastPut = new Promise((resolve) => store.submit(writes, resolve))
      return lastPut
    },
  }
}

const nameOf = (key: string): Uint8Array => {
  invariant(key.isWellFormed(), 'the name of a row is Unicode')
  return utf8Encode(key)
}

const scanOf = (prefix: string, { after, limit }: PageOfRows): ScanOptions => {
  const from = nameOf(prefix)
  const to = afterPrefix(from)
  // No key lies between a key and the same key with a zero byte appended.
  const start = after?.startsWith(prefix) === true ? nameOf(`${after}\0`) : from
  return { from: start, ...(to === undefined ? {} : { to }), limit }
}

/** The first key after all keys that begin with the prefix; no byte of UTF-8 is 0xff, so the last byte can grow. */
const afterPrefix = (prefix: Uint8Array): Uint8Array | undefined => {
  const last = prefix.at(-1)
  if (last === undefined) return undefined
  const next = prefix.slice()
  next[next.length - 1] = last + 1
  return next
}
