import { displayTxid, txidOf } from '../../bitcoin/transaction.ts'
import type { PublishedTx } from './publication-row.ts'

/** What the contract shows of a published transaction, in its event and with its channel. */
export const publishedFacts = ({ tx, purpose, fee, feeratePerKw, why, deadline }: PublishedTx) => ({
  txid: displayTxid(txidOf(tx)),
  purpose,
  feeSat: fee,
  feerate: feeratePerKw,
  reason: why,
  ...(deadline === undefined ? {} : { deadline }),
})
