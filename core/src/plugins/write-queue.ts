import { type MemoryAccount, textBytes } from './account.ts'
import type { HostStore, HostWrite } from './host-store.ts'

export interface WriteQueueOptions {
  readonly store: HostStore
  readonly account: MemoryAccount
  /** There is room again. */
  readonly onRoom: () => void
  readonly onError: (thrown: unknown) => void
}

const MAX_PUTS = 64

/** What is on its way to the disk for one run of a plugin: on its account until it is durable. */
export class WriteQueue {
  readonly #options: WriteQueueOptions
  #puts = 0

  constructor(options: WriteQueueOptions) {
    this.#options = options
  }

  /** Whether so much is under way that the plugin is not to be given occasion for more. */
  get full(): boolean {
    return this.#puts >= MAX_PUTS || this.#options.account.room('writes') <= 0
  }

  put(rows: readonly HostWrite[], durable: () => void = () => {}): void {
    const { store, account, onRoom, onError } = this.#options
    const bytes = bytesOf(rows)
    account.hold('writes', bytes)
    this.#puts += 1
    store.put(rows).then(() => {
      const wasFull = this.full
      this.#puts -= 1
      account.give('writes', bytes)
      durable()
      if (wasFull && !this.full) onRoom()
    }, onError)
  }
}

const bytesOf = (rows: readonly HostWrite[]): number =>
  rows.reduce((sum, [key, value]) => sum + textBytes(key) + (value === undefined ? 0 : textBytes(value)), 0)
