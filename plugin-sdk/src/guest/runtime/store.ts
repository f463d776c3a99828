import type { PluginStore, StoreValue } from '../plugin-api.ts'
import { read, write } from './asks.ts'
import { decodeValue, encodeValue } from './store-values.ts'
import type { StoreWrite } from './turn.ts'

interface Page {
  readonly rows: readonly (readonly [key: string, value: string])[]
  readonly more: boolean
}

/** The store outside durable handlers: each write is on its own. */
export const directStore: PluginStore = {
  async get<T extends StoreValue>(key: string) {
    const text = (await read('get', String(key))) as string | null
    return text === null ? undefined : (decodeValue(text) as T)
  },
  async set(key, value) {
    await write([[String(key), encodeValue(value)]])
  },
  async delete(key) {
    await write([[String(key), null]])
  },
  async list<T extends StoreValue>(prefix = '') {
    const found: { key: string; value: T }[] = []
    let page: Page
    do {
      page = (await read('list', String(prefix), found.at(-1)?.key)) as Page
      for (const [key, text] of page.rows) found.push({ key, value: decodeValue(text) as T })
    } while (page.more)
    return found
  },
}

/** The store of one run of a handler: it reads its own writes, which leave only if the run succeeds. */
export class StagedStore implements PluginStore {
  readonly #staged = new Map<string, string | null>()

  /** What the run has written so far. */
  writes(): readonly StoreWrite[] {
    return [...this.#staged]
  }

  async get<T extends StoreValue>(key: string): Promise<T | undefined> {
    const staged = this.#staged.get(String(key))
    if (staged === undefined) return directStore.get<T>(key)
    return staged === null ? undefined : (decodeValue(staged) as T)
  }

  // Encoded at once, so that a later change of the value is not kept; a bad value rejects.
  async set(key: string, value: StoreValue): Promise<void> {
    this.#staged.set(String(key), encodeValue(value))
  }

  async delete(key: string): Promise<void> {
    this.#staged.set(String(key), null)
  }

  async list<T extends StoreValue>(prefix = ''): Promise<readonly { key: string; value: T }[]> {
    const rows = new Map((await directStore.list<T>(prefix)).map(({ key, value }) => [key, value]))
    for (const [key, text] of this.#staged) {
      if (!key.startsWith(prefix)) continue
      if (text === null) rows.delete(key)
      else rows.set(key, decodeValue(text) as T)
    }
    return [...rows].map(([key, value]) => ({ key, value })).sort((a, b) => (a.key < b.key ? -1 : 1))
  }
}
