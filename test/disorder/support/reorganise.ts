import { formatOutPoint, type Tx, txidOf } from '../../../core/src/bitcoin/transaction.ts'
import type { Devchain } from '../../../core/src/chain/devchain/devchain.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import { seededRng } from '../../../core/src/lib/rng.ts'
import type { JointClaims } from './joint-claims.ts'

/** Another branch of the chain. */
export interface Reorganisation {
  /** So many blocks are undone, and one more takes their place. */
  readonly depth: number
  /** How many of the nodes' undone transactions wait for a block again, in thousandths. */
  readonly kept: number
  /** For how many a rival comes into the new branch: another transaction for the same coin that somebody had handed in. */
  readonly rivals: number
  /** The new branch begins with so many blocks without a transaction. */
  readonly empty: number
  /** Decides which. */
  readonly draw: number
}

/** What everybody has ever handed in, also if it was not taken: by the coins that it spends. */
export class HandedIn {
  readonly #spends = new Map<string, Map<string, Tx>>()

  add(tx: Tx): void {
    const txid = toHex(txidOf(tx))
    for (const { outpoint } of tx.inputs) {
      const name = formatOutPoint(outpoint)
      const spends = this.#spends.get(name) ?? new Map<string, Tx>()
      this.#spends.set(name, spends.set(txid, tx))
    }
  }

  has(tx: Tx): boolean {
    const [input] = tx.inputs
    return input !== undefined && this.#spends.get(formatOutPoint(input.outpoint))?.has(toHex(txidOf(tx))) === true
  }

  /** Those of which only one can be in the chain. */
  rivalsOf(tx: Tx): readonly Tx[] {
    const own = toHex(txidOf(tx))
    const rivals = new Map<string, Tx>()
    for (const { outpoint } of tx.inputs) {
      for (const [txid, rival] of this.#spends.get(formatOutPoint(outpoint)) ?? []) {
        if (txid !== own) rivals.set(txid, rival)
      }
    }
    return [...rivals.values()]
  }
}

/** No transaction pays this. */
const UNPAYABLE = 1_000_000_000

/** Undoes blocks and mines others in their place. What nodes have handed in may be lost by it; what gave them their coins is not. */
export const reorganise = (
  chain: Devchain,
  { handedIn, joint }: { readonly handedIn: HandedIn; readonly joint: JointClaims },
  { depth, kept, rivals, empty, draw }: Reorganisation,
  note: (line: string) => void,
): void => {
  const rng = seededRng(draw)
  const undone: Tx[] = []
  for (let height = chain.tip.height - depth + 1; height <= chain.tip.height; height++) {
    undone.push(...(chain.blockAt(height)?.txs.slice(1) ?? []))
  }
  chain.reorganise({ depth, blocks: 0, dropTransactions: true })
  for (const tx of undone) {
    joint.undone(tx)
    const others = handedIn.rivalsOf(tx)
    const rival = rng.below(1_000) < rivals ? others[rng.below(Math.max(others.length, 1))] : undefined
    const isKept = rng.below(1_000) < kept || !handedIn.has(tx)
    const next = rival ?? (isKept ? tx : undefined)
    const taken = next !== undefined && chain.submitTx(next).ok
    note(
      `undone: ${toHex(txidOf(tx))}; ${rival === undefined ? 'itself' : 'a rival'} ${taken ? 'waits again' : 'does not'}`,
    )
  }
  const blank = Math.min(empty, depth)
  const { feerate, mempoolMinimum: mempool } = chain
  chain.setFees({ block: UNPAYABLE, mempool })
  chain.mine(blank)
  chain.setFees({ block: feerate, mempool })
  chain.mine(depth + 1 - blank)
}
