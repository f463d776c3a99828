import { invariant } from '../../lib/errors.ts'

/** Grows as it is written to. Values that do not fit their field are bugs, and throw. */
export class Writer {
  #bytes: Uint8Array
  #view: DataView
  #length = 0

  constructor(capacity: number) {
    this.#bytes = new Uint8Array(capacity)
    this.#view = new DataView(this.#bytes.buffer)
  }

  get length(): number {
    return this.#length
  }

  /** A copy of what was written since `start`, which is then forgotten. */
  cut(start: number): Uint8Array {
    const written = this.#bytes.slice(start, this.#length)
    this.#length = start
    return written
  }

  /** Forgets what was written since `start`. */
  rewind(start: number): void {
    this.#length = start
  }

  #grow(by: number): number {
    const at = this.#length
    const needed = at + by
    if (needed > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(needed, this.#bytes.length * 2))
      bytes.set(this.#bytes.subarray(0, at))
      this.#bytes = bytes
      this.#view = new DataView(bytes.buffer)
    }
    this.#length = needed
    return at
  }

  u8(value: number): void {
    invariant(Number.isInteger(value) && value >= 0 && value <= 0xff, 'a u8 is out of range')
    const at = this.#grow(1)
    this.#view.setUint8(at, value)
  }

  u16(value: number): void {
    invariant(Number.isInteger(value) && value >= 0 && value <= 0xffff, 'a u16 is out of range')
    const at = this.#grow(2)
    this.#view.setUint16(at, value)
  }

  u32(value: number): void {
    invariant(Number.isInteger(value) && value >= 0 && value <= 0xffffffff, 'a u32 is out of range')
    const at = this.#grow(4)
    this.#view.setUint32(at, value)
  }

  u64(value: bigint): void {
    invariant(value >= 0n && value <= 0xffffffffffffffffn, 'a u64 is out of range')
    const at = this.#grow(8)
    this.#view.setBigUint64(at, value)
  }

  bytes(value: Uint8Array): void {
    const at = this.#grow(value.length)
    this.#bytes.set(value, at)
  }

  /** Inserts `length` zero bytes at `at`, moving what follows. */
  open(at: number, length: number): void {
    const end = this.#length
    this.#grow(length)
    this.#bytes.copyWithin(at + length, at, end)
  }

  /** Runs `write` as if the end were at `at`: fills the room that `open` made. */
  fill(at: number, write: () => void): void {
    const end = this.#length
    this.#length = at
    write()
    this.#length = end
  }
}
