import { feerateOf } from '../../bitcoin/fees.ts'
import { txidOf, txWeight } from '../../bitcoin/transaction.ts'
import type { ChainBackend } from '../../chain/chain-backend.ts'
import { outpointKey } from '../../chain/outpoint-key.ts'
import type { ChainWatcher } from '../../chain/watcher.ts'
import { type Claim, type ClaimGroup, groupClaims } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { ChannelId, OutPoint } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, FeeratePerKw } from '../../lib/units.ts'
import type { Store } from '../../store/store.ts'
import type { Wallet } from '../../wallet/wallet.ts'
import type { Broadcaster } from '../chain/broadcaster.ts'
import type { EventLog } from '../events/event-log.ts'
import type { NodeLog } from '../node-log.ts'
import type { OnUnreadable } from '../storage/read-row.ts'
import { OutputFollower } from './follow-outputs.ts'
import { HandIn } from './hand-in.ts'
import {
  claimOf,
  describeClaim,
  type Item,
  lacksOutputs,
  nameOfClaim,
  nameOfJoint,
  newItem,
  takesJointly,
} from './item.ts'
import { ItemBook } from './item-book.ts'
import type { AgreedTx, ClaimOrder, ClaimProgress, ClaimShortage, Owner, RaisedFees } from './orders.ts'
import type { PublishedTx } from './publication-row.ts'
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

/**
 * Channels ask again for what is not in a block yet. What one has not asked for in a day, say because another commitment is on the chain
 * since a reorganisation, holds no coins any more.
 */
const UNASKED: BlockDelta = 144

