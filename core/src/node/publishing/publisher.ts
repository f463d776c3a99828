import { feerateOf } from '../../bitcoin/fees.ts'
import { displayTxid, type Tx, txidOf, txWeight } from '../../bitcoin/transaction.ts'
import type { ChainBackend } from '../../chain/chain-backend.ts'
import { outpointKey } from '../../chain/outpoint-key.ts'
import type { Unwatch } from '../../chain/watch.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import { type Claim, revealedPreimages, type SpecHtlc } from '../../channel/index.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { ChannelId, NodeId, OutPoint, TxId } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, FeeratePerKw, Sat } from '../../lib/units.ts'
import type { Store } from '../../store/store.ts'
import type { Wallet } from '../../wallet/wallet.ts'
import type { Broadcaster } from '../chain/broadcaster.ts'
import type { EventLog } from '../events/event-log.ts'
import type { ChannelSigner } from '../keys/signer.ts'
import type { NodeLog } from '../node-log.ts'
import type { OnUnreadable } from '../storage/read-row.ts'
import { readRowOfMany } from '../storage/read-row.ts'
import { TABLE } from '../storage/tables.ts'
import { ALL_PUBLICATIONS, type PublishedTx, publicationRow, readPublicationRow } from './publication-row.ts'
import { nextStep, raiseClaim, type Shortage } from './raise-claim.ts'

export interface PublisherOptions {
  readonly store: Pick<Store, 'submit' | 'scan'>
  readonly watcher: Pick<ChainWatcher, 'watchHeight' | 'watchSpent'>
  readonly backend: Pick<ChainBackend, 'estimateFeerate' | 'mempoolSpend'>
  readonly broadcaster: Pick<Broadcaster, 'publish' | 'withdraw'>
  readonly wallet: Wallet
  readonly events: Pick<EventLog, 'append'>
  readonly log: NodeLog
  readonly height: () => BlockHeight
  readonly onUnreadable: OnUnreadable
}

/** Whose channel it is. */
export interface Owner {
  readonly channelId: ChannelId
  readonly peer: NodeId
}

/** A transaction whose fee is fixed: both sides have signed it. */
export interface AgreedTx extends Owner {
  readonly purpose: 'mutual-close' | 'local-commitment'
  readonly tx: Tx
  readonly fee: Sat
}

/** An output to take, by a transaction whose fee follows its stakes. */
export interface ClaimOrder extends Owner {
  readonly claim: Claim
  readonly signer: ChannelSigner
  /** Of an anchor: the commitment that it brings into a block. */
  readonly parents?: readonly Tx[]
}

/** What the wallet lacks, for which claim. */
export interface ClaimShortage extends Owner, Shortage {
  readonly purpose: Claim['kind']['type']
  readonly deadline?: BlockHeight
}

/** An output that is still to be taken, and how far that is. */
export interface ClaimProgress {
  readonly claim: Claim
  /** The last transaction that was published for it. */
  readonly published?: PublishedTx
  /** When it pays another rate next, if estimates stay as they are. */
  readonly next?: { readonly height: BlockHeight; readonly feeratePerKw: FeeratePerKw }
  readonly shortage?: Shortage
}

/** What was published at the operator's rate, and what the wallet lacks for more. */
export interface RaisedFees {
  readonly raised: readonly PublishedTx[]
  readonly shortage?: Shortage
}

/** What is published for one output, or as agreed, and what has become of it. */
interface Item extends Owner {
  readonly name: string
  order: ClaimOrder | undefined
  /** When the channel asked for it last. */
  askedAt: BlockHeight
  last: PublishedTx | undefined
  shortage: Shortage | undefined
  /** What the operator wants it to pay at least, in this life of the node. */
  least: FeeratePerKw | undefined
  /** By output: the transaction in a block that spends it. While there is one, nothing is published. */
  readonly spends: Map<string, { readonly txid: TxId }>
  /** Those before the last, in this life of the node: a miner may have taken one of them all the same. */
  readonly earlier: PublishedTx[]
  /** What spends it in the mempool, and is not the last transaction. */
  rival: TxId | undefined
  /** That is the peer's, and takes an HTLC of ours with its preimage. */
  isSettledByPeer: boolean
  readonly unwatch: Unwatch[]
}

