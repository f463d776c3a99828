import { EMPTY } from '../../lib/bytes.ts'
import type { WireError, WireErrorCode } from '../wire-error.ts'

/**
 * A position in bytes being decoded. The first failure sticks: from then on every read yields zeroes, so a codec need not check each step,
 * and `decodeWith` throws its result away.
 */
export class Reader {
  readonly bytes: Uint8Array
  offset = 0
  /** Where the enclosing field ends: nothing past it is read. */
  end: number
  #view: DataView
  #code: WireErrorCode | undefined
  #path: string[] = []

  constructor(bytes: Uint8Array) {
    // A `Buffer` would return other `Buffer`s, and its `slice` does not copy.
    this.bytes =
      bytes.constructor === Uint8Array ? bytes : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#view = new DataView(this.bytes.buffer, this.bytes.byteOffset, this.bytes.byteLength)
    this.end = bytes.length
  }

  get failed(): boolean {
    return this.#code !== undefined
  }

  get code(): WireErrorCode | undefined {
    return this.#code
  }

  get remaining(): number {
    return this.end - this.offset
  }

  /** What went wrong, once something has. */
  get error(): WireError | undefined {
    return this.#code === undefined ? undefined : { code: this.#code, path: this.#path.toReversed().join('.') }
  }

  /** Only the first failure counts. */
  fail(code: WireErrorCode): void {
    this.#code ??= code
  }

  /** Adds the field of the failure; called from the innermost field outwards. */
  within(field: string): void {
    this.#path.push(field)
  }

  /** Replaces the code of a failure at this place by a more specific one. */
  recode(code: WireErrorCode): void {
    if (this.#code !== undefined) this.#code = code
  }

  #take(length: number): number {
    const { offset } = this
    if (this.#code !== undefined) return -1
    if (this.end - offset < length) {
      this.fail('truncated')
      return -1
    }
    this.offset = offset + length
    return offset
  }

  u8(): number {
    const at = this.#take(1)
    return at < 0 ? 0 : this.#view.getUint8(at)
  }

  u16(): number {
    const at = this.#take(2)
    return at < 0 ? 0 : this.#view.getUint16(at)
  }

  u32(): number {
    const at = this.#take(4)
    return at < 0 ? 0 : this.#view.getUint32(at)
  }

  u64(): bigint {
    const at = this.#take(8)
    return at < 0 ? 0n : this.#view.getBigUint64(at)
  }

  /** All that is left, in the memory of what is read. */
  shareRest(): Uint8Array {
    const at = this.#take(this.remaining)
    return at < 0 ? EMPTY : this.bytes.subarray(at, this.end)
  }

  /** A copy. */
  take(length: number): Uint8Array {
    const at = this.#take(length)
    return at < 0 ? EMPTY : this.bytes.slice(at, at + length)
  }
}
