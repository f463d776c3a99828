import type { ChainBackend } from '../../chain/chain-backend.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import { FailureError } from '../../lib/errors.ts'
import type { OutPoint } from '../../lib/ids.ts'

export interface ChainSightOptions {
  readonly backend: Pick<ChainBackend, 'getUtxo' | 'tip'>
  readonly watcher: Pick<ChainWatcher, 'handled' | 'watchHeight'>
  readonly clock: Clock
}

/** After this long without another block, the remaining ones are not waited for: a backend may be unreachable, or its blocks pruned. */
const STALLED_MS = 20_000

/**
 * Knows whether the chain has decided channels while the node was off. Blocks are handled one by one, and there may be many; if an output
 * is unspent at the backend's tip, they cannot tell anything about it.
 */
export class ChainSight {
  readonly #options: ChainSightOptions
  readonly #opened = Promise.withResolvers<void>()
  #isOpen = false
  /** The tip at the start. */
  #target: number | undefined
  #handled = 0
  /** How many blocks were received, including those before the cursor that are looked at again. */
  #heard = 0
  #cancel: CancelTimer | undefined
  /** The backend is asked one question at a time. */
  #turn: Promise<unknown> = Promise.resolve()

  constructor(options: ChainSightOptions) {
    this.#options = options
    // Made before the channels watch the chain, so that it is up to date when they get the block.
    const unwatch = options.watcher.watchHeight((height) => {
      this.#heard++
      this.#handled = Math.max(this.#handled, height)
      if (this.#target !== undefined && this.#handled >= this.#target) {
        unwatch()
        this.#open()
      }
    })
  }

  /** Once the chain is followed. */
  start(): void {
    const { backend, watcher } = this.#options
    this.#handled = Math.max(this.#handled, watcher.handled())
    this.#target = backend.tip().height
    if (this.#handled >= this.#target) this.#open()
    else this.#waitForProgress()
  }

  stop(): void {
    this.#cancel?.()
  }

  /** Resolves once it is known whether a block has spent the output, or once waiting would not help; `undefined` if it is known already. */
  of(outpoint: OutPoint): Promise<void> | undefined {
    if (this.#isOpen) return undefined
    const asked = this.#turn.then(() => this.#isUnspent(outpoint))
    this.#turn = asked.catch(() => undefined)
    return Promise.race([
      this.#opened.promise,
      asked.then((isUnspent) => (isUnspent ? undefined : this.#opened.promise)),
    ])
  }

  async #isUnspent(outpoint: OutPoint): Promise<boolean> {
    if (this.#isOpen) return true
    try {
      return (await this.#options.backend.getUtxo(outpoint)) !== undefined
    } catch (error) {
      // A backend that does not answer says so by its health.
      if (error instanceof FailureError) return false
      throw error
    }
  }

  #waitForProgress(): void {
    const before = this.#heard
    this.#cancel = this.#options.clock.setTimer(STALLED_MS, () => {
      if (this.#heard === before) this.#open()
      else this.#waitForProgress()
    })
  }

  #open(): void {
    this.#isOpen = true
    this.#cancel?.()
    this.#opened.resolve()
  }
}
