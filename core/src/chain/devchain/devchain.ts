import { type Block, decodeBlock, encodeBlock } from '../../bitcoin/block.ts'
import { FEERATE_FLOOR } from '../../bitcoin/fees.ts'
import { decodeTx, encodeTx, type Tx, type TxOutput, wtxidOf } from '../../bitcoin/transaction.ts'
import { fromHex, toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { invariant } from '../../lib/errors.ts'
import type { BlockHash, OutPoint, TxId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockHeight, FeeratePerKw } from '../../lib/units.ts'
import type { ChainBlock, MempoolTx } from '../chain-backend.ts'
import { mineBlock } from './block-assembly.ts'
import { BlockFile, type ChainRecord } from './block-file.ts'
import type { BlockRejection } from './block-rules.ts'
import { ChainState } from './chain-state.ts'
import type { Coin } from './coin.ts'
import { FAUCET_SCRIPT, payFromFaucet, type SpendableCoin } from './faucet.ts'
import { Mempool, type MempoolEntry } from './mempool.ts'
import type { TxRejection } from './tx-rejection.ts'
import { COINBASE_MATURITY, MAX_BLOCK_WEIGHT } from './tx-rules.ts'

export interface DevchainOptions {
  readonly clock: Clock
  /** Where the chain is kept; without it, it lives in memory. */
  readonly file?: string
  /** How many blocks a new chain starts with, all paid to the faucet; those 100 deep can be spent. */
  readonly initialBlocks?: number
}

export interface ReorganiseOptions {
  /** How many blocks are undone. */
  readonly depth: number
  /** How many blocks replace them; one more than `depth` unless said otherwise. */
  readonly blocks?: number
  /** The transactions of the undone blocks are lost instead of going back to the mempool. */
  readonly dropTransactions?: boolean
}

export interface FaucetEmpty {
  readonly code: 'faucet-empty'
}

/** `tip`: the best chain changed. `mempool`: a transaction came in. */
export type DevchainChange = 'tip' | 'mempool'

const INITIAL_BLOCKS = 150
const BLOCK_ROOM = MAX_BLOCK_WEIGHT - 4_000

/**
 * A regtest chain in the process, with bitcoind's rules for blocks, the mempool and the scripts of Lightning and wallets.
 * Every block it mines is one that bitcoind accepts.
 */
export class Devchain {
  readonly #clock: Clock
  readonly #chain = new ChainState()
  readonly #mempool = new Mempool(this.#chain)
  readonly #listeners = new Set<(change: DevchainChange) => void>()
  /** The transactions whose witnesses are known to be good. */
  readonly #verified = new Set<string>()
  readonly #file: BlockFile | undefined
  #blocksEver = 0
  #blockMinimum: FeeratePerKw = 0

  private constructor({ clock, file, initialBlocks = INITIAL_BLOCKS }: DevchainOptions) {
    this.#clock = clock
    this.#file = file === undefined ? undefined : BlockFile.open(file, (record) => this.#replay(record))
    if (this.#blocksEver === 0 && initialBlocks > 0) this.mine(initialBlocks)
  }

  /** Goes on with the chain in the file, or starts one. */
  static open(options: DevchainOptions): Devchain {
    return new Devchain(options)
  }

  /** Closes the file. */
  close(): void {
    this.#listeners.clear()
    this.#file?.close()
  }

  get clock(): Clock {
    return this.#clock
  }

  get tip(): ChainBlock {
    return this.#chain.tip
  }

  get mempool(): readonly MempoolEntry[] {
    return this.#mempool.entries
  }

  /** What it takes to get into a block. */
  get feerate(): FeeratePerKw {
    return Math.max(FEERATE_FLOOR, this.#blockMinimum)
  }

  /** From now on blocks hold nothing that pays less than `block`, and the mempool keeps nothing that pays less than `mempool`. */
  setFees({ block, mempool }: { readonly block: FeeratePerKw; readonly mempool: FeeratePerKw }): void {
    this.#blockMinimum = block
    this.#mempool.minimum = mempool
  }

  /** What it takes to get into the mempool, beyond the relay fee. */
  get mempoolMinimum(): FeeratePerKw {
    return this.#mempool.minimum
  }

  blockAt(height: BlockHeight): ChainBlock | undefined {
    return this.#chain.blockAt(height)
  }

  /** Any block ever on the tip. */
  blockOf(hash: BlockHash): ChainBlock | undefined {
    return this.#chain.blockOf(hash)
  }

  isInBestChain(block: ChainBlock): boolean {
    return this.#chain.isInBestChain(block)
  }

  medianTimePastAt(height: BlockHeight): number {
    return this.#chain.medianTimePastAt(height)
  }

  /** An unspent output of the chain, spends in the mempool aside. */
  coin(outpoint: OutPoint): Coin | undefined {
    return this.#chain.coin(outpoint)
  }

  mempoolEntry(txid: TxId): MempoolEntry | undefined {
    return this.#mempool.get(txid)
  }

  mempoolPackage(txid: TxId): MempoolTx | undefined {
    const [entry, ...ancestors] = this.#mempool.packageOf(txid)
    if (entry === undefined) return undefined
    const all = [entry, ...ancestors]
    const fee = all.reduce((sum, each) => sum + each.fee, 0n)
    return { tx: entry.tx, ancestors: { fee, weight: 4 * all.reduce((sum, { vsize }) => sum + vsize, 0) } }
  }

  mempoolSpender(outpoint: OutPoint): MempoolEntry | undefined {
    return this.#mempool.spenderOf(outpoint)
  }

  /** Whether the mempool would take the transaction. */
  testTx(tx: Tx): Result<MempoolEntry, TxRejection> {
    return this.#mempool.test(tx)
  }

  /** Takes a transaction into the mempool. */
  submitTx(tx: Tx): Result<MempoolEntry, TxRejection> {
    const verdict = this.#mempool.accept(tx)
    if (verdict.ok) this.#entered([verdict.value])
    return verdict
  }

  /** Takes parents and their child into the mempool; one verdict for each. */
  submitPackage(txs: readonly Tx[]): Result<MempoolEntry, TxRejection>[] {
    const before = new Set(this.#mempool.entries)
    const verdicts = this.#mempool.acceptPackage(txs)
    this.#entered(this.#mempool.entries.filter((entry) => !before.has(entry)))
    return verdicts
  }

  /** Puts a block made elsewhere on the tip. */
  submitBlock(block: Block): Result<ChainBlock, BlockRejection> {
    const connected = this.#connect(block)
    if (connected.ok) this.#changed('tip')
    return connected
  }

  /** Mines blocks with what the mempool holds, paid to `script`. */
  mine(count: number, script: Uint8Array = FAUCET_SCRIPT): ChainBlock[] {
    const blocks = Array.from({ length: count }, () => this.#mineOne(script))
    if (count > 0) this.#changed('tip')
    return blocks
  }

  /** Undoes blocks and mines others in their place. Listeners see but the end of it. */
  reorganise({ depth, blocks = depth + 1, dropTransactions = false }: ReorganiseOptions): void {
    invariant(depth < this.tip.height, 'the chain is longer than what is undone')
    const undone = Array.from({ length: depth }, () => this.#disconnect(dropTransactions)).reverse()
    this.#mempool.refill(dropTransactions ? [] : undone.flatMap(({ txs }) => txs.slice(1)))
    for (let i = 0; i < blocks; i++) this.#mineOne(FAUCET_SCRIPT)
    this.#changed('tip')
  }

  /** Pays outputs out of the coinbases that mining gave the faucet; the transaction waits in the mempool. */
  fund(outputs: readonly TxOutput[]): Result<Tx, FaucetEmpty> {
    const tx = payFromFaucet(this.#faucetCoins(), outputs)
    if (tx === undefined) return err({ code: 'faucet-empty' })
    const accepted = this.submitTx(tx)
    invariant(accepted.ok, 'the chain takes what the faucet pays')
    return ok(tx)
  }

  /** Tells of changes after they have happened. Returns what ends it. */
  onChange(listener: (change: DevchainChange) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #changed(change: DevchainChange): void {
    for (const listener of this.#listeners) listener(change)
  }

  #entered(entries: readonly MempoolEntry[]): void {
    for (const { tx, wtxid } of entries) {
      this.#verified.add(toHex(wtxid))
      this.#file?.append({ type: 'tx', payload: encodeTx(tx) })
    }
    if (entries.length > 0) this.#changed('mempool')
  }

  #mineOne(script: Uint8Array): ChainBlock {
    const { height, medianTimePast } = this.#chain.nextPlace
    const entries = this.#selected()
    const block = mineBlock({
      previous: this.tip.hash,
      height,
      time: Math.max(medianTimePast + 1, Math.floor(this.#clock.now() / 1000)),
      txs: entries.map(({ tx }) => tx),
      fees: entries.reduce((sum, { fee }) => sum + fee, 0n),
      script,
      extraNonce: this.#blocksEver,
    })
    const connected = this.#connect(block)
    invariant(connected.ok, 'a block made of valid transactions is valid')
    return connected.value
  }

  // Parents stand first, so what fits in front of the limit never lacks one.
  #selected(): MempoolEntry[] {
    let room = BLOCK_ROOM
    const minimum = this.#blockMinimum
    const entries = minimum === 0 ? this.#mempool.entries : this.#mempool.paying(minimum)
    const end = entries.findIndex(({ vsize }) => {
      room -= vsize * 4
      return room < 0
    })
    return end === -1 ? [...entries] : entries.slice(0, end)
  }

  #connect(block: Block): Result<ChainBlock, BlockRejection> {
    const connected = this.#chain.connect(block, (tx) => this.#verified.has(toHex(wtxidOf(tx))))
    if (!connected.ok) return connected
    this.#blocksEver++
    this.#mempool.removeForBlock(connected.value.txs, connected.value.txids)
    for (const tx of block.txs) this.#verified.add(toHex(wtxidOf(tx)))
    this.#file?.append({ type: 'block', payload: encodeBlock(block) })
    return connected
  }

  #disconnect(dropTransactions: boolean): ChainBlock {
    this.#file?.append({ type: 'disconnect', payload: Uint8Array.of(dropTransactions ? 1 : 0) })
    return this.#chain.disconnect()
  }

  #faucetCoins(): SpendableCoin[] {
    const height = this.tip.height + 1
    const coins: SpendableCoin[] = []
    for (const { key, coin } of this.#chain.coinsOf(FAUCET_SCRIPT)) {
      const [txid = '', index = ''] = key.split(':')
      const outpoint = { txid: fromHex(txid), index: Number(index) }
      if (coin.isCoinbase && height - coin.height < COINBASE_MATURITY) continue
      if (this.#mempool.spenderOf(outpoint) === undefined) coins.push({ ...coin, outpoint })
    }
    return coins
  }

  // What the file holds was checked when it was written: it is a cache of this process's own decisions.
  #replay({ type, payload }: ChainRecord): void {
    switch (type) {
      case 'block': {
        const block = decodeBlock(payload)
        invariant(block.ok, 'a stored block decodes')
        const connected = this.#chain.connect(block.value, () => true)
        invariant(connected.ok, 'a stored block is valid')
        this.#blocksEver++
        this.#mempool.removeForBlock(connected.value.txs, connected.value.txids)
        return
      }
      case 'disconnect': {
        const { txs } = this.#chain.disconnect()
        this.#mempool.refill(payload[0] === 1 ? [] : txs.slice(1))
        return
      }
      case 'tx': {
        const tx = decodeTx(payload)
        invariant(tx.ok, 'a stored transaction decodes')
        this.#mempool.accept(tx.value, { areScriptsKnown: true })
        return
      }
    }
  }
}
