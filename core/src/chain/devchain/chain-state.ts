import { type Block, blockHashOf } from '../../bitcoin/block.ts'
import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import type { BlockHash, OutPoint, TxId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { ChainBlock } from '../chain-backend.ts'
import { outpointKey } from '../outpoint-key.ts'
import { type BlockRejection, checkBlock, subsidyAt } from './block-rules.ts'
import type { Coin, CoinView, TxPlace } from './coin.ts'
import { GENESIS } from './genesis.ts'
import { areSequenceLocksMet, checkAmounts, checkScripts, isCoinbaseTx, isFinal } from './tx-rules.ts'

interface StoredBlock extends ChainBlock {
  readonly block: Block
  readonly medianTimePast: number
}

interface Connected extends StoredBlock {
  /** What the block's transactions spent, in order. */
  readonly spent: readonly (readonly [key: string, coin: Coin])[]
}

const MEDIAN_SPAN = 11

/** The best chain, its unspent outputs, and the blocks that fell out of it. Blocks come in through `connect`. */
export class ChainState implements CoinView {
  readonly #chain: Connected[] = []
  readonly #known = new Map<string, StoredBlock>()
  readonly #coins = new Map<string, Coin>()

  constructor() {
    const block = GENESIS
    const [coinbase] = block.txs
    invariant(coinbase !== undefined, 'the genesis block has a transaction')
    // Its coinbase was never spendable.
    this.#append(this.#stored(block, 0), [])
  }

  get tip(): ChainBlock {
    return this.#top
  }

  /** Where a transaction of the next block would stand. */
  get nextPlace(): TxPlace {
    const { height, medianTimePast } = this.#top
    return { height: height + 1, medianTimePast, medianTimePastOf: (at) => this.#at(at).medianTimePast }
  }

  coin(outpoint: OutPoint): Coin | undefined {
    return this.#coins.get(outpointKey(outpoint))
  }

  blockAt(height: BlockHeight): ChainBlock | undefined {
    return this.#chain[height]
  }

  /** Any block ever connected, in the best chain or not. */
  blockOf(hash: BlockHash): ChainBlock | undefined {
    return this.#known.get(toHex(hash))
  }

  medianTimePastAt(height: BlockHeight): number {
    return this.#at(height).medianTimePast
  }

  isInBestChain(block: ChainBlock): boolean {
    const there = this.#chain[block.height]
    return there !== undefined && equalBytes(there.hash, block.hash)
  }

  /** Every unspent output of a script. */
  *coinsOf(script: Uint8Array): Generator<{ readonly key: string; readonly coin: Coin }> {
    for (const [key, coin] of this.#coins) if (equalBytes(coin.script, script)) yield { key, coin }
  }

  /** Puts a block on the tip. `areScriptsKnown`: its witnesses need not be checked again. */
  connect(block: Block, areScriptsKnown: (tx: Tx) => boolean): Result<ChainBlock, BlockRejection> {
    const stored = this.#stored(block, this.tip.height + 1)
    const headerRejection = checkBlock(block, stored, this.#top)
    if (headerRejection !== undefined) return err(headerRejection)

    const place = this.nextPlace
    const overlay = new Map<string, Coin | undefined>()
    const spent: (readonly [string, Coin])[] = []
    let fees = 0n
    for (const [i, tx] of block.txs.entries()) {
      if (!isFinal(tx, place)) return err({ code: 'bad-txns-nonfinal' })
      if (!isCoinbaseTx(tx)) {
        const keys = tx.inputs.map(({ outpoint }) => outpointKey(outpoint))
        const coins = keys.map((key) => (overlay.has(key) ? overlay.get(key) : this.#coins.get(key)))
        if (!coins.every((coin) => coin !== undefined)) return err({ code: 'bad-tx', tx: { code: 'missing-inputs' } })
        const fee = checkAmounts(tx, coins, place)
        if (!fee.ok) return err({ code: 'bad-tx', tx: fee.error })
        if (!areSequenceLocksMet(tx, coins, place)) return err({ code: 'bad-txns-nonfinal' })
        const rejection = areScriptsKnown(tx) ? undefined : checkScripts(tx, coins)
        if (rejection !== undefined) return err({ code: 'bad-tx', tx: rejection })
        fees += fee.value
        for (const [j, key] of keys.entries()) {
          overlay.set(key, undefined)
          spent.push([key, coins[j] as Coin])
        }
      }
      const isCoinbase = i === 0
      for (const [index, output] of tx.outputs.entries()) {
        const key = outpointKey({ txid: stored.txids[i] as TxId, index })
        overlay.set(key, { ...output, height: stored.height, isCoinbase })
      }
    }
    const claimed = (block.txs[0] as Tx).outputs.reduce((sum, { amount }) => sum + amount, 0n)
    if (claimed > fees + subsidyAt(stored.height)) return err({ code: 'bad-cb-amount' })

    for (const [key, coin] of overlay) {
      if (coin === undefined) this.#coins.delete(key)
      else this.#coins.set(key, coin)
    }
    this.#append(stored, spent)
    return ok(stored)
  }

  /** Takes the tip away and gives it back; the genesis block stays. */
  disconnect(): ChainBlock {
    invariant(this.#chain.length > 1, 'the genesis block stays')
    const top = this.#chain.pop() as Connected
    for (const [i, tx] of top.txs.entries()) {
      for (let index = 0; index < tx.outputs.length; index++) {
        this.#coins.delete(outpointKey({ txid: top.txids[i] as TxId, index }))
      }
    }
    for (const [key, coin] of top.spent) {
      // An output made and spent in this very block is gone with it.
      if (coin.height < top.height) this.#coins.set(key, coin)
    }
    return top
  }

  get #top(): Connected {
    return this.#chain.at(-1) as Connected
  }

  #at(height: BlockHeight): Connected {
    const block = this.#chain[height]
    invariant(block !== undefined, 'the height is within the chain')
    return block
  }

  #append(stored: StoredBlock, spent: Connected['spent']): void {
    const connected = { ...stored, spent }
    this.#chain.push(connected)
    this.#known.set(toHex(stored.hash), connected)
  }

  #stored(block: Block, height: BlockHeight): StoredBlock {
    const times = this.#chain.slice(-(MEDIAN_SPAN - 1)).map(({ header }) => header.time)
    const sorted = [...times, block.header.time].sort((a, b) => a - b)
    return {
      block,
      height,
      hash: blockHashOf(block.header),
      header: block.header,
      txs: block.txs,
      txids: block.txs.map(txidOf),
      medianTimePast: sorted[sorted.length >> 1] as number,
    }
  }
}
