import { toHex } from '../lib/bytes.ts'
import type { OutPoint, TxId } from '../lib/ids.ts'
import type { WalletTx } from './wallet-tx.ts'

type Lookup = (txid: TxId) => WalletTx | undefined

/** Each transaction after those of the others whose outputs it spends. */
export const parentsFirst = (records: readonly WalletTx[]): readonly WalletTx[] => {
  const waiting = new Map(records.map((record) => [toHex(record.txid), record]))
  return withParents(records, (txid) => waiting.get(toHex(txid)))
}

/** What has to be in a block before these outputs can be spent: what made them, and what that was built on, as far as it is ours and in none. */
export const undoneMakers = (outpoints: readonly OutPoint[], transaction: Lookup): readonly WalletTx[] => {
  const makerOf: Lookup = (txid) => {
    const made = transaction(txid)
    return made !== undefined && made.height === undefined && made.spent > 0n ? made : undefined
  }
  return withParents(
    outpoints.flatMap(({ txid }) => makerOf(txid) ?? []),
    makerOf,
  )
}

const withParents = (records: readonly WalletTx[], parentOf: Lookup): readonly WalletTx[] => {
  const ordered = new Map<string, WalletTx>()
  const visit = (record: WalletTx): void => {
    const name = toHex(record.txid)
    if (ordered.has(name)) return
    for (const { outpoint } of record.tx.inputs) {
      const parent = parentOf(outpoint.txid)
      if (parent !== undefined) visit(parent)
    }
    ordered.set(name, record)
  }
  for (const record of records) visit(record)
  return [...ordered.values()]
}
