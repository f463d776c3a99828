import { type Channel, fundings, isFunded } from '../../channel/index.ts'
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
  isAwaited(durable: Channel): boolean {
    if (this.#state === 'seen' || !isFunded(durable) || durable.phase === 'closing') return false
    if (this.#state === 'awaited') return true
    const coming = fundings(durable).flatMap(({ outpoint }) => this.#sight.of(outpoint) ?? [])
    this.#state = coming.length === 0 ? 'seen' : 'awaited'
    if (coming.length === 0) return false
    Promise.all(coming).then(() => {
      this.#state = 'seen'
      this.#onSeen()
    }, this.#onFault)
    return true
  }
}
