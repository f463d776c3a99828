import { EMPTY } from './bytes.ts'

/**
 * Bytes that arrive in pieces of any size and are taken in pieces of any other size. Each byte is copied a few times at most, however
 * small the pieces are.
 */
export class ByteQueue {
  /** What is there: the last piece itself, or a part of `#store`. */
  #bytes: Uint8Array = EMPTY
  /** Where pieces are put together, larger than they are. */
  #store: Uint8Array = EMPTY

  get length(): number {
    return this.#bytes.length
  }

  /** The bytes must not be changed later. */
  push(piece: Uint8Array): void {
    const { length } = this.#bytes
    if (length === 0) {
      this.#bytes = piece
      return
    }
    const whole = length + piece.length
    const inStore = this.#bytes.buffer === this.#store.buffer
    const start = inStore ? this.#bytes.byteOffset : 0
    if (inStore && start + whole <= this.#store.length) {
      this.#store.set(piece, start + length)
      this.#bytes = this.#store.subarray(start, start + whole)
      return
    }
    // Doubled, so that the next copy comes only after as many bytes again.
    this.#store = new Uint8Array(2 * whole)
    this.#store.set(this.#bytes)
    this.#store.set(piece, length)
    this.#bytes = this.#store.subarray(0, whole)
  }

  /** The next `length` bytes; `undefined` while there are fewer. They stay valid unless the caller changes them. */
  take(length: number): Uint8Array | undefined {
    if (this.#bytes.length < length) return undefined
    const taken = this.#bytes.subarray(0, length)
    this.#bytes = this.#bytes.subarray(length)
    if (this.#bytes.length === 0) this.#store = EMPTY
    return taken
  }
}
