import { txidOf } from '../../bitcoin/transaction.ts'
import type { ChainBackend } from '../../chain/chain-backend.ts'
import { outpointKey } from '../../chain/outpoint-key.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import { revealedPreimages } from '../../channel/index.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { OutPoint, TxId } from '../../lib/ids.ts'
import type { Broadcaster } from '../chain/broadcaster.ts'
import type { HandIn } from './hand-in.ts'
import { type FollowedOutput, type Item, isOwn, takenBack } from './item.ts'
import type { ItemBook } from './item-book.ts'

interface FollowOptions {
  readonly book: ItemBook
  readonly handIn: HandIn
  readonly watcher: Pick<ChainWatcher, 'watchSpent'>
  readonly backend: Pick<ChainBackend, 'mempoolSpend'>
  readonly broadcaster: Pick<Broadcaster, 'withdraw'>
}

/** Follows what becomes of the outputs of items, in blocks and in the mempool. */
export class OutputFollower {
  readonly #options: FollowOptions

  constructor(options: FollowOptions) {
    this.#options = options
  }

  /** Harmless to repeat. */
  follow(item: Item, outpoint: OutPoint): void {
    const key = outpointKey(outpoint)
    if (item.followed.has(key)) return
    const followed: FollowedOutput = {
      item,
      unwatch: this.#options.watcher.watchSpent({
        outpoint,
        handler: (event) => {
          const { spends } = followed.item
          if (event.type === 'spent') spends.set(key, { txid: event.txid })
          else spends.delete(key)
          this.settle(followed.item)
        },
        inMempool: (spender) => void this.#seenInMempool(followed.item, outpoint, spender),
      }),
    }
    item.followed.set(key, followed)
  }

  /** An output is taken apart from the others from now on, with what is known of its spends. */
  move(key: string, from: Item, to: Item): void {
    moveEntry(key, from.wanted, to.wanted)
    moveEntry(key, from.spends, to.spends)
    moveEntry(key, from.rivals, to.rivals)
    moveEntry(key, from.followed, to.followed)
    const followed = to.followed.get(key)
    if (followed !== undefined) followed.item = to
  }

  /** What has become of an item that is spent in a block, or is so no more. */
  settle(item: Item): void {
    const { book, broadcaster, handIn } = this.#options
    const spends = [...item.spends.values()]
    const ours = [item.last, ...item.earlier].find(
      (each) => each && spends.some(({ txid }) => equalBytes(txid, txidOf(each.tx))),
    )
    const last = ours ?? item.last
    if (spends.length > 0) item.shortage = undefined
    if (last === undefined) return
    // What is left of several outputs is taken anew once all spends of the block are known.
    if (ours === undefined && spends.length > 0 && isLeftOver(item)) return
    const status = ours !== undefined ? 'confirmed' : spends.length > 0 ? 'lost' : 'waiting'
    if (status === last.status && last === item.last) return
    if (last !== item.last && item.last !== undefined) broadcaster.withdraw(txidOf(item.last.tx))
    book.keep(item, { ...last, status })
    if (status === 'waiting') handIn.again(item)
    else if (status === 'lost') handIn.giveUp(item)
  }

  /**
   * Whether an HTLC that we offered is settled already. Our own transactions, whichever of them the mempool holds, show no preimage. To
   * know less than that is no reason to stop.
   */
  async #seenInMempool(item: Item, outpoint: OutPoint, spender: TxId | undefined): Promise<void> {
    const { backend, broadcaster, handIn } = this.#options
    const key = outpointKey(outpoint)
    const rival = spender !== undefined && !isOwn(item, spender) ? spender : undefined
    if (rival === undefined) item.rivals.delete(key)
    else item.rivals.set(key, rival)
    const htlc = rival === undefined ? undefined : takenBack(item, key)
    // Without an answer, the spend counts for nothing.
    const tx = htlc === undefined ? undefined : await backend.mempoolSpend(outpoint).catch(() => undefined)
    if (item.rivals.get(key) !== rival) return
    const isSettled = htlc !== undefined && tx !== undefined && revealedPreimages([{ outpoint, htlc }], tx).length > 0
    if (isSettled === item.isSettledByPeer) return
    item.isSettledByPeer = isSettled
    if (isSettled) item.shortage = undefined
    if (isSettled && item.last !== undefined) broadcaster.withdraw(txidOf(item.last.tx))
    else handIn.again(item)
  }
}

/** Whether some of several outputs are not spent. */
const isLeftOver = ({ wanted, spends }: Item): boolean =>
  wanted.size > 1 && [...wanted.keys()].some((key) => !spends.has(key))

const moveEntry = <V>(key: string, from: Map<string, V>, to: Map<string, V>): void => {
  const value = from.get(key)
  if (value === undefined) return
  from.delete(key)
  to.set(key, value)
}
