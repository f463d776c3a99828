import type { ChainBackend } from '../../chain/chain-backend.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import { utf8Encode } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import { FailureError, stackOf } from '../../lib/errors.ts'
import { pacer } from '../../lib/pace.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { Store } from '../../store/store.ts'
import type { Wallet } from '../../wallet/wallet.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { optional, struct, versioned } from '../../wire/codec/combinators.ts'
import { bool, u32 } from '../../wire/codec/primitives.ts'
import type { EventLog } from '../events/event-log.ts'
import type { NodeLog } from '../node-log.ts'
import { type OnUnreadable, readRowOfMany } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'

/** How far a look through past blocks is. */
export interface RescanProgress {
  readonly from: BlockHeight
  /** The block that is looked at next. */
  readonly next: BlockHeight
  /** The last block for now. */
  readonly to: BlockHeight
  readonly isDone: boolean
  /** Blocks that could not be had, the first and the last of them. */
  readonly missing: number
  readonly first?: BlockHeight
  readonly last?: BlockHeight
}

type Stored = Omit<RescanProgress, 'to'>

const codec = versioned(
  struct<Stored>({ from: u32, next: u32, isDone: bool, missing: u32, first: optional(u32), last: optional(u32) }),
)

const KEY = utf8Encode('wallet-rescan')
/** After a crash, at most so many blocks are looked at twice. */
const STORE_EVERY = 100
const TELL_EVERY = 1_000
const AGAIN_MS = 10_000

export interface RescanOptions {
  readonly store: Store
  readonly wallet: Pick<Wallet, 'scanBlock' | 'setScanning' | 'balance'>
  readonly backend: Pick<ChainBackend, 'getBlock' | 'health'>
  readonly watcher: ChainWatcher
  /** The last block that was handled. */
  readonly height: () => BlockHeight
  readonly clock: Clock
  readonly events: EventLog
  readonly log: NodeLog
  readonly onUnreadable: OnUnreadable
}

/**
 * Looks through past blocks for coins of the wallet, one after the other, up to the block that was handled last: whatever spends what is
 * found is found, too. Keys are known as far as the gap limit goes (BIP 44), and come to be known as they are seen. Goes on after a restart.
 */
export class Rescan {
  readonly #options: RescanOptions
  #state: Stored | undefined
  #running: Promise<void> | undefined
  #isStopped = false
  /** Grows when a block is undone: one that was asked for before may be of the other branch. */
  #undone = 0
  #cancel: CancelTimer = () => {}
  #wake: () => void = () => {}

  private constructor(options: RescanOptions) {
    this.#options = options
    options.watcher.watchBlocks((event) => {
      if (event.type !== 'disconnected') return
      this.#undone += 1
      const state = this.#state
      if (state !== undefined && !state.isDone && event.tip.height < state.next) {
        this.#state = { ...state, next: event.tip.height }
      }
    })
  }

  static async open(options: RescanOptions): Promise<Rescan> {
    const rescan = new Rescan(options)
    const row = await options.store.get(TABLE.meta, KEY)
    if (row !== undefined) {
      rescan.#state = readRowOfMany(TABLE.meta, KEY, decodeWith(codec, row), options.onUnreadable)
    }
    return rescan
  }

  get progress(): RescanProgress | undefined {
    const state = this.#state
    if (state === undefined) return undefined
    return { ...state, to: state.isDone ? state.next - 1 : Math.max(this.#options.height(), state.from) }
  }

  /** Goes on with what was under way when the node stopped. The chain must be followed. */
  start(): void {
    if (this.#state !== undefined && !this.#state.isDone) this.#run()
  }

  /** Begins, durably; `undefined` if a look is under way. */
  async begin(from: BlockHeight): Promise<RescanProgress | undefined> {
    if (this.#running !== undefined) return undefined
    this.#state = { from, next: from, isDone: false, missing: 0 }
    this.#run()
    this.#keep()
    await this.#options.store.flush()
    return this.progress
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    this.#cancel()
    this.#wake()
    await this.#running
  }

  #run(): void {
    this.#options.wallet.setScanning(true)
    this.#running = this.#scan().finally(() => {
      this.#running = undefined
    })
  }

  async #scan(): Promise<void> {
    const { wallet, height, clock, log, events } = this.#options
    const pace = pacer(clock)
    log.info('wallet.rescan-begun', { from: this.#state?.next })
    for (let state = this.#state; state !== undefined && !this.#isStopped; state = this.#state) {
      // Nothing can be handled between this look at the tip and the end of the scan.
      if (state.next > height()) {
        this.#state = { ...state, isDone: true }
        wallet.setScanning(false)
        this.#keep()
        const { from, missing } = state
        log.info('wallet.rescan-done', { from, to: state.next - 1, missing })
        events.append('wallet.rescanned', {
          fromHeight: from,
          toHeight: state.next - 1,
          missing,
          confirmedSat: wallet.balance().confirmed,
        })
        return
      }
      await this.#look(state)
      await pace()
    }
  }

  /** At one block, or past those that the backend has pruned. */
  async #look(state: Stored): Promise<void> {
    const { wallet, backend, height, log } = this.#options
    const { next } = state
    const { pruneHeight = 0 } = backend.health()
    if (next < pruneHeight) {
      const end = Math.min(pruneHeight, height() + 1)
      log.warn('wallet.rescan-pruned', { from: next, to: end - 1 })
      this.#passed(state, end, end - next)
      return
    }
    const undone = this.#undone
    let block: Awaited<ReturnType<ChainBackend['getBlock']>>
    try {
      block = await backend.getBlock(next)
    } catch (error) {
      if (!(error instanceof FailureError)) log.error('wallet.rescan-failed', { height: next, error: stackOf(error) })
      await this.#pause()
      return
    }
    if (this.#isStopped || undone !== this.#undone) return
    if (block !== undefined) wallet.scanBlock(block)
    this.#passed(state, next + 1, block === undefined ? 1 : 0)
  }

  #passed(state: Stored, next: BlockHeight, missed: number): void {
    const { first = state.next } = state
    this.#state = {
      ...state,
      next,
      ...(missed > 0 && { missing: state.missing + missed, first, last: next - 1 }),
    }
    if (missed > 0 || next % STORE_EVERY === 0) this.#keep()
    if (next % TELL_EVERY === 0) this.#options.log.info('wallet.rescan', { next, to: this.#options.height() })
  }

  #keep(): void {
    const state = this.#state
    if (state === undefined) return
    this.#options.store.submit([{ table: TABLE.meta, key: KEY, value: encodeWith(codec, state) }])
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve
      this.#cancel = this.#options.clock.setTimer(AGAIN_MS, resolve)
    })
  }
}
