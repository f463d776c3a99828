import { sha256 } from '../../crypto/hashes.ts'
import { concat, u16be, utf8Encode } from '../../lib/bytes.ts'
import type { Store } from '../../store/store.ts'
import { type CommandPlace, readCommand } from '../storage/stored-command.ts'
import { TABLE } from '../storage/tables.ts'

const KEPT = 1_024

/** Each asker has this many rows, which are written again and again: a new command costs no page of its own. */
export const placeRowKey = ({ asker, turn }: CommandPlace): Uint8Array =>
  concat(sha256(utf8Encode(asker)).subarray(0, 8), u16be(turn % KEPT))

/**
 * The keys of commands that spend nothing. An asker may use millions of them, so only its latest outcomes are kept: an older command that
 * is asked again is done again.
 */
export class PassingKeys {
  readonly #store: Store
  readonly #places = new Map<string, CommandPlace>()
  /** By asker, one for each of its rows. */
  readonly #rows = new Map<string, CommandPlace[]>()
  readonly #nextTurn = new Map<string, number>()
  #loading: Promise<void> | undefined

  constructor(store: Store) {
    this.#store = store
  }

  /** Reads what is kept, once. Nothing may be asked or added before. */
  load(): Promise<void> {
    this.#loading ??= this.#load()
    return this.#loading
  }

  find(key: string): CommandPlace | undefined {
    return this.#places.get(key)
  }

  /** The place of a new key: the asker's oldest key gives way to it. */
  add(asker: string, key: string): CommandPlace {
    const place = { asker, turn: this.#nextTurn.get(asker) ?? 0, key }
    this.#put(place)
    return place
  }

  /** Whether its row still belongs to it. */
  holds(place: CommandPlace): boolean {
    return this.#places.get(place.key) === place
  }

  #put(place: CommandPlace): void {
    const { asker, turn, key } = place
    const rows = this.#rows.get(asker) ?? []
    this.#rows.set(asker, rows)
    const before = rows[turn % KEPT]
    if (before !== undefined && this.#places.get(before.key) === before) this.#places.delete(before.key)
    rows[turn % KEPT] = place
    this.#places.set(key, place)
    this.#nextTurn.set(asker, Math.max(this.#nextTurn.get(asker) ?? 0, turn + 1))
  }

  async #load(): Promise<void> {
    for (const { value } of await this.#store.scan(TABLE.passingCommand)) {
      const { place } = readCommand(value)
      if (place !== undefined) this.#put(place)
    }
  }
}
