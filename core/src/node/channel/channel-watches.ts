import type { ActorRef } from '../../actor/types.ts'
import type { ConfirmedEvent, SpentEvent, UnspentEvent, Unwatch } from '../../chain/watch.ts'

import type { ChainInput, SearchFundingEffect, WatchConfirmedEffect, WatchSpentEffect } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { OutPoint, TxId } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'
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
  /** Spends that were found in blocks that had passed. */
  readonly #seenAt = new Map<string, BlockHeight>()
  /** What looks through blocks that have passed. */
  #search: Unwatch[] = []
  #isCleared = false

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
  confirmed(effect: WatchConfirmedEffect, openedAt: number | undefined, again: boolean): void {
    const { txid, depth, known, tellAgain } = effect
    this.#watch(`confirmed ${toHex(txid)} ${depth}`, () =>
      this.#services.watcher.watchConfirmed({
        txid,
        minDepth: depth,
        ...(known === undefined ? this.#sinceSeen(txid, this.#since(depth, openedAt, again)) : { known }),
        handler: (event) => {
          if (event.type === 'unconfirmed') return this.#tell({ type: 'unconfirmed', txid })
          return this.#tellConfirmed(event)
        },
      }),
    )
    if (!tellAgain || known === undefined) return
    this.#watch(`again ${toHex(txid)} ${depth}`, () =>
      this.#services.watcher.watchConfirmed({
        txid,
        minDepth: depth,
        since: known,
        handler: (event) => (event.type === 'unconfirmed' ? undefined : this.#tellConfirmed(event)),
      }),
    )
  }

  #tellConfirmed({ txid, tx, height, txIndex }: ConfirmedEvent): Promise<void> {
    return this.#tell({ type: 'confirmed', txid, tx, blockHeight: height, txIndex })
  }

  spent(effect: WatchSpentEffect, openedAt: number | undefined, again: boolean, isFunding: boolean): void {
    const { outpoint, known, since } = effect
    this.#watch(`spent ${toHex(outpoint.txid)} ${outpoint.index}`, () =>
      this.#services.watcher.watchSpent({
        outpoint,
        ...(since === undefined ? this.#since(0, openedAt, again) : { since }),
        ...(known && { known }),
        handler: (event) => this.#tellSpent(event),
        inMempool: (spender) =>
          isFunding ? this.#onMempool(spender !== undefined) : spender && void this.#tellMempool(outpoint),
      }),
    )
  }

  #tellSpent(event: SpentEvent | UnspentEvent): Promise<void> {
    const { outpoint } = event
    if (event.type === 'unspent') return this.#tell({ type: 'unspent', outpoint })
    if (event.height < this.#services.height()) this.#seenAt.set(toHex(event.txid), event.height)
    return this.#tell({ type: 'spent', outpoint, tx: event.tx })
  }

  /**
   * Blocks are looked through one by one, and there may be many: the backend knows whether there is something to find. What it cannot be asked
   * now may be there.
   */
  async search({ outpoint, since }: SearchFundingEffect): Promise<void> {
    const answer = await this.#services.fundedAt(outpoint).catch(() => 'unknown' as const)
    if (this.#isCleared) return
    if (typeof answer === 'number') {
      await this.#tell({ type: 'funding-searched', fundedAt: answer })
      return
    }
    for (const unwatch of this.#search.splice(0)) unwatch()
    const { watcher } = this.#services
    const { txid } = outpoint
    this.#search.push(
      watcher.watchConfirmed({
        txid,
        minDepth: 1,
        since,
        handler: (event) =>
          event.type === 'confirmed' ? this.#tell({ type: 'funding-searched', fundedAt: event.height }) : undefined,
      }),
      watcher.watchSpent({
        outpoint,
        since,
        handler: (event) => this.#tellSpent(event),
        looked: (to) => {
          const isMissing = answer === undefined && to >= this.#services.height()
          return this.#tell({ type: 'funding-searched', lookedTo: to, ...(isMissing && { isMissing }) })
        },
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
    this.#isCleared = true
    for (const unwatch of [...this.#watches.values(), ...this.#search]) unwatch()
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

  /** What is found in a block that has passed is in that block: it is not waited for in those to come. */
  #sinceSeen(txid: TxId, otherwise: { readonly since?: number }): { readonly since?: number } {
    const since = this.#seenAt.get(toHex(txid))
    return since === undefined ? otherwise : { since }
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