/** A channel that is a block or two behind has not asked for all of its outputs yet. */
const BEHIND: BlockDelta = 2

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
  readonly #book: ItemBook
  readonly #handIn: HandIn
  readonly #outputs: OutputFollower

  private constructor(options: PublisherOptions, book: ItemBook) {
    this.#options = options
    this.#book = book
    this.#handIn = new HandIn({ ...options, book })
    this.#outputs = new OutputFollower({ ...options, book, handIn: this.#handIn })
    options.watcher.watchHeight((height) => this.#raiseAll(height))
  }

  static async open(options: PublisherOptions): Promise<Publisher> {
    return new Publisher(options, await ItemBook.open(options.store, options.onUnreadable))
  }

  /** Harmless to repeat. */
  publishAgreed({ purpose, tx, fee, ...owner }: AgreedTx): void {
    const [funding] = tx.inputs
    if (funding === undefined) return
    const item = this.#item(owner, `tx ${toHex(txidOf(tx))}`, [funding.outpoint])
    if (item.last === undefined) {
      const feeratePerKw = feerateOf(fee, txWeight(tx))
      this.#handIn.publish(item, { purpose, tx, fee, feeratePerKw, why: 'agreed', replaced: 0, status: 'waiting' }, [])
    } else this.#handIn.again(item)
    if (purpose === 'mutual-close') this.#dropOldest(item)
  }

  #dropOldest(newest: Item): void {
    const { channelId } = newest
    // In the order in which they were asked for.
    this.#book.add(newest)
    const items = this.#book.items(channelId)
    const asked = [...items.keys()]
    const stored = this.#book.stored(channelId)
    const closes = [...stored]
      .filter(([, { purpose, status }]) => purpose === 'mutual-close' && status !== 'confirmed')
      .map(([name]) => name)
      .sort((a, b) => asked.indexOf(a) - asked.indexOf(b))
    const dropped = closes.slice(0, -MOST_AGREED)
    for (const name of dropped) {
      const item = items.get(name)
      const last = item?.last ?? stored.get(name)
      for (const { unwatch } of item?.followed.values() ?? []) unwatch()
      if (last === undefined) continue
      this.#options.broadcaster.withdraw(txidOf(last.tx))
      this.#options.wallet.forget(last.tx)
    }
    this.#book.remove(channelId, dropped)
  }

  /**
   * Takes outputs of one channel, and sees to it that this gets into a block: those that are new by as few transactions as is safe (ADR 40).
   * Harmless to repeat: the last order for an output counts.
   */
  claim(orders: readonly ClaimOrder[]): void {
    const [first] = orders
    if (first === undefined) return
    const height = this.#options.height()
    const begun = new Set<Item>()
    const fresh = new Map<string, ClaimOrder>()
    for (const order of orders) {
      const item = this.#itemOf(order)
      if (item === undefined) fresh.set(outpointKey(order.claim.outpoint), order)
      else if (this.#want(item, order, height)) begun.add(item)
    }
    const claims = [...fresh.values()].map(({ claim }) => claim)
    for (const group of groupClaims(claims, height)) {
      const joint = group.length > 1 ? this.#freeName(first.channelId, group) : undefined
      for (const { outpoint } of group) {
        const order = fresh.get(outpointKey(outpoint))
        if (order === undefined) continue
        const item = this.#item(order, joint ?? nameOfClaim(outpoint), [])
        this.#want(item, order, height)
        begun.add(item)
      }
    }
    // Of outputs that were taken jointly in another life, the channel may ask for the others in a moment.
    for (const item of begun) if (!lacksOutputs(item)) this.#raise(item, height)
  }

  /** Of a joint transaction: one that no other goes by. Without one, each output is taken alone. */
  #freeName(channelId: ChannelId, group: ClaimGroup): string | undefined {
    const items = this.#book.items(channelId)
    const stored = this.#book.stored(channelId)
    return group.map(({ outpoint }) => nameOfJoint(outpoint)).find((name) => !items.has(name) && !stored.has(name))
  }

  /** The item by which the output is taken already, in this life of the node or in the last. */
  #itemOf(order: ClaimOrder): Item | undefined {
    const { channelId, claim } = order
    const key = outpointKey(claim.outpoint)
    const alone = nameOfClaim(claim.outpoint)
    const items = this.#book.items(channelId)
    const known = items.get(alone) ?? [...items.values()].find(({ wanted }) => wanted.has(key))
    if (known !== undefined) return known
    const stored = this.#book.stored(channelId)
    // What was taken apart from others once is not taken with them any more.
    const name = stored.has(alone) ? alone : [...stored].find(([each, last]) => takesJointly(each, last, key))?.[0]
    return name === undefined ? undefined : this.#item(order, name, [])
  }

  /** Whether nothing was wanted of the item before, or not this output. */
  #want(item: Item, { claim, signer, parents = [] }: ClaimOrder, height: BlockHeight): boolean {
    const key = outpointKey(claim.outpoint)
    const isNew = !item.wanted.has(key)
    item.wanted.set(key, { claim, askedAt: height })
    item.terms = { signer, parents }
    item.askedAt = height
    const [parent] = parents
    for (const outpoint of [claim.outpoint, ...(parent?.inputs.map((input) => input.outpoint) ?? [])]) {
      this.#outputs.follow(item, outpoint)
    }
    // The channel knows of no spend: one that was seen in another life is gone.
    if (item.last !== undefined && item.last.status !== 'waiting' && item.spends.size === 0) this.#outputs.settle(item)
    else this.#handIn.again(item)
    return isNew
  }

  /** The channel has ended: nothing of it is published any more. */
  forget(channelId: ChannelId): void {
    const items = this.#book.items(channelId)
    for (const item of items.values()) {
      for (const { unwatch } of item.followed.values()) unwatch()
      if (item.last?.status === 'waiting') this.#handIn.giveUp(item)
      // Deep below its channel's end, what has lost can be mined no more in earnest: its coins are free.
      if (item.last?.status === 'lost') this.#options.wallet.forget(item.last.tx)
    }
    this.#book.remove(channelId, [...new Set([...items.keys(), ...this.#book.stored(channelId).keys()])])
  }

  /** What has been published of the channel's commitment stays as it is: it is not handed in any more, and its fee not raised. */
  withdrawCommitment(channelId: ChannelId): void {
    for (const item of this.#book.items(channelId).values()) {
      const [first] = item.wanted.values()
      const purpose = item.last?.purpose ?? first?.claim.kind.type
      if (purpose !== 'local-commitment' && purpose !== 'anchor') continue
      if (item.last?.status === 'waiting') this.#handIn.giveUp(item)
      item.wanted.clear()
      item.shortage = undefined
    }
  }

  /** What was published for a channel: of those that replaced each other, the last. */
  transactionsOf(channelId: ChannelId): readonly PublishedTx[] {
    return [...this.#book.stored(channelId).values()]
  }

  /** The outputs of a channel that it wants taken, and that no block shows as spent. */
  claimsOf(channelId: ChannelId): readonly ClaimProgress[] {
    const height = this.#options.height()
    const estimate = (blocks: number) => this.#options.backend.estimateFeerate(blocks)
    return [...this.#book.items(channelId).values()].flatMap((item): readonly ClaimProgress[] => {
      const { last, shortage, spends, wanted } = item
      const whole = claimOf(item)
      if (whole === undefined || spends.size > 0) return []
      const published = last?.status === 'waiting' ? last : undefined
      const next = nextStep({ claim: whole, last: published && this.#handIn.paidBy(item), height, estimate })
      return [...wanted.values()].map(({ claim }) => ({
        claim,
        ...(published && { published }),
        ...(wanted.size > 1 && { outputs: wanted.size }),
        ...(next && { next }),
        ...(shortage && { shortage }),
      }))
    })
  }

  /** Has what is still to be taken of a channel pay at least this rate, each as far as its budget goes. */
  raiseTo(channelId: ChannelId, feeratePerKw: FeeratePerKw): RaisedFees {
    const height = this.#options.height()
    const raised: PublishedTx[] = []
    let shortage: Shortage | undefined
    for (const item of [...this.#book.items(channelId).values()]) {
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
    return this.#book.all().flatMap((item) => {
      const { channelId, peer, shortage } = item
      const claim = claimOf(item)
      return claim === undefined || shortage === undefined
        ? []
        : [{ channelId, peer, ...describeClaim(claim), ...shortage }]
    })
  }

  #item(owner: Owner, name: string, outpoints: readonly OutPoint[]): Item {
    const { channelId } = owner
    const known = this.#book.items(channelId).get(name)
    if (known !== undefined) return known
    const item = newItem(owner, name, this.#options.height(), this.#book.stored(channelId).get(name))
    this.#book.add(item)
    for (const outpoint of outpoints) this.#outputs.follow(item, outpoint)
    return item
  }

  #raiseAll(height: BlockHeight): void {
    for (const item of this.#book.all()) this.#part(item, height)
    for (const item of this.#book.all()) this.#raise(item, height)
  }

  #raise(item: Item, height: BlockHeight): void {
    const claim = claimOf(item)
    const { terms, last } = item
    if (claim === undefined || terms === undefined || item.spends.size > 0 || item.isSettledByPeer) return
    if (height - item.askedAt > UNASKED) {
      this.#handIn.giveUp(item)
      item.wanted.clear()
      item.shortage = undefined
      return
    }
    const { backend, wallet } = this.#options
    const { signer, parents = [] } = terms
    const paid = this.#handIn.paidBy(item)
    const estimate = (blocks: number) => backend.estimateFeerate(blocks)
    const { made, shortage } = raiseClaim({ claim, last: paid, height, estimate, least: item.least, signer, wallet })
    this.#tellShortage(item, claim, shortage)
    if (made === undefined) return
    const { tx, fee, feeratePerKw, why } = made
    const replaced = last === undefined ? 0 : last.replaced + 1
    if (last !== undefined) item.earlier.push(last)
    const published = { ...describeClaim(claim), tx, fee, feeratePerKw, why, replaced, status: 'waiting' } as const
    this.#handIn.publish(item, published, parents)
  }

  /**
   * What holds up the others of a joint transaction is taken apart from them, and they are taken without it at once: what another has
   * spent in a block, what another wants to spend that may do so by now, and what the channel no longer asks for.
   */
  #part(item: Item, height: BlockHeight): void {
    if (item.wanted.size < 2 || item.last?.status === 'confirmed') return
    for (const [key, { claim, askedAt }] of item.wanted) {
      if (item.askedAt - askedAt > BEHIND) {
        item.followed.get(key)?.unwatch()
        for (const known of [item.wanted, item.followed, item.spends, item.rivals]) known.delete(key)
        continue
      }
      const { contestedFrom } = claim.stakes
      const isContested = item.rivals.has(key) && contestedFrom !== undefined && contestedFrom <= height
      if (!isContested && !item.spends.has(key)) continue
      const alone = this.#item(item, nameOfClaim(claim.outpoint), [])
      alone.terms = item.terms
      this.#outputs.move(key, item, alone)
    }
    if (item.wanted.size > 0 || item.last?.status !== 'waiting') return
    this.#handIn.giveUp(item)
    this.#book.keep(item, { ...item.last, status: 'lost' })
  }

  #tellShortage(item: Item, claim: Claim, shortage: Shortage | undefined): void {
    const before = item.shortage
    item.shortage = shortage
    if (shortage === undefined || before !== undefined) return
    const { needed, available } = shortage
    const { purpose, deadline } = describeClaim(claim)
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
