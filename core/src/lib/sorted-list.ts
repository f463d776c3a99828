/** Items in order, found by binary search. The order must tell any two items apart. */
export class SortedList<T> implements Iterable<T> {
  readonly #items: T[] = []
  readonly #compare: (a: T, b: T) => number

  constructor(compare: (a: T, b: T) => number) {
    this.#compare = compare
  }

  get size(): number {
    return this.#items.length
  }

  add(item: T): void {
    this.#items.splice(this.#placeOf(item), 0, item)
  }

  /** Finds the item by its place in the order, so remove an item before its place changes. */
  delete(item: T): void {
    const place = this.#placeOf(item)
    const found = this.#items[place]
    if (found !== undefined && this.#compare(found, item) === 0) this.#items.splice(place, 1)
  }

  [Symbol.iterator](): Iterator<T> {
    return this.#items[Symbol.iterator]()
  }

  /** The items from a place on: `place` is negative for the items before it. */
  *from(place: (item: T) => number): Generator<T> {
    for (let i = this.#find(place); i < this.#items.length; i++) yield this.#items[i] as T
  }

  #placeOf(item: T): number {
    return this.#find((other) => this.#compare(other, item))
  }

  #find(place: (item: T) => number): number {
    let low = 0
    let high = this.#items.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (place(this.#items[middle] as T) < 0) low = middle + 1
      else high = middle
    }
    return low
  }
}
