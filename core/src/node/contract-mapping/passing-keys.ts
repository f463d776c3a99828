import { concat, utf8Decode, utf8Encode } from '../../lib/bytes.ts'
import type { Store, Write } from '../../store/store.ts'
import { TABLE } from '../storage/tables.ts'
import { type Place, readCommand } from './stored-command.ts'

const KEPT = 1_024
const PAGE = 1_000

/**
 * The keys of commands that spend nothing. Whoever asks may have them by the million, so of each asker the latest outcomes
 * are kept: an older one that is asked again is done again.
 */
export class PassingKeys {
  readonly #store: Store
  /** By asker, the one used first in front. */
  readonly #keys = new Map<string, string[]>()
  #nextTurn = 0
  #loading: Promise<void> | undefined

  constructor(store: Store) {
    this.#store = store
  }

  /** Reads what is kept, once. Nothing may be added before. */
  load(): Promise<void> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  /** The place of a key that is new, and the writes by which an older one goes for it. */
  add(asker: string, key: string): { readonly place: Place; readonly writes: readonly Write[] } {
    const place = { asker, turn: this.#nextTurn++ }
    const gone = this.#put(asker, key)
    const writes = gone.map((oldest) => ({ table: TABLE.commandKey, key: utf8Encode(oldest), value: undefined }))
    return { place, writes }
  }

  /** Whether the key is one of those that are kept still. */
  holds({ asker }: Place, key: string): boolean {
    return this.#keys.get(asker)?.includes(key) === true
  }

  #put(asker: string, key: string): readonly string[] {
    const keys = this.#keys.get(asker) ?? []
    this.#keys.set(asker, keys)
    keys.push(key)
    return keys.splice(0, Math.max(keys.length - KEPT, 0))
  }

  async #load(): Promise<void> {
    const found: { readonly key: string; readonly place: Place }[] = []
    let from: Uint8Array | undefined
    for (;;) {
      const rows = await this.#store.scan(TABLE.commandKey, { limit: PAGE, ...(from === undefined ? {} : { from }) })
      for (const { key, value } of rows) {
        const { place } = readCommand(value)
        if (place !== undefined) found.push({ key: utf8Decode(key), place })
        from = concat(key, Uint8Array.of(0))
      }
      if (rows.length < PAGE) break
    }
    for (const { key, place } of found.sort((a, b) => a.place.turn - b.place.turn)) {
      this.#put(place.asker, key)
      this.#nextTurn = place.turn + 1
    }
  }
}
