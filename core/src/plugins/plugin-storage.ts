import { err, ok, type Result } from '../lib/result.ts'
import { type MemoryAccount, textBytes } from './account.ts'
import { type HostStore, type HostWrite, keys } from './host-store.ts'

/** Why something cannot be stored. */
export interface StorageError {
  readonly code: 'storage-full' | 'value-too-large' | 'key-not-unicode'
  readonly message: string
}

/** A page of what is stored under a prefix, and whether there is more. */
export interface StoredPage {
  readonly rows: readonly (readonly [key: string, value: string])[]
  readonly more: boolean
}

const MAX_VALUE_CHARS = 65_536
const ROW_BYTES = 64
const COUNTED_AT_ONCE = 512
const LISTED_AT_ONCE = 64
const LISTED_CHARS = 1 << 18

/** What a plugin keeps, under its own name and within its quota. */
export class PluginStorage {
  readonly #store: HostStore
  readonly #plugin: string
  readonly #quota: number
  readonly #account: MemoryAccount
  readonly #sizes = new Map<string, number>()
  #used = 0

  constructor(store: HostStore, plugin: string, quota: number, account: MemoryAccount) {
    this.#store = store
    this.#plugin = plugin
    this.#quota = quota
    this.#account = account
  }

  get bytes(): number {
    return this.#used
  }

  /** Counts what is stored already. */
  async load(): Promise<void> {
    const own = keys.value(this.#plugin, '')
    let page: Awaited<ReturnType<HostStore['sizes']>>
    let after: string | undefined
    do {
      page = await this.#store.sizes(own, { limit: COUNTED_AT_ONCE, ...(after === undefined ? {} : { after }) })
      for (const [stored, bytes] of page) {
        after = stored
        const key = stored.slice(own.length)
        this.#account.hold('keys', textBytes(key))
        this.#set(key, ROW_BYTES + Buffer.byteLength(key) + bytes)
      }
    } while (page.length === COUNTED_AT_ONCE)
  }

  async get(key: string): Promise<string | undefined> {
    // Rows are named in UTF-8, which has no lone surrogates: another row would be read.
    return key.isWellFormed() ? this.#store.get(keys.value(this.#plugin, key)) : undefined
  }

  /** What is stored under a prefix, in the order of the keys, after the key `after`. */
  async list(prefix: string, after?: string): Promise<StoredPage> {
    if (!prefix.isWellFormed() || after?.isWellFormed() === false) return { rows: [], more: false }
    const own = keys.value(this.#plugin, '')
    const page = await this.#store.list(own + prefix, {
      limit: LISTED_AT_ONCE,
      ...(after === undefined ? {} : { after: own + after }),
    })
    let chars = 0
    const fitting = page.findIndex(([, { length }], i) => {
      chars += length
      return i > 0 && chars > LISTED_CHARS
    })
    const rows = fitting < 0 ? page : page.slice(0, fitting)
    return {
      rows: rows.map(([key, value]) => [key.slice(own.length), value] as const),
      more: fitting >= 0 || page.length === LISTED_AT_ONCE,
    }
  }

  /** The rows for these writes, counted as if written. Errors leave the count as it was. */
  stage(writes: readonly (readonly [key: string, value: string | null])[]): Result<readonly HostWrite[], StorageError> {
    if (writes.length === 0) return ok([])
    const unnamed = writes.find(([key]) => !key.isWellFormed())
    if (unnamed !== undefined) {
      return err({
        code: 'key-not-unicode',
        message: `${JSON.stringify(unnamed[0])}: expected Unicode text, without lone surrogates`,
      })
    }
    const large = writes.find(([, value]) => value !== null && value.length > MAX_VALUE_CHARS)
    if (large !== undefined) {
      return err({
        code: 'value-too-large',
        message: `${large[0]}: expected a value of at most ${MAX_VALUE_CHARS} characters`,
      })
    }
    const before = writes.map(([key]) => [key, this.#sizes.get(key)] as const)
    let known = true
    for (const [key, value] of writes) known = this.#count(key, value) && known
    if (known && this.#used <= this.#quota) {
      return ok(writes.map(([key, value]) => [keys.value(this.#plugin, key), value ?? undefined] as const))
    }
    const message = known
      ? `${this.#used} bytes are beyond the quota of ${this.#quota}`
      : 'the names of so many values are more than the node holds for a plugin'
    for (const [key, size] of before.reverse()) {
      this.#forget(key)
      if (size === undefined) continue
      this.#account.hold('keys', textBytes(key))
      this.#set(key, size)
    }
    return err({ code: 'storage-full', message })
  }

  /** False if the key is one too many. */
  #count(key: string, value: string | null): boolean {
    if (value === null) {
      this.#forget(key)
      return true
    }
    if (!this.#sizes.has(key) && !this.#account.take('keys', textBytes(key))) return false
    this.#set(key, ROW_BYTES + Buffer.byteLength(key) + Buffer.byteLength(value))
    return true
  }

  #forget(key: string): void {
    const size = this.#sizes.get(key)
    if (size === undefined) return
    this.#account.give('keys', textBytes(key))
    this.#used -= size
    this.#sizes.delete(key)
  }

  #set(key: string, size: number): void {
    this.#used += size - (this.#sizes.get(key) ?? 0)
    this.#sizes.set(key, size)
  }
}
