import type { ActorRef } from '../../../core/src/actor/types.ts'
import { formatOutPoint, type Tx, txidOf } from '../../../core/src/bitcoin/transaction.ts'
import {
  type BlockFollower,
  type BlockSource,
  firstHeight,
  followBlocks,
} from '../../../core/src/chain/block-follower.ts'
import type { ChainBackend, ChainBlock } from '../../../core/src/chain/chain-backend.ts'
import type { ChainCursor } from '../../../core/src/chain/cursor-keeper.ts'
import { type ChainWatcher, chainWatcher } from '../../../core/src/chain/watcher.ts'
import {
  type ChainInput,
  type Durable,
  decodeChannel,
  type Effect,
  encodeChannel,
  heedsBlocks,
  isStored,
  resume,
} from '../../../core/src/channel/index.ts'
import { completeSpend } from '../../../core/src/channel/transitions/common/publications.ts'
import type { TestParty } from '../../../core/src/channel/transitions/fixtures/test-party.ts'
import { sha256 } from '../../../core/src/crypto/hashes.ts'
import { toHex, utf8Encode } from '../../../core/src/lib/bytes.ts'
import { currentHeight } from '../../../core/src/node/chain/current-height.ts'
import type { ChannelProtocol } from '../../../core/src/node/channel/channel-protocol.ts'
import type { ChannelServices } from '../../../core/src/node/channel/channel-services.ts'
import { ChannelWatches } from '../../../core/src/node/channel/channel-watches.ts'

/** The first block of the chain; what is below it is not looked at. */
const FIRST = 800

/** A chain of transactions that nobody verifies, except for conflicts, parents and timelocks. */
export class LooseChain implements BlockSource {
  readonly blocks: ChainBlock[] = []
  #made = 0

  constructor(height: number) {
    while (this.height < height) this.#add([])
  }

  get height(): number {
    return FIRST + this.blocks.length - 1
  }

  at(height: number): ChainBlock | undefined {
    return this.blocks[height - FIRST]
  }

  tip(): Promise<ChainBlock> {
    return Promise.resolve(this.blocks.at(-1) as ChainBlock)
  }

  hashAt(height: number): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.at(height)?.hash)
  }

  block(_: Uint8Array, height: number): Promise<ChainBlock | undefined> {
    return Promise.resolve(this.at(height))
  }

  /** Mines a block with those of the transactions that it can hold. */
  mine(candidates: readonly Tx[]): void {
    const chosen: Tx[] = []
    const heights = new Map<string, number>()
    const spent = new Set<string>()
    for (const { txs, height } of this.blocks) {
      for (const tx of txs) {
        heights.set(toHex(txidOf(tx)), height)
        for (const { outpoint } of tx.inputs) spent.add(formatOutPoint(outpoint))
      }
    }
    for (let isNew = true; isNew; ) {
      isNew = false
      for (const tx of candidates) {
        if (!this.#fits(tx, heights, spent)) continue
        isNew = true
        chosen.push(tx)
        heights.set(toHex(txidOf(tx)), this.height + 1)
        for (const { outpoint } of tx.inputs) spent.add(formatOutPoint(outpoint))
      }
    }
    this.#add(chosen)
  }

  undo(depth: number): readonly Tx[] {
    return this.blocks.splice(this.blocks.length - depth).flatMap(({ txs }) => txs)
  }

  #fits(tx: Tx, heights: ReadonlyMap<string, number>, spent: ReadonlySet<string>): boolean {
    const next = this.height + 1
    // The commitments' lock times are no heights.
    if (tx.lockTime < 500_000_000 && tx.lockTime >= next) return false
    return tx.inputs.every(({ outpoint, sequence }, i) => {
      if (spent.has(formatOutPoint(outpoint))) return false
      const parent = heights.get(toHex(outpoint.txid))
      // The input of a wallet, or the funding.
      if (parent === undefined) return i > 0 || isFundingOf(outpoint.txid, this.funding)
      return sequence >= 0x8000_0000 || next - parent >= (sequence & 0xffff)
    })
  }

  /** The transaction whose outputs may be spent without being in a block of this chain. */
  funding: Uint8Array = new Uint8Array(32)

  #add(txs: readonly Tx[]): void {
    const previous = this.blocks.at(-1)?.hash ?? new Uint8Array(32)
    const hash = sha256(utf8Encode(`block ${this.#made++}`))
    const header = { version: 4, previous, merkleRoot: hash, time: 0, bits: 0, nonce: 0 }
    this.blocks.push({ height: FIRST + this.blocks.length, hash, header, txs, txids: txs.map(txidOf) })
  }
}

const isFundingOf = (txid: Uint8Array, funding: Uint8Array): boolean => toHex(txid) === toHex(funding)

class Crash extends Error {}

/** When the process ends: before the step of so many inputs from now is on the disk, or after, and before anything of it has left. */
export interface CrashPoint {
  readonly after: number
  readonly isStored: boolean
}