/**
 * Channels ask again for what is not in a block yet. What one has not asked for in a day, say because another commitment is on the chain
 * since a reorganisation, holds no coins any more.
 */
const UNASKED: BlockDelta = 144

/**
 * Of the closes that both sides have signed and that are in no block, so many are kept of a channel: more than it asks for at one time, because
 * a peer may propose another again and again. Those that it asked for last stay.
 */
const MOST_AGREED = 12

/**
 * Publishes what channels want on the chain, and raises its fee with each block until it is there: by another output amount where an output
 * pays for itself, by other coins of the wallet where it does not, and for a commitment by the child that spends its anchor. What is to be
 * published comes from the channels, at every start anew; of itself it keeps only what was paid last, and by which coins.
 */
export class Publisher {
  readonly #options: PublisherOptions
  /** By channel, then by name. */
  readonly #items = new Map<string, Map<string, Item>>()
  readonly #stored = new Map<string, Map<string, PublishedTx>>()

  private constructor(options: PublisherOptions) {
    this.#options = options
    options.watcher.watchHeight((height) => this.#raiseAll(height))
  }

  static async open(options: PublisherOptions): Promise<Publisher> {
    const publisher = new Publisher(options)
    for (const row of await options.store.scan(TABLE.meta, ALL_PUBLICATIONS)) {
      const { channelId, name, read } = readPublicationRow(row)
      const published = readRowOfMany(TABLE.meta, row.key, read, options.onUnreadable)
      if (published !== undefined) entryOf(publisher.#stored, toHex(channelId)).set(name, published)
    }
    return publisher
  }

  /** Harmless to repeat. */
  publishAgreed({ purpose, tx, fee, ...owner }: AgreedTx): void {
    const [funding] = tx.inputs
    if (funding === undefined) return
    const item = this.#item(owner, `tx ${toHex(txidOf(tx))}`, [funding.outpoint])
    if (item.last === undefined) {
      const feeratePerKw = feerateOf(fee, txWeight(tx))
      this.#publish(item, { purpose, tx, fee, feeratePerKw, why: 'agreed', replaced: 0, status: 'waiting' }, [])
    } else this.#handIn(item)
    if (purpose === 'mutual-close') this.#dropOldest(item)
  }

  #dropOldest(newest: Item): void {
    const { channelId } = newest
    const id = toHex(channelId)
    const items = entryOf(this.#items, id)
    const stored = entryOf(this.#stored, id)
    // In the order in which they were asked for.
    items.delete(newest.name)
    items.set(newest.name, newest)
    const asked = [...items.keys()]
    const closes = [...stored]
      .filter(([, { purpose, status }]) => purpose === 'mutual-close' && status !== 'confirmed')
      .map(([name]) => name)
      .sort((a, b) => asked.indexOf(a) - asked.indexOf(b))
    const dropped = closes.slice(0, -MOST_AGREED)
    for (const name of dropped) {
      const item = items.get(name)
      const last = item?.last ?? stored.get(name)
      for (const unwatch of item?.unwatch ?? []) unwatch()
      if (last !== undefined) {
        this.#options.broadcaster.withdraw(txidOf(last.tx))
        this.#options.wallet.forget(last.tx)
      }
      items.delete(name)
      stored.delete(name)
    }
    if (dropped.length > 0) {
      this.#options.store.submit(dropped.map((name) => publicationRow(channelId, name, undefined)))
    }
  }

  /** Takes an output, and sees to it that this gets into a block. Harmless to repeat: the last order for an output counts. */
  claim(order: ClaimOrder): void {
    const { claim, channelId, peer, parents = [] } = order
    const [parent] = parents
    const outpoints = [claim.outpoint, ...(parent?.inputs.map(({ outpoint }) => outpoint) ?? [])]
    const item = this.#item({ channelId, peer }, `claim ${outpointKey(claim.outpoint)}`, outpoints)
    const isNew = item.order === undefined
    const height = this.#options.height()
    item.order = order
    item.askedAt = height
    // The channel knows of no spend: one that was seen in another life is gone.
    if (item.last !== undefined && item.last.status !== 'waiting' && item.spends.size === 0) this.#settled(item)
    else this.#handIn(item)
    if (isNew) this.#raise(item, height)
  }

  /** The channel has ended: nothing of it is published any more. */
  forget(channelId: ChannelId): void {
    const id = toHex(channelId)
    for (const item of this.#items.get(id)?.values() ?? []) {
      for (const unwatch of item.unwatch) unwatch()
      if (item.last?.status === 'waiting') this.#giveUp(item)
      // Deep below its channel's end, what has lost can be mined no more in earnest: its coins are free.
      if (item.last?.status === 'lost') this.#options.wallet.forget(item.last.tx)
    }
    const names = [...entryOf(this.#stored, id).keys()]
    this.#stored.delete(id)
    this.#items.delete(id)
    if (names.length > 0) {
      this.#options.store.submit(names.map((name) => publicationRow(channelId, name, undefined)))
    }
  }

  /** What has been published of the channel's commitment stays as it is: it is not handed in any more, and its fee not raised. */
  withdrawCommitment(channelId: ChannelId): void {
    for (const item of this.#items.get(toHex(channelId))?.values() ?? []) {
      const purpose = item.last?.purpose ?? item.order?.claim.kind.type
      if (purpose !== 'local-commitment' && purpose !== 'anchor') continue
      if (item.last?.status === 'waiting') this.#giveUp(item)
      item.order = undefined
      item.shortage = undefined
    }
  }

  /** What was published for a channel: of those that replaced each other, the last. */
  transactionsOf(channelId: ChannelId): readonly PublishedTx[] {
    return [...(this.#stored.get(toHex(channelId))?.values() ?? [])]
  }

  /** The outputs of a channel that it wants taken, and that no block shows as spent. */
  claimsOf(channelId: ChannelId): readonly ClaimProgress[] {
    const height = this.#options.height()
    return [...(this.#items.get(toHex(channelId))?.values() ?? [])].flatMap(({ order, last, shortage, spends }) => {
      if (order === undefined || spends.size > 0) return []
      const { claim } = order
      const estimate = (blocks: number) => this.#options.backend.estimateFeerate(blocks)
      const published = last?.status === 'waiting' ? last : undefined
      const next = nextStep({ claim, last: this.#paidBy(order, published), height, estimate })
      return [{ claim, ...(published && { published }), ...(next && { next }), ...(shortage && { shortage }) }]
    })
  }

  /** Has what is still to be taken of a channel pay at least this rate, each as far as its budget goes. */
  raiseTo(channelId: ChannelId, feeratePerKw: FeeratePerKw): RaisedFees {
    const height = this.#options.height()
    const raised: PublishedTx[] = []
    let shortage: Shortage | undefined
    for (const item of this.#items.get(toHex(channelId))?.values() ?? []) {
      const { last: before, least } = item
      item.least = feeratePerKw
      this.#raise(item, height)
      const isRaised = item.last !== undefined && item.last !== before
      if (isRaised && item.last !== undefined) raised.push(item.last)
      // Whoever asked answers for what is paid now, and for nothing later: what the wallet lacks today it does not add by itself.
      if (!isRaised || item.shortage !== undefined) item.least = least
      shortage ??= item.shortage
    }
    return { raised, ...(shortage && { shortage }) }
  }

  /** What the wallet cannot pay now. */
  shortages(): readonly ClaimShortage[] {
    return this.#all().flatMap(({ channelId, peer, order, shortage }) =>
      order === undefined || shortage === undefined ? [] : [{ channelId, peer, ...describe(order.claim), ...shortage }],
    )
  }

  #all(): readonly Item[] {
    return [...this.#items.values()].flatMap((items) => [...items.values()])
  }

  #item(owner: Owner, name: string, outpoints: readonly OutPoint[]): Item {
    const id = toHex(owner.channelId)
    const items = entryOf(this.#items, id)
    const known = items.get(name)
    if (known !== undefined) return known
    const last = this.#stored.get(id)?.get(name)
    const item: Item = {
      ...owner,
      name,
      order: undefined,
      askedAt: this.#options.height(),
      last,
      shortage: undefined,
      least: undefined,
      spends: new Map(),
      earlier: [],
      rival: undefined,
      isSettledByPeer: false,
      unwatch: [],
    }
    items.set(name, item)
    for (const outpoint of outpoints) item.unwatch.push(this.#watch(item, outpoint))
    return item
  }

  #watch(item: Item, outpoint: OutPoint): Unwatch {
    const key = outpointKey(outpoint)
    return this.#options.watcher.watchSpent({
      outpoint,
      handler: (event) => {
        if (event.type === 'spent') item.spends.set(key, { txid: event.txid })
        else item.spends.delete(key)
        this.#settled(item)
      },
      inMempool: (spender) => void this.#seenInMempool(item, outpoint, spender),
    })
  }

  /**
   * Whether an HTLC that we offered is settled already. Our own transactions, whichever of them the mempool holds, show no preimage. To
   * know less than that is no reason to stop.
   */
  async #seenInMempool(item: Item, outpoint: OutPoint, spender: TxId | undefined): Promise<void> {
    const { backend, broadcaster } = this.#options
    const rival = spender !== undefined && !isLast(item, spender) ? spender : undefined
    item.rival = rival
    const htlc = rival === undefined ? undefined : takenBack(item)
    // Without an answer, the spend counts for nothing.
    const tx = htlc === undefined ? undefined : await backend.mempoolSpend(outpoint).catch(() => undefined)
    if (item.rival !== rival) return
    const isSettled = htlc !== undefined && tx !== undefined && revealedPreimages([{ outpoint, htlc }], tx).length > 0
    if (isSettled === item.isSettledByPeer) return
    item.isSettledByPeer = isSettled
    if (isSettled) item.shortage = undefined
    if (isSettled && item.last !== undefined) broadcaster.withdraw(txidOf(item.last.tx))
    else this.#handIn(item)
  }

  /** What has become of an item that is spent in a block, or is so no more. */
  #settled(item: Item): void {
    const spends = [...item.spends.values()]
    const ours = [item.last, ...item.earlier].find(
      (each) => each && spends.some(({ txid }) => equalBytes(txid, txidOf(each.tx))),
    )
    const last = ours ?? item.last
    if (spends.length > 0) item.shortage = undefined
    if (last === undefined) return
    const status = ours !== undefined ? 'confirmed' : spends.length > 0 ? 'lost' : 'waiting'
    if (status === last.status && last === item.last) return
    if (last !== item.last && item.last !== undefined) this.#options.broadcaster.withdraw(txidOf(item.last.tx))
    this.#keep(item, { ...last, status })
    if (status === 'waiting') this.#handIn(item)
    else if (status === 'lost') this.#giveUp(item)
  }

  /** Nothing more comes of the last transaction. Its coins are free if it can never be mined; if it can, the wallet knows better. */
  #giveUp({ last, order, spends }: Item): void {
    if (last === undefined) return
    const { broadcaster, wallet } = this.#options
    broadcaster.withdraw(txidOf(last.tx))
    // The commitment is mined without its child, which can be mined all the same.
    const isNeedless = [...spends.values()].some(({ txid }) =>
      order?.parents?.some((parent) => equalBytes(txid, txidOf(parent))),
    )
    if (!isNeedless) wallet.forget(last.tx)
  }

  #raiseAll(height: BlockHeight): void {
    for (const item of this.#all()) this.#raise(item, height)
  }

  #raise(item: Item, height: BlockHeight): void {
    const { order, last } = item
    if (order === undefined || item.spends.size > 0 || item.isSettledByPeer) return
    if (height - item.askedAt > UNASKED) {
      this.#giveUp(item)
      item.order = undefined
      item.shortage = undefined
      return
    }
    const { backend, wallet } = this.#options
    const { claim, signer, parents = [] } = order
    const paid = this.#paidBy(order, last)
    const estimate = (blocks: number) => backend.estimateFeerate(blocks)
    const { made, shortage } = raiseClaim({ claim, last: paid, height, estimate, least: item.least, signer, wallet })
    this.#tellShortage(item, claim, shortage)
    if (made === undefined) return
    const { tx, fee, feeratePerKw, why } = made
    const replaced = last === undefined ? 0 : last.replaced + 1
    if (last !== undefined) item.earlier.push(last)
    this.#publish(item, { ...describe(claim), tx, fee, feeratePerKw, why, replaced, status: 'waiting' }, parents)
  }

  /** Hands a transaction to the network once its row is durable, in the place of the last one. */
  #publish(item: Item, published: PublishedTx, parents: readonly Tx[]): void {
    const { events, broadcaster, wallet } = this.#options
    const before = item.last
    const { purpose, tx, fee, feeratePerKw, why, deadline } = published
    const replaced = before === undefined ? {} : { replaces: txidOf(before.tx) }
    wallet.processTx(tx, { purpose, channelId: toHex(item.channelId), fee, ...replaced })
    events.append('channel.transaction-published', {
      channelId: toHex(item.channelId),
      peer: toHex(item.peer),
      txid: displayTxid(txidOf(tx)),
      purpose,
      feeSat: fee,
      feerate: feeratePerKw,
      reason: why,
      ...(deadline === undefined ? {} : { deadline }),
      ...(before === undefined ? {} : { replaces: displayTxid(txidOf(before.tx)) }),
    })
    this.#keep(item, published, () => {
      if (before !== undefined) broadcaster.withdraw(txidOf(before.tx))
      if (item.last === published) broadcaster.publish(tx, purpose, parents)
    })
  }

  #keep(item: Item, published: PublishedTx, onDurable?: () => void): void {
    item.last = published
    entryOf(this.#stored, toHex(item.channelId)).set(item.name, published)
    this.#options.store.submit([publicationRow(item.channelId, item.name, published)], onDurable)
  }

  /** The last transaction again, unless it is on its way already. A claim whose coins the wallet has used elsewhere is made anew. */
  #handIn(item: Item): void {
    const { last, order, spends } = item
    if (last === undefined || spends.size > 0 || item.isSettledByPeer || !this.#isWhole(order, last)) return
    this.#options.broadcaster.publish(last.tx, last.purpose, order?.parents ?? [])
  }

  /** What a replacement has to better. */
  #paidBy(order: ClaimOrder, last: PublishedTx | undefined) {
    return last && this.#isWhole(order, last)
      ? { fee: last.fee, weight: txWeight(last.tx), feeratePerKw: last.feeratePerKw }
      : undefined
  }

  /** Whether its coins are still its own: the wallet has forgotten a transaction whose coins went elsewhere. */
  #isWhole(order: ClaimOrder | undefined, { tx }: PublishedTx): boolean {
    return order?.claim.fee.type !== 'wallet' || this.#options.wallet.transaction(txidOf(tx)) !== undefined
  }

  #tellShortage(item: Item, claim: Claim, shortage: Shortage | undefined): void {
    const before = item.shortage
    item.shortage = shortage
    if (shortage === undefined || before !== undefined) return
    const { needed, available } = shortage
    const { purpose, deadline } = describe(claim)
    const channelId = toHex(item.channelId)
    this.#options.log.warn('channel.fees-short', {
      channel: channelId,
      purpose,
      needed: String(needed),
      available: String(available),
    })
    this.#options.events.append('channel.fees-short', {
      channelId,
      peer: toHex(item.peer),
      purpose,
      neededSat: needed,
      availableSat: available,
      ...(deadline === undefined ? {} : { deadline }),
    })
  }
}

const describe = ({ kind, stakes: { deadline } }: Claim) => ({
  purpose: kind.type,
  ...(deadline !== undefined && { deadline }),
})

const isLast = ({ last }: Item, txid: TxId): boolean => last !== undefined && equalBytes(txidOf(last.tx), txid)

/**
 * The HTLC that the claim takes back. The only other spend of its output is the peer's, which shows the preimage (BOLT 5, local offers):
 * upstream pays us, and there is nothing to compete for.
 */
const takenBack = ({ order }: Item): SpecHtlc | undefined => {
  const kind = order?.claim.kind
  return kind?.type === 'htlc-timeout' || kind?.type === 'offered-htlc' ? kind.htlc : undefined
}

const entryOf = <K, V>(map: Map<string, Map<K, V>>, key: string): Map<K, V> => {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = new Map<K, V>()
  map.set(key, made)
  return made
}
