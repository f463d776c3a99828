import { type Tx, txidOf } from '../bitcoin/transaction.ts'
import { outpointKey } from '../chain/outpoint-key.ts'
import { equalBytes } from '../lib/bytes.ts'
import type { TxId } from '../lib/ids.ts'
import type { DroppedTx } from './wallet.ts'
import type { WalletTx } from './wallet-tx.ts'

/** What the wallet knew and knows no more, with the transaction that spends one of its inputs instead. */
export const droppedTx = (record: WalletTx, seen: readonly Tx[]): DroppedTx => {
  const by = rivalAmong(record.tx, seen)
  return by === undefined ? { record } : { record, by }
}

const rivalAmong = (tx: Tx, seen: readonly Tx[]): TxId | undefined => {
  const inputs = new Set(tx.inputs.map(({ outpoint }) => outpointKey(outpoint)))
  const rival = seen.find((other) => other.inputs.some(({ outpoint }) => inputs.has(outpointKey(outpoint))))
  const txid = rival === undefined ? undefined : txidOf(rival)
  return txid === undefined || equalBytes(txid, txidOf(tx)) ? undefined : txid
}
