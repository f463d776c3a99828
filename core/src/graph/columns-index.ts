const FIRST_SLOTS = 64
const FREE = 0

/**
 * Finds rows by what they hold: a table of row numbers with open addressing, in one array. What identifies a row stays in the row's
 * columns, so the caller gives a hash of it and compares.
 */
export class RowIndex {
  readonly #hashOf: (row: number) => number
  #slots: Int32Array = new Int32Array(FIRST_SLOTS)
  #size = 0

  /** `hashOf` reads a row that is in the index. */
  constructor(hashOf: (row: number) => number) {
    this.#hashOf = hashOf
  }

  /** For `findRow`; it changes with the index. */
  get slots(): Int32Array {
    return this.#slots
  }

  /** A row that is not in it yet. */
  add(row: number): void {
    // More than half full, the ways to a free slot get long.
    if ((this.#size + 1) * 2 > this.#slots.length) this.#grow()
    place(this.#slots, this.#hashOf(row), row)
    this.#size++
  }

  /** A row that is in it, and still holds what it is found by. */
  delete(row: number): void {
    const slots = this.#slots
    const mask = slots.length - 1
    let hole = this.#hashOf(row) & mask
    while (slots[hole] !== row + 1) hole = (hole + 1) & mask
    // What was pushed on by the row moves up, so that no search ends at the hole before it.
    for (let at = (hole + 1) & mask; slots[at] !== FREE; at = (at + 1) & mask) {
      const home = this.#hashOf((slots[at] as number) - 1) & mask
      if (((at - home) & mask) < ((at - hole) & mask)) continue
      slots[hole] = slots[at] as number
      hole = at
    }
    slots[hole] = FREE
    this.#size--
  }

  #grow(): void {
    const slots = new Int32Array(this.#slots.length * 2)
    for (const entry of this.#slots) if (entry !== FREE) place(slots, this.#hashOf(entry - 1), entry - 1)
    this.#slots = slots
  }
}

const place = (slots: Int32Array, hash: number, row: number): void => {
  const mask = slots.length - 1
  let at = hash & mask
  while (slots[at] !== FREE) at = (at + 1) & mask
  slots[at] = row + 1
}

/** The row with this hash that matches, or -1. */
export const findRow = (slots: Int32Array, hash: number, matches: (row: number) => boolean): number => {
  const mask = slots.length - 1
  for (let at = hash & mask; slots[at] !== FREE; at = (at + 1) & mask) {
    const row = (slots[at] as number) - 1
    if (matches(row)) return row
  }
  return -1
}

/** Stirs a word of 32 bits into a hash. */
export const stir = (hash: number, word: number): number => {
  const mixed = Math.imul(hash ^ word, 0x9e3779b1)
  return mixed ^ (mixed >>> 15)
}
