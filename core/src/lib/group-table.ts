// An address whose entry is dropped starts afresh; limits that all share still hold it.
const MAX_GROUPS = 4096

/** One entry for each address that was seen lately; the entry that has not been asked for the longest is forgotten. */
export class GroupTable<Entry> {
  readonly #make: () => Entry
  readonly #entries = new Map<string, Entry>()

  constructor(make: () => Entry) {
    this.#make = make
  }

  of(group: string): Entry {
    const entry = this.#entries.get(group) ?? this.#make()
    this.#entries.delete(group)
    this.#entries.set(group, entry)
    if (this.#entries.size > MAX_GROUPS) {
      for (const oldest of this.#entries.keys()) {
        this.#entries.delete(oldest)
        break
      }
    }
    return entry
  }
}
