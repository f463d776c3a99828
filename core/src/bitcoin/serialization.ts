/** How many bytes a compact size takes (the length prefix of Bitcoin's own serialisation). */
export const compactSizeLength = (value: number): number =>
  value < 0xfd ? 1 : value <= 0xffff ? 3 : value <= 0xffffffff ? 5 : 9

/** Writes little-endian fields into a buffer of a length known beforehand. */
export class ByteWriter {
  readonly bytes: Uint8Array
  readonly #view: DataView
  #offset = 0

  constructor(length: number) {
    this.bytes = new Uint8Array(length)
    this.#view = new DataView(this.bytes.buffer)
  }

  u8(value: number): void {
    this.bytes[this.#offset++] = value
  }

  u32(value: number): void {
    this.#view.setUint32(this.#offset, value, true)
    this.#offset += 4
  }

  u64(value: bigint): void {
    this.#view.setBigUint64(this.#offset, value, true)
    this.#offset += 8
  }

  compactSize(value: number): void {
    if (value < 0xfd) {
      this.u8(value)
    } else if (value <= 0xffff) {
      this.u8(0xfd)
      this.#view.setUint16(this.#offset, value, true)
      this.#offset += 2
    } else if (value <= 0xffffffff) {
      this.u8(0xfe)
      this.u32(value)
    } else {
      this.u8(0xff)
      this.u64(BigInt(value))
    }
  }

  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#offset)
    this.#offset += bytes.length
  }

  /** The bytes behind their compact size. */
  sized(bytes: Uint8Array): void {
    this.compactSize(bytes.length)
    this.raw(bytes)
  }
}

/** Why bytes are not a serialised structure. */
export type SerializationFault =
  | 'truncated'
  | 'non-canonical-size'
  | 'trailing-bytes'
  | 'no-inputs'
  | 'unknown-flag'
  | 'superfluous-witness'

/**
 * Reads little-endian fields. The first fault sticks: from then on every read yields zeros and `fault` names it, so a
 * decoder may read on and ask once at the end.
 */
export class ByteReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  offset: number
  fault: SerializationFault | undefined

  constructor(bytes: Uint8Array, offset = 0) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.offset = offset
  }

  get remaining(): number {
    return this.#bytes.length - this.offset
  }

  fail(fault: SerializationFault): void {
    this.fault ??= fault
  }

  u8(): number {
    return this.#take(1) ? this.#view.getUint8(this.offset - 1) : 0
  }

  u32(): number {
    return this.#take(4) ? this.#view.getUint32(this.offset - 4, true) : 0
  }

  i32(): number {
    return this.u32() | 0
  }

  u64(): bigint {
    return this.#take(8) ? this.#view.getBigUint64(this.offset - 8, true) : 0n
  }

  /** A compact size in its shortest form. A value that cannot be a length of anything in memory is `truncated`. */
  compactSize(): number {
    const first = this.u8()
    if (first < 0xfd) return first
    const value = first === 0xfd ? this.u8() | (this.u8() << 8) : first === 0xfe ? this.u32() : Number(this.u64())
    if (value < (first === 0xfd ? 0xfd : first === 0xfe ? 0x10000 : 0x100000000)) this.fail('non-canonical-size')
    return this.fault === undefined ? value : 0
  }

  /** A number of elements, none of which is shorter than `minimumLength` bytes. */
  count(minimumLength: number): number {
    const value = this.compactSize()
    if (value * minimumLength <= this.remaining) return value
    this.fail('truncated')
    return 0
  }

  /** A copy of the next `length` bytes. */
  raw(length: number): Uint8Array {
    return this.#take(length) ? this.#bytes.slice(this.offset - length, this.offset) : new Uint8Array(0)
  }

  /** A copy of the bytes behind their compact size. */
  sized(): Uint8Array {
    return this.raw(this.compactSize())
  }

  /** The next byte, left in place. */
  peek(): number | undefined {
    return this.#bytes[this.offset]
  }

  end(): void {
    if (this.fault === undefined && this.remaining > 0) this.fail('trailing-bytes')
  }

  #take(length: number): boolean {
    if (this.fault !== undefined) return false
    if (length > this.remaining) {
      this.fail('truncated')
      return false
    }
    this.offset += length
    return true
  }
}
