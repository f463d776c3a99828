import type { HostStore, HostWrite } from './host-store.ts'
import { sweepRows } from './row-sweep.ts'

export interface RingLimits {
  readonly rows: number
  /** The bytes of keys and values, and of what a row takes besides. */
  readonly bytes: number
}

const ROW_BYTES = 64
const DIGITS = 12
const PAGE_ROWS = 512

/** The latest rows of a kind under a prefix, the oldest first. If there is no room for a new one, the oldest are deleted. */
export class RowRing {
  readonly #store: HostStore
  readonly #prefix: string
  readonly #limits: RingLimits
  /** Of each row, the oldest first. */
  readonly #sizes: number[] = []
  #first = 0
  #bytes = 0
  #dropped = 0

  constructor(store: HostStore, prefix: string, limits: RingLimits) {
    this.#store = store
    this.#prefix = prefix
    this.#limits = limits
  }

  get bytes(): number {
    return this.#bytes
  }

  /** How many rows were deleted for newer ones since the host was started. */
  get dropped(): number {
    return this.#dropped
  }

  /** Counts the rows. Rows under the prefix that have another form, or are before a gap, are deleted. */
  async load(): Promise<void> {
    let page: Awaited<ReturnType<HostStore['sizes']>>
    let after: string | undefined
    do {
      page = await this.#store.sizes(this.#prefix, { limit: PAGE_ROWS, ...(after === undefined ? {} : { after }) })
      for (const [key, bytes] of page) {
        after = key
        const sequence = this.#sequenceOf(key)
        if (sequence === undefined) continue
        if (sequence !== this.#next) {
          this.#sizes.length = 0
          this.#bytes = 0
          this.#first = sequence
        }
        this.#note(ROW_BYTES + key.length + bytes)
      }
    } while (page.length === PAGE_ROWS)
    // An earlier version may have kept more.
    this.#trim(this.#next)
    await sweepRows(this.#store, this.#prefix, {
      keep: (key) => {
        const sequence = this.#sequenceOf(key)
        return sequence !== undefined && sequence >= this.#first && sequence < this.#next
      },
    })
  }

  /** The number of the row with this key, if it is one of the ring. */
  numberOf(key: string): number | undefined {
    return this.#sequenceOf(key)
  }

  /** The writes that add a row, and its number. What is not durable yet counts. */
  add(value: string): { readonly sequence: number; readonly writes: readonly HostWrite[] } {
    const sequence = this.#next
    const key = this.#keyOf(sequence)
    this.#note(sizeOf(key, value))
    return { sequence, writes: [[key, value], ...this.#trim(sequence)] }
  }

  /** The writes that put another value into a row that `add` has made; none if the row is gone already. */
  change(sequence: number, value: string): readonly HostWrite[] {
    const at = sequence - this.#first
    const before = this.#sizes[at]
    if (before === undefined) return []
    const key = this.#keyOf(sequence)
    const size = sizeOf(key, value)
    this.#sizes[at] = size
    this.#bytes += size - before
    return [[key, value], ...this.#trim(sequence)]
  }

  get #next(): number {
    return this.#first + this.#sizes.length
  }

  /** Deletes the oldest rows, up to the one given, until the rest is within the limits. */
  #trim(upTo: number): HostWrite[] {
    const gone: HostWrite[] = []
    while (this.#first < upTo && (this.#sizes.length > this.#limits.rows || this.#bytes > this.#limits.bytes)) {
      gone.push([this.#keyOf(this.#first), undefined])
      this.#bytes -= this.#sizes.shift() ?? 0
      this.#first += 1
      this.#dropped += 1
    }
    return gone
  }

  #note(size: number): void {
    this.#sizes.push(size)
    this.#bytes += size
  }

  #keyOf(sequence: number): string {
    return this.#prefix + String(sequence).padStart(DIGITS, '0')
  }

  #sequenceOf(key: string): number | undefined {
    const end = key.slice(this.#prefix.length)
    return end.length === DIGITS && /^\d+$/.test(end) ? Number(end) : undefined
  }
}

const sizeOf = (key: string, value: string): number => ROW_BYTES + key.length + Buffer.byteLength(value)
