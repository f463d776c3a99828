import type { Tx } from '../../bitcoin/transaction.ts'
import { EMPTY } from '../../lib/bytes.ts'
import type { TxId } from '../../lib/ids.ts'
import { type FeeratePerKw, msatToSatFloor, type Sat } from '../../lib/units.ts'
import type { CommitmentKeys } from './commitment-keys.ts'
import type { CommitmentParams } from './commitment-params.ts'
import { htlcTransactionFee, type SpecHtlc } from './commitment-spec.ts'
import type { OutputLock } from './output-lock.ts'
import type { SigningTask } from './signing-task.ts'

/** An untrimmed HTLC: its output, and the transaction by which the commitment's owner resolves it. */
export interface HtlcTransaction {
  readonly htlc: SpecHtlc
  /** Of the commitment transaction. */
  readonly outputIndex: number
  /** The amount of that output. */
  readonly amount: Sat
  /** Of that output. */
  readonly lock: OutputLock
  /** The unsigned HTLC-timeout (offered) or HTLC-success (received) transaction. */
  readonly tx: Tx
  /** What the other side signs for `commitment_signed`, with its HTLC key of this commitment. */
  readonly task: SigningTask
}

interface HtlcTransactionInput {
  readonly commitmentTxid: TxId
  readonly outputIndex: number
  readonly htlc: SpecHtlc
  readonly lock: OutputLock
  readonly feeratePerKw: FeeratePerKw
}

/** BOLT 3, HTLC-timeout and HTLC-success transactions. */
export const htlcTransaction = (
  params: CommitmentParams,
  keys: CommitmentKeys,
  { commitmentTxid, outputIndex, htlc, lock, feeratePerKw }: HtlcTransactionInput,
): HtlcTransaction => {
  const { format } = params
  const amount = msatToSatFloor(htlc.amountMsat)
  const tx: Tx = {
    version: format.htlcTransactionVersion,
    inputs: [
      {
        outpoint: { txid: commitmentTxid, index: outputIndex },
        sequence: format.leastDelay,
        scriptSig: EMPTY,
        witness: [],
      },
    ],
    outputs: [
      {
        amount: amount - htlcTransactionFee(format, htlc.direction, feeratePerKw),
        script: format.locks(params, keys).htlcTransaction.outputScript,
      },
    ],
    lockTime: htlc.direction === 'offered' ? htlc.cltvExpiry : 0,
  }
  return {
    htlc,
    outputIndex,
    amount,
    lock,
    tx,
    task: format.htlcTask(tx, { lock, amount }),
  }
}
