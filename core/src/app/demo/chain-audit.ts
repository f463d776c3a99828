import { formatOutPoint, type Tx } from '../../bitcoin/transaction.ts'
import type { Devchain } from '../../chain/devchain/devchain.ts'
import { invariant } from '../../lib/errors.ts'
import type { OutPoint } from '../../lib/ids.ts'

/** What the chain itself shows, read from its blocks and not from the nodes. */
export interface ChainAudit {
  /** The sum of the fees of all transactions in blocks above `height`. */
  feesSinceSat(height: number): bigint
  /** The fee of the transaction that spends an output. */
  spendOf(outpoint: OutPoint): { readonly tx: Tx; readonly feeSat: bigint } | undefined
}

/** Reads the best chain once. */
export const auditChain = (chain: Devchain): ChainAudit => {
  const outputs = new Map<string, bigint>()
  const spends = new Map<string, { readonly tx: Tx; readonly height: number }>()
  const transactions: { readonly tx: Tx; readonly height: number }[] = []
  for (let height = 0; height <= chain.tip.height; height++) {
    const block = chain.blockAt(height)
    invariant(block !== undefined, 'the chain has every block up to its tip')
    block.txs.forEach((tx, place) => {
      const txid = block.txids[place]
      invariant(txid !== undefined, 'each transaction of a block has its id beside it')
      for (const [index, { amount }] of tx.outputs.entries()) outputs.set(formatOutPoint({ txid, index }), amount)
      // The coinbase spends no earlier output.
      if (place === 0) return
      transactions.push({ tx, height })
      for (const { outpoint } of tx.inputs) spends.set(formatOutPoint(outpoint), { tx, height })
    })
  }
  const feeOf = (tx: Tx): bigint => {
    const paidIn = tx.inputs.reduce((sum, { outpoint }) => sum + (outputs.get(formatOutPoint(outpoint)) ?? 0n), 0n)
    return tx.outputs.reduce((rest, { amount }) => rest - amount, paidIn)
  }
  return {
    feesSinceSat: (height) =>
      transactions.reduce((sum, { tx, height: at }) => (at > height ? sum + feeOf(tx) : sum), 0n),
    spendOf(outpoint) {
      const spend = spends.get(formatOutPoint(outpoint))
      return spend && { tx: spend.tx, feeSat: feeOf(spend.tx) }
    },
  }
}
