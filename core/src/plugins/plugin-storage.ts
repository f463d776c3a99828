import { err, ok, type Result } from '../lib/result.ts'
import { type HostStore, type HostWrite, keys } from './host-store.ts'

/** Why something cannot be stored. */
export interface StorageError {
  readonly code: 'storage-full' | 'value-too-large' | 'key-not-unicode'
  readonly message: string
}

const MAX_VALUE_CHARS = 65_536
const ROW_BYTES = 64

/** What a plugin keeps, under its own name and within its quota. */
export class PluginStorage {
  readonly #store: HostStore
  readonly #plugin: string
  readonly #quota: number
  readonly #sizes = new Map<string, number>()
  #used = 0

  constructor(store: HostStore, plugin: string, quota: number) {
    this.#store = store
    this.#plugin = plugin
    this.#quota = quota
  }

  /** Counts what is stored already. */
  async load(): Promise<void> {
    for (const [key, value] of await this.list('')) this.#count(key, value)
  }

  async get(key: string): Promise<string | undefined> {
    // Rows are named in UTF-8, which has no surrogate that stands alone: another row would answer.
    return key.isWellFormed() ? this.#store.get(keys.value(this.#plugin, key)) : undefined
  }

  async list(prefix: string): Promise<readonly (readonly [key: string, value: string])[]> {
    if (!prefix.isWellFormed()) return []
    const own = keys.value(this.#plugin, '')
    const rows = await this.#store.list(keys.value(this.#plugin, prefix))
    return rows.map(([key, value]) => [key.slice(own.length), value] as const)
  }

  /** The rows for these writes, counted as if written. Errors leave the count as it was. */
  stage(writes: readonly (readonly [key: string, value: string | null])[]): Result<readonly HostWrite[], StorageError> {
    if (writes.length === 0) return ok([])
    const unnamed = writes.find(([key]) => !key.isWellFormed())
    if (unnamed !== undefined) {
      return err({ code: 'key-not-unicode', message: `${JSON.stringify(unnamed[0])}: a surrogate stands alone` })
    }
    const large = writes.find(([, value]) => value !== null && value.length > MAX_VALUE_CHARS)
    if (large !== undefined) {
      return err({ code: 'value-too-large', message: `${large[0]}: more than ${MAX_VALUE_CHARS} characters` })
    }
    const before = writes.map(([key]) => [key, this.#sizes.get(key)] as const)
    for (const [key, value] of writes) this.#count(key, value)
    if (this.#used > this.#quota) {
      const wanted = this.#used
      for (const [key, size] of before.reverse()) this.#set(key, size)
      return err({ code: 'storage-full', message: `${wanted} bytes are beyond the quota of ${this.#quota}` })
    }
    return ok(writes.map(([key, value]) => [keys.value(this.#plugin, key), value ?? undefined] as const))
  }

  #count(key: string, value: string | null): void {
    this.#set(key, value === null ? undefined : ROW_BYTES + Buffer.byteLength(key) + Buffer.byteLength(value))
  }

  #set(key: string, size: number | undefined): void {
    this.#used += (size ?? 0) - (this.#sizes.get(key) ?? 0)
    if (size === undefined) this.#sizes.delete(key)
    else this.#sizes.set(key, size)
  }
}
