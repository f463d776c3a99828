import { type Durable, isFunded, latest } from '../../channel/index.ts'
import type { ChainSight } from '../chain/chain-sight.ts'

/** Knows whether the chain has decided a channel while the node was off. It asks once, when that matters. */
export class ChannelSighting {
  readonly #sight: Pick<ChainSight, 'of'>
  readonly #onSeen: () => void
  readonly #onFault: (error: unknown) => void
  #state: 'unasked' | 'awaited' | 'seen' = 'unasked'

  constructor(sight: Pick<ChainSight, 'of'>, onSeen: () => void, onFault: (error: unknown) => void) {
    this.#sight = sight
    this.#onSeen = onSeen
    this.#onFault = onFault
  }

  /** Whether that is still to come; `onSeen` is called then. */
  isAwaited(durable: Durable): boolean {
    if (this.#state === 'seen' || !isFunded(durable) || durable.phase === 'closing') return false
    if (this.#state === 'awaited') return true
    const coming = this.#sight.of(latest(durable).localParams.fundingOutpoint)
    this.#state = coming === undefined ? 'seen' : 'awaited'
    coming?.then(() => {
      this.#state = 'seen'
      this.#onSeen()
    }, this.#onFault)
    return coming !== undefined
  }
}
