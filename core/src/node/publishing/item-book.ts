import { toHex } from '../../lib/bytes.ts'
import type { ChannelId } from '../../lib/ids.ts'
import type { Store } from '../../store/store.ts'
import { type OnUnreadable, readRowOfMany } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'
import type { Item } from './item.ts'
import { ALL_PUBLICATIONS, type PublishedTx, publicationRow, readPublicationRow } from './publication-row.ts'

/** The items under way, and the rows of what was published for them in this life of the node or an earlier one. */
export class ItemBook {
  readonly #store: Pick<Store, 'submit'>
  /** By channel, then by name. */
  readonly #items = new Map<string, Map<string, Item>>()
  readonly #stored = new Map<string, Map<string, PublishedTx>>()

  private constructor(store: Pick<Store, 'submit'>) {
    this.#store = store
  }

  static async open(store: Pick<Store, 'submit' | 'scan'>, onUnreadable: OnUnreadable): Promise<ItemBook> {
    const book = new ItemBook(store)
    for (const row of await store.scan(TABLE.meta, ALL_PUBLICATIONS)) {
      const { channelId, name, read } = readPublicationRow(row)
      const published = readRowOfMany(TABLE.meta, row.key, read, onUnreadable)
      if (published !== undefined) entryOf(book.#stored, toHex(channelId)).set(name, published)
    }
    return book
  }

  /** In the order in which they were added. */
  items(channelId: ChannelId): ReadonlyMap<string, Item> {
    return this.#items.get(toHex(channelId)) ?? NO_ITEMS
  }

  all(): readonly Item[] {
    return [...this.#items.values()].flatMap((items) => [...items.values()])
  }

  /** One that is there already becomes the last. */
  add(item: Item): void {
    const items = entryOf(this.#items, toHex(item.channelId))
    items.delete(item.name)
    items.set(item.name, item)
  }

  stored(channelId: ChannelId): ReadonlyMap<string, PublishedTx> {
    return this.#stored.get(toHex(channelId)) ?? NO_ROWS
  }

  keep(item: Item, published: PublishedTx, onDurable?: () => void): void {
    item.last = published
    entryOf(this.#stored, toHex(item.channelId)).set(item.name, published)
    this.#store.submit([publicationRow(item.channelId, item.name, published)], onDurable)
  }

  /** Nothing is left of these. */
  remove(channelId: ChannelId, names: readonly string[]): void {
    const id = toHex(channelId)
    const rows = names.filter((name) => this.#stored.get(id)?.delete(name))
    for (const name of names) this.#items.get(id)?.delete(name)
    if (rows.length > 0) this.#store.submit(rows.map((name) => publicationRow(channelId, name, undefined)))
    if (this.#items.get(id)?.size === 0) this.#items.delete(id)
    if (this.#stored.get(id)?.size === 0) this.#stored.delete(id)
  }
}

const NO_ITEMS: ReadonlyMap<string, Item> = new Map()
const NO_ROWS: ReadonlyMap<string, PublishedTx> = new Map()

const entryOf = <V>(map: Map<string, Map<string, V>>, key: string): Map<string, V> => {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = new Map<string, V>()
  map.set(key, made)
  return made
}