/** One channel of a node that follows the chain with the node's own watcher, and ends at any point. */
export class WatchingChannel {
  readonly party: TestParty
  readonly #chain: LooseChain
  /** What was told of each HTLC, in this order. */
  readonly outcomes: string[] = []
  /** What was published, by txid. */
  readonly published = new Map<string, Tx>()
  readonly events: string[] = []
  #stored: Durable
  #cursor: ChainCursor
  #crash: CrashPoint | undefined
  #life: { follower: BlockFollower | undefined; watcher: ChainWatcher; watches: ChannelWatches } | undefined

  constructor(party: TestParty, chain: LooseChain) {
    this.party = party
    this.#chain = chain
    this.#stored = party.stored
    const tip = chain.at(chain.height) as ChainBlock
    const followed = chain.blocks.slice(-145).map(({ height, hash }) => ({ height, hash }))
    this.#cursor = { height: tip.height, hash: tip.hash, followed }
  }

  get phase(): string {
    return this.#stored.phase
  }

  /** The state on the disk, read back. */
  get durable(): Durable {
    const { channelRow, htlcRows } = encodeChannel(undefined, this.#stored)
    const read = decodeChannel(channelRow, htlcRows)
    if (!read.ok) throw new Error(read.error.code)
    return read.value
  }

  crashAt(point: CrashPoint): void {
    this.#crash = point
  }

  /** Ends this life in order; the next begins with the next look. */
  stop(): void {
    this.#life = undefined
  }

  /** Handles what has changed on the chain, over as many lives as it takes. */
  async look(): Promise<void> {
    for (let life = 0; life < 10; life++) {
      if (this.#life === undefined) await this.#start()
      await this.#life?.follower?.look()
      if (this.#life !== undefined) return
    }
    throw new Error('crashes again and again')
  }

  async #start(): Promise<void> {
    this.party.state = { durable: this.durable }
    if (this.phase === 'closed') return
    const backend = {
      start: async (following: Parameters<ChainBackend['start']>[0]) => {
        const tip = await this.#chain.tip()
        const follower = followBlocks(this.#chain, { ...following, fromHeight: firstHeight(following, tip) })
        if (this.#life !== undefined) this.#life.follower = follower
        return { ok: true, value: tip } as const
      },
      stop: async () => {},
      tip: () => this.#chain.at(this.#chain.height) as ChainBlock,
      getBlock: async (height: number) => this.#chain.at(height),
      mempoolSpenders: async (asked: readonly unknown[]) => asked.map(() => undefined),
      getUtxo: async () => undefined,
    } as unknown as ChainBackend
    const watcher = chainWatcher({
      backend,
      cursor: {
        load: () => this.#cursor,
        save: (cursor) => {
          this.#cursor = cursor
        },
      },
      onFailed: (error) => {
        if (!(error instanceof Crash)) throw error
        this.#life = undefined
      },
    })
    const height = currentHeight(watcher, backend)
    const services = { watcher, height, store: { flush: async () => {} } } as unknown as ChannelServices
    const channel = {
      ask: async (_: string, input: ChainInput) => this.#input(input, height),
    } as unknown as ActorRef<ChannelProtocol>
    const watches = new ChannelWatches(services, channel, () => {})
    this.#life = { watcher, watches, follower: undefined }
    this.#setHeight(height())
    this.#perform(resume(this.party.state, this.party.env))
    watches.height(() => heedsBlocks(this.party.state.durable))
    await watcher.start()
  }

  #setHeight(height: number): void {
    this.party.env = { ...this.party.env, height }
  }

  #input(input: ChainInput, height: () => number): void {
    // What a process that has ended had in its mailbox.
    if (this.#life === undefined) throw new Crash()
    const crash = this.#crash
    if (crash !== undefined) this.#crash = { ...crash, after: crash.after - 1 }
    const isLast = crash !== undefined && crash.after <= 0
    if (isLast) this.#crash = undefined
    if (isLast && !crash.isStored) throw new Crash()
    this.#setHeight(height())
    const effects = this.party.run(input)
    const { durable } = this.party.state
    if (!isStored(durable)) throw new Error(durable.phase)
    this.#stored = durable
    for (const effect of effects) {
      if (effect.type === 'settle') this.outcomes.push(`${effect.htlcId} ${effect.outcome.type}`)
    }
    if (isLast) throw new Crash()
    this.#perform(effects)
  }

  #perform(effects: readonly Effect[]): void {
    for (const effect of effects) this.#performOne(effect)
  }

  #performOne(effect: Effect): void {
    const watches = this.#life?.watches
    switch (effect.type) {
      case 'publish': {
        const { publication } = effect
        if (effect.purpose === 'anchor') return
        const tx =
          publication.type === 'claim'
            ? publication.claim.tx
            : completeSpend(publication, this.party.signWithFundingKey)
        this.published.set(toHex(txidOf(tx)), tx)
        return
      }
      case 'watch-confirmed':
        watches?.confirmed(effect, 900, false)
        return
      case 'watch-spent':
        watches?.spent(effect, 900, false, false)
        return
      case 'emit':
        this.events.push(effect.event.type === 'error' ? effect.event.error.code : effect.event.type)
        return
      default:
    }
  }
}
