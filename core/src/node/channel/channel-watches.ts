import type { ActorRef } from '../../actor/types.ts'
import type { Unwatch } from '../../chain/watcher.ts'
import type { ChainInput, WatchConfirmedEffect, WatchSpentEffect } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { OutPoint } from '../../lib/ids.ts'
import type { ChannelProtocol } from './channel-protocol.ts'
import type { ChannelServices } from './channel-services.ts'

/** How far back notices are looked for that a step which threw has lost. */
const LOST_NOTICES = 24

/** What a channel watches on the chain. Each thing is watched once, however often it is asked for. */
export class ChannelWatches {
  readonly #services: ChannelServices
  readonly #channel: ActorRef<ChannelProtocol>
  readonly #onMempool: (spent: boolean) => void
  readonly #watches = new Map<string, Unwatch>()

  /** `onMempool` hears whether a transaction that spends the funding waits for a block. */
  constructor(services: ChannelServices, channel: ActorRef<ChannelProtocol>, onMempool: (spent: boolean) => void) {
    this.#services = services
    this.#channel = channel
    this.#onMempool = onMempool
  }

  /** Every block, for as long as `needed` says that blocks matter to the channel. */
  height(needed: () => boolean): void {
    if (!needed()) return
    this.#watch('height', () =>
      this.#services.watcher.watchHeight((height) => {
        if (needed()) return this.#tell({ type: 'block', height })
        this.#watches.get('height')?.()
        this.#watches.delete('height')
        return undefined
      }),
    )
  }

  /** `openedAt` is the height at which the channel began; `again` says whether earlier notices may have been lost. */
  confirmed({ txid, depth, known }: WatchConfirmedEffect, openedAt: number | undefined, again: boolean): void {
    this.#watch(`confirmed ${toHex(txid)} ${depth}`, () =>
      this.#services.watcher.watchConfirmed({
        txid,
        minDepth: depth,
        ...(known === undefined ? this.#since(depth, openedAt, again) : { known }),
        handler: (event) => {
          if (event.type === 'unconfirmed') return this.#tell({ type: 'unconfirmed', txid })
          const { tx, height, txIndex } = event
          return this.#tell({ type: 'confirmed', txid, tx, blockHeight: height, txIndex })
        },
      }),
    )
  }

  spent(
    { outpoint, known, since }: WatchSpentEffect,
    openedAt: number | undefined,
    again: boolean,
    isFunding: boolean,
  ): void {
    this.#watch(`spent ${toHex(outpoint.txid)} ${outpoint.index}`, () =>
      this.#services.watcher.watchSpent({
        outpoint,
        ...(since === undefined ? this.#since(0, openedAt, again) : { since }),
        ...(known && { known }),
        handler: (event) =>
          this.#tell(
            event.type === 'spent' ? { type: 'spent', outpoint, tx: event.tx } : { type: 'unspent', outpoint },
          ),
        inMempool: (spender) =>
          isFunding ? this.#onMempool(spender !== undefined) : spender && void this.#tellMempool(outpoint),
      }),
    )
  }

  /** BOLT 5: a preimage in the mempool is as good as one in a block. What cannot be told now, the block tells. */
  async #tellMempool(outpoint: OutPoint): Promise<void> {
    try {
      const tx = await this.#services.mempoolSpend(outpoint)
      if (tx !== undefined) await this.#tell({ type: 'spent', outpoint, tx, inMempool: true })
    } catch (error) {
      this.#services.log.debug('channel.mempool-untold', { reason: String(error) })
    }
  }

  clear(): void {
    for (const unwatch of this.#watches.values()) unwatch()
    this.#watches.clear()
  }

  #watch(key: string, start: () => Unwatch): void {
    if (!this.#watches.has(key)) this.#watches.set(key, start())
  }

  /** The watcher's cursor passes the block when the promise settles: the channel's reaction to it is durable then. */
  async #tell(input: ChainInput): Promise<void> {
    await this.#channel.ask('chain', input)
    await this.#services.store.flush()
  }

  /**
   * The state contains what happened in handled blocks. But a transaction may have been found there before it was deep enough: it is looked
   * for again in as many blocks. And a step that threw has handled nothing.
   */
  #since(depth: number, openedAt: number | undefined, again: boolean): { readonly since?: number } {
    const back = again ? Math.max(depth, LOST_NOTICES) : depth
    if (openedAt === undefined || back <= 1) return {}
    return { since: Math.max(openedAt, this.#services.height() - back) }
  }
}
