/** The part of each key that tells it from others: its first bytes, which are as good as random. */
export const HEAD_BYTES = 8

/** With this many bits for each key, set at this many places, one in a thousand unknown keys is taken for a known one. */
const BITS_PER_KEY = 16
const PLACES = 6
const FIRST_LAYER_KEYS = 4_096

/** A Bloom filter that is full after this many keys. */
class Layer {
  readonly #room: number
  readonly #bits: Uint8Array
  #keys = 0

  /** A power of two. */
  constructor(room: number) {
    this.#room = room
    this.#bits = new Uint8Array((room * BITS_PER_KEY) / 8)
  }

  get room(): number {
    return this.#room
  }

  get isFull(): boolean {
    return this.#keys >= this.#room
  }

  add(low: number, high: number): void {
    for (let i = 0; i < PLACES; i++) {
      const place = this.#place(low, high, i)
      this.#bits[place >>> 3] = (this.#bits[place >>> 3] as number) | (1 << (place & 7))
    }
    this.#keys += 1
  }

  mayHave(low: number, high: number): boolean {
    for (let i = 0; i < PLACES; i++) {
      const place = this.#place(low, high, i)
      if (((this.#bits[place >>> 3] as number) & (1 << (place & 7))) === 0) return false
    }
    return true
  }

  /** Odd steps, so that they do not return to the same place. */
  #place(low: number, high: number, at: number): number {
    return (low + Math.imul(high | 1, at)) & (this.#bits.length * 8 - 1)
  }
}

/**
 * Tells that a key was never added, without holding the keys: it takes two bytes for each. If it says no, that is always right. Keys must
 * be as good as random, such as hashes, and at least eight bytes long; whoever makes keys that look like others only makes it say yes.
 */
export class KeyFilter {
  /** Each has twice the room of the one before. */
  readonly #layers = [new Layer(FIRST_LAYER_KEYS)]

  add(key: Uint8Array): void {
    const [low, high] = headOf(key)
    if (this.#mayHave(low, high)) return
    let last = this.#layers.at(-1) as Layer
    if (last.isFull) {
      last = new Layer(last.room * 2)
      this.#layers.push(last)
    }
    last.add(low, high)
  }

  mayHave(key: Uint8Array): boolean {
    const [low, high] = headOf(key)
    return this.#mayHave(low, high)
  }

  #mayHave(low: number, high: number): boolean {
    return this.#layers.some((layer) => layer.mayHave(low, high))
  }
}

const headOf = (key: Uint8Array): readonly [number, number] => {
  const view = new DataView(key.buffer, key.byteOffset, HEAD_BYTES)
  return [view.getUint32(0), view.getUint32(4)]
}
