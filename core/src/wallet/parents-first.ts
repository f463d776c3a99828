import type { Tx } from '../bitcoin/transaction.ts'
import { toHex } from '../lib/bytes.ts'
import type { WalletTx } from './wallet-tx.ts'

/** Each transaction after those of the others whose outputs it spends. */
export const parentsFirst = (records: readonly WalletTx[]): readonly Tx[] => {
  const waiting = new Map(records.map((record) => [toHex(record.txid), record.tx]))
  const ordered = new Set<Tx>()
  const visit = (tx: Tx): void => {
    for (const { outpoint } of tx.inputs) {
      const parent = waiting.get(toHex(outpoint.txid))
      if (parent !== undefined) visit(parent)
    }
    ordered.add(tx)
  }
  for (const tx of waiting.values()) visit(tx)
  return [...ordered]
}
