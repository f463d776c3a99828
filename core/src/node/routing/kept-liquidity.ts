import {
  LIQUIDITY_KEPT_MS,
  LiquidityBook,
  type LiquidityEntry,
  type LiquidityListener,
  type Observation,
} from '../../graph/paths/liquidity.ts'
import { decodeLiquidity, encodeLiquidity, liquidityKey } from '../../graph/paths/liquidity-codec.ts'
import { keyAfter } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { stackOf } from '../../lib/errors.ts'
import { pacer } from '../../lib/pace.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { Row, Store, Write } from '../../store/store.ts'
import type { NodeLog } from '../node-log.ts'
import { type OnUnreadable, readRowOfMany } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'

export interface KeptLiquidityOptions {
  readonly store: Pick<Store, 'submit' | 'scan'>
  readonly clock: Pick<Clock, 'now' | 'monotonic'>
  readonly log: Pick<NodeLog, 'error'>
  readonly onUnreadable: OnUnreadable
}

/** Rows are read so many at a time: between them, the commits of payments get their turn at the disk. */
const PAGE_ROWS = 500

/**
 * What payments have taught of the liquidity of channels, kept over restarts. No payment waits for these rows, and after a crash a row may
 * have what it held before: it only says less of where payments get through.
 */
export class KeptLiquidity {
  readonly #options: KeptLiquidityOptions
  #learnt: LiquidityEntry[] = []
  #writes: Write[] = []
  readonly #book: LiquidityBook
  #loading: Promise<void> | undefined
  #isClosed = false

  constructor(options: KeptLiquidityOptions) {
    this.#options = options
    const listener: LiquidityListener = {
      learnt: (entry) => {
        this.#learnt.push(entry)
        this.#write(liquidityKey(entry), encodeLiquidity(entry))
      },
      forgotten: (name) => this.#write(liquidityKey(name), undefined),
    }
    this.#book = new LiquidityBook(listener)
  }

  /** All that is known now. */
  entries(): readonly LiquidityEntry[] {
    return this.#book.entries()
  }

  /** Whether anything is known that was learnt before this. */
  hasBefore(since: TimestampMs): boolean {
    return this.#book.hasBefore(since)
  }

  /** Returns what is known anew. */
  learn(observations: readonly Observation[], now: TimestampMs): readonly LiquidityEntry[] {
    for (const observation of observations) this.#book.learn(observation, now)
    this.#submit()
    const learnt = this.#learnt
    this.#learnt = []
    return learnt
  }

  /** Takes up what is on the disk, beside the node's other work, and hands it on. What was learnt meanwhile is newer. Never rejects. */
  load(onLoaded: (entries: readonly LiquidityEntry[]) => void): Promise<void> {
    this.#loading ??= this.#load(onLoaded).catch((thrown: unknown) => {
      // The store ends the node itself if it cannot be read.
      this.#options.log.error('router.liquidity-not-loaded', { error: stackOf(thrown) })
    })
    return this.#loading
  }

  /** Resolves once nothing is read any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#loading
  }

  async #load(onLoaded: (entries: readonly LiquidityEntry[]) => void): Promise<void> {
    const { store, clock } = this.#options
    const pace = pacer(clock)
    let from: Uint8Array | undefined
    while (!this.#isClosed) {
      const page = await store.scan(TABLE.liquidity, { ...(from && { from }), limit: PAGE_ROWS })
      const entries = page.flatMap((row) => this.#read(row) ?? [])
      for (const entry of entries) this.#book.put(entry)
      this.#submit()
      if (entries.length > 0) onLoaded(entries)
      const last = page.at(-1)
      if (last === undefined || page.length < PAGE_ROWS) return
      from = keyAfter(last.key)
      await pace()
    }
  }

  /** Rows that say nothing are removed: those that are damaged, and those that are too old. */
  #read({ key, value }: Row): LiquidityEntry | undefined {
    const now = this.#options.clock.now()
    const entry = readRowOfMany(TABLE.liquidity, key, decodeLiquidity(key, value), this.#options.onUnreadable)
    if (entry === undefined || now - entry.at > LIQUIDITY_KEPT_MS) {
      this.#write(key, undefined)
      return undefined
    }
    // A clock that was set back would keep it as it is until it is as late again.
    return this.#book.has(entry) ? undefined : { ...entry, at: Math.min(entry.at, now) }
  }

  #write(key: Uint8Array, value: Uint8Array | undefined): void {
    this.#writes.push({ table: TABLE.liquidity, key, value, mayWait: true })
  }

  #submit(): void {
    if (this.#writes.length === 0) return
    this.#options.store.submit(this.#writes)
    this.#writes = []
  }
}
