import { encodeTx, type Tx } from '../../../core/src/bitcoin/transaction.ts'
import { rejectReason, type TxRejection } from '../../../core/src/chain/devchain/tx-rejection.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import type { Result } from '../../../core/src/lib/result.ts'
import type { RunningBitcoind } from './bitcoind.ts'

/** The devchain keeps to the relay fee that all versions from 28 on take; later ones ask for less by default. */
export const RELAY_FEES = ['-minrelaytxfee=0.00001', '-incrementalrelayfee=0.00001']

/** A part of how bitcoind words the verdict: without the flag's name, and without the item at fault, which differ from version to version. */
export const wordsOf = (verdict: Result<unknown, TxRejection>): string => {
  if (verdict.ok) return 'valid'
  const { error } = verdict
  if (error.code === 'missing-inputs') return 'missing'
  if (error.code === 'package-topology') return 'package topology disallowed'
  if (error.code === 'witness-nonstandard') return 'bad-witness-'
  return rejectReason(error).replace(/^mandatory-script-verify-flag-failed /, '')
}

/** What bitcoind would say to a transaction. */
export const verdictOfBitcoind = async ({ rpc }: RunningBitcoind, tx: Tx): Promise<string> => {
  // What cannot be read at all is an error of the call: then that is what is compared.
  const answers = await rpc<readonly Verdict[]>('testmempoolaccept', [[toHex(encodeTx(tx))]]).catch(String)
  if (typeof answers === 'string') return answers
  return answers[0]?.allowed === true ? 'valid' : (answers[0]?.['reject-reason'] ?? 'no answer')
}

interface Verdict {
  readonly allowed: boolean
  readonly 'reject-reason'?: string
}
