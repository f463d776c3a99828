import { displayTxid, type Tx, txidOf, txWeight } from '../../bitcoin/transaction.ts'
import { outpointKey } from '../../chain/outpoint-key.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { undoneMakers } from '../../wallet/parents-first.ts'
import type { Wallet } from '../../wallet/wallet.ts'
import type { Broadcaster } from '../chain/broadcaster.ts'
import type { EventLog } from '../events/event-log.ts'
import { type Item, lacksOutputs } from './item.ts'
import type { ItemBook } from './item-book.ts'
import type { PublishedTx } from './publication-row.ts'
import { publishedFacts } from './published-facts.ts'

interface HandInOptions {
  readonly book: ItemBook
  readonly broadcaster: Pick<Broadcaster, 'publish' | 'withdraw'>
  readonly wallet: Pick<Wallet, 'processTx' | 'forget' | 'transaction'>
  readonly events: Pick<EventLog, 'append'>
}

/** Gives the transactions of items to the network and to the wallet, and takes them back. */
export class HandIn {
  readonly #options: HandInOptions

  constructor(options: HandInOptions) {
    this.#options = options
  }

  /** Hands a transaction to the network once its row is durable, in the place of the last one. */
  publish(item: Item, published: PublishedTx, parents: readonly Tx[]): void {
    const { book, events, broadcaster, wallet } = this.#options
    const before = item.last
    const { purpose, tx, fee } = published
    const replaced = before === undefined ? {} : { replaces: txidOf(before.tx) }
    wallet.processTx(tx, { purpose, channelId: toHex(item.channelId), fee, ...replaced })
    events.append('channel.transaction-published', {
      channelId: toHex(item.channelId),
      peer: toHex(item.peer),
      ...publishedFacts(published),
      ...(before === undefined ? {} : { replaces: displayTxid(txidOf(before.tx)) }),
    })
    book.keep(item, published, () => {
      if (before !== undefined) broadcaster.withdraw(txidOf(before.tx))
      if (item.last === published) broadcaster.publish(tx, purpose, parents)
    })
  }

  /** The last transaction again, unless it is on its way already. A claim whose coins the wallet has used elsewhere is made anew. */
  again(item: Item): void {
    const { last, terms, spends, isSettledByPeer } = item
    if (last === undefined || spends.size > 0 || isSettledByPeer || !this.isWhole(item)) return
    this.#publishCoins(item)
    this.#options.broadcaster.publish(last.tx, last.purpose, terms?.parents ?? [])
  }

  /**
   * Only coins in blocks pay for claims. What made one, and was undone, may have nobody else to bring it back: a child that its commitment
   * needs no more is handed in by nobody. The transaction whose output is claimed is the channel's concern: the peer may have taken its HTLC.
   */
  #publishCoins({ last, wanted }: Item): void {
    const { broadcaster, wallet } = this.#options
    const outpoints = last?.tx.inputs.map(({ outpoint }) => outpoint) ?? []
    const coins = outpoints.filter((outpoint) => !wanted.has(outpointKey(outpoint)))
    for (const { tx, purpose } of undoneMakers(coins, (txid) => wallet.transaction(txid)))
      broadcaster.publish(tx, purpose ?? 'wallet')
  }

  /** Nothing more comes of the last transaction. Its coins are free if it can never be mined; if it can, the wallet knows better. */
  giveUp({ last, terms, spends }: Item): void {
    if (last === undefined) return
    const { broadcaster, wallet } = this.#options
    broadcaster.withdraw(txidOf(last.tx))
    // The commitment is mined without its child, which can be mined all the same.
    const isNeedless = [...spends.values()].some(({ txid }) =>
      terms?.parents?.some((parent) => equalBytes(txid, txidOf(parent))),
    )
    if (!isNeedless) wallet.forget(last.tx)
  }

  /** What a replacement has to better. */
  paidBy(item: Item) {
    const { last } = item
    return last && this.isWhole(item)
      ? { fee: last.fee, weight: txWeight(last.tx), feeratePerKw: last.feeratePerKw }
      : undefined
  }

  /**
   * Whether the last transaction can still be in a block, as far as we know: the wallet has forgotten one whose coins went elsewhere, and
   * what was made for an output that is no longer wanted spends what is spent or is not there.
   */
  isWhole(item: Item): boolean {
    const { wanted, last } = item
    const [first] = wanted.values()
    if (last === undefined || first === undefined) return true
    return first.claim.fee.type === 'wallet'
      ? this.#options.wallet.transaction(txidOf(last.tx)) !== undefined
      : !lacksOutputs(item)
  }
}
