import type { BlockHeight } from '../lib/units.ts'
import type { ChainBlock } from './chain-backend.ts'
import { type Found, type WatchEntry, WatchTable } from './watch-table.ts'
import { tell, tellFound } from './watch-telling.ts'

interface CatchUpOptions {
  /** `undefined` if it cannot be obtained. */
  readonly block: (height: BlockHeight) => Promise<ChainBlock | undefined>
  readonly isFailed: () => boolean
}

interface Waiting {
  readonly entry: WatchEntry
  readonly since: number
}

/** How often it is told how far they are. */
const LOOKED_EVERY = 144

/** Looks through blocks that have passed, for the watches that ask for it. */
export class CatchUp {
  readonly #options: CatchUpOptions
  #waiting: Waiting[] = []
  #unseen: { readonly from: BlockHeight; readonly to: BlockHeight } | undefined

  constructor(options: CatchUpOptions) {
    this.#options = options
  }

  /** Blocks that should have been scanned again, and could not be obtained. */
  get unseen(): { readonly from: BlockHeight; readonly to: BlockHeight } | undefined {
    return this.#unseen
  }

  add(entry: WatchEntry, since: number): void {
    this.#waiting.push({ entry, since })
  }

  remove(entry: WatchEntry): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting.entry !== entry)
    // A scan under way treats the watch as found.
    entry.found ??= ENDED
  }

  /** Up to the block delivered last, until no watch is left that asks for it. */
  async run(tip: number): Promise<void> {
    while (this.#waiting.length > 0 && !this.#options.isFailed()) {
      const batch = this.#waiting
      this.#waiting = []
      await this.#lookThrough(batch, tip)
    }
  }

  async #lookThrough(batch: readonly Waiting[], tip: number): Promise<void> {
    const passed = new WatchTable()
    for (const { entry } of batch) passed.add(entry)
    const since = new Map(batch.map((waiting) => [waiting.entry, waiting.since]))
    const lookers = new Lookers(batch)
    for (let at = Math.min(...since.values()); at <= tip && !this.#options.isFailed(); at++) {
      const block = await this.#options.block(at)
      if (block === undefined) {
        this.#missed(at)
        lookers.missed(at)
        continue
      }
      const told: (Promise<void> | undefined)[] = []
      for (const { entry, found } of passed.matches(block)) {
        if (entry.found === undefined && (since.get(entry) ?? 0) <= at) told.push(tellFound(entry, found, tip))
      }
      await Promise.all(told)
      if (at % LOOKED_EVERY === 0 || at === tip) await lookers.looked(at)
    }
  }

  #missed(at: number): void {
    const { from = at, to = at } = this.#unseen ?? {}
    this.#unseen = { from: Math.min(from, at), to: Math.max(to, at) }
  }
}

/** Those who want to know how far it has come. */
class Lookers {
  readonly #waiting: readonly Waiting[]
  /** The first block that each of them misses. */
  readonly #gaps = new Map<WatchEntry, BlockHeight>()

  constructor(batch: readonly Waiting[]) {
    this.#waiting = batch.filter(({ entry }) => entry.type === 'spent' && entry.looked !== undefined)
  }

  missed(at: BlockHeight): void {
    for (const { entry, since } of this.#waiting) {
      if (since <= at && !this.#gaps.has(entry)) this.#gaps.set(entry, at)
    }
  }

  async looked(at: BlockHeight): Promise<void> {
    for (const { entry, since } of this.#waiting) {
      if (entry.type !== 'spent' || entry.looked === undefined || entry.found !== undefined) continue
      const to = (this.#gaps.get(entry) ?? at + 1) - 1
      if (to >= since) await tell(entry.looked, to)
    }
  }
}

/** Takes the place of a watch that was ended. */
const ENDED: Found = {
  tx: { version: 2, inputs: [], outputs: [], lockTime: 0 },
  txid: new Uint8Array(32),
  txIndex: 0,
  height: -1,
}
