import { utf8Decode, utf8Encode } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import { TABLE } from '../node/storage/tables.ts'
import type { HostStore } from '../plugins/index.ts'
import type { Store } from '../store/store.ts'

/** The plugin host's rows in the node's database: one table, keys and values as UTF-8. */
export const pluginStore = (store: Store): HostStore => {
  // The node's store shows what is durable. A plugin's handler must find what the one before it has kept, durable or not yet.
  let lastPut: Promise<void> = Promise.resolve()
  return {
    async get(key) {
      await lastPut
      const value = await store.get(TABLE.plugin, utf8Encode(key))
      return value === undefined ? undefined : utf8Decode(value)
    },
    async list(prefix) {
      await lastPut
      const from = utf8Encode(prefix)
      const to = afterPrefix(from)
      const rows = await store.scan(TABLE.plugin, { from, ...(to === undefined ? {} : { to }) })
      return rows.map(({ key, value }) => [utf8Decode(key), utf8Decode(value)] as const)
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

/** The first key past all that begin with the prefix; no byte of UTF-8 is 0xff, so the last one can grow. */
const afterPrefix = (prefix: Uint8Array): Uint8Array | undefined => {
  const last = prefix.at(-1)
  if (last === undefined) return undefined
  const next = prefix.slice()
  next[next.length - 1] = last + 1
  return next
}
