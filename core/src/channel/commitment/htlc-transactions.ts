import { SIGHASH_ALL, segwitV0Sighash } from '../../bitcoin/sighash.ts'
import type { Tx } from '../../bitcoin/transaction.ts'
import { EMPTY } from '../../lib/bytes.ts'
import type { Preimage, Signature, TxId } from '../../lib/ids.ts'
import { type FeeratePerKw, msatToSatFloor, type Sat } from '../../lib/units.ts'
import type { CommitmentFormat } from './commitment-format.ts'
import type { CommitmentKeys } from './commitment-keys.ts'
import type { CommitmentParams } from './commitment-params.ts'
import { htlcTransactionFee, type SpecHtlc } from './commitment-spec.ts'
import { witnessSignature } from './funding-witness.ts'
import { pointScripts } from './scripts.ts'

/** An untrimmed HTLC: its output, and the transaction by which the commitment's owner resolves it. */
export interface HtlcTransaction {
  readonly htlc: SpecHtlc
  /** Of the commitment transaction. */
  readonly outputIndex: number
  /** The amount of that output. */
  readonly amount: Sat
  /** Of that output. */
  readonly witnessScript: Uint8Array
  /** The unsigned HTLC-timeout (offered) or HTLC-success (received) transaction. */
  readonly tx: Tx
  /** What the other side signs for `commitment_signed`, with its HTLC key of this commitment. */
  readonly sighash: Uint8Array
}

interface HtlcTransactionInput {
  readonly commitmentTxid: TxId
  readonly outputIndex: number
  readonly htlc: SpecHtlc
  readonly witnessScript: Uint8Array
  readonly feeratePerKw: FeeratePerKw
}

/** BOLT 3, HTLC-timeout and HTLC-success transactions. */
export const htlcTransaction = (
  params: CommitmentParams,
  keys: CommitmentKeys,
  { commitmentTxid, outputIndex, htlc, witnessScript, feeratePerKw }: HtlcTransactionInput,
): HtlcTransaction => {
  const { format } = params
  const amount = msatToSatFloor(htlc.amountMsat)
  const tx: Tx = {
    version: format.htlcTransactionVersion,
    inputs: [
      {
        outpoint: { txid: commitmentTxid, index: outputIndex },
        sequence: format.htlcInputSequence,
        scriptSig: EMPTY,
        witness: [],
      },
    ],
    outputs: [
      {
        amount: amount - htlcTransactionFee(format, htlc.direction, feeratePerKw),
        script: pointScripts(params, keys).delayed.outputScript,
      },
    ],
    lockTime: htlc.direction === 'offered' ? htlc.cltvExpiry : 0,
  }
  return {
    htlc,
    outputIndex,
    amount,
    witnessScript,
    tx,
    sighash: segwitV0Sighash({
      tx,
      inputIndex: 0,
      scriptCode: witnessScript,
      amount,
      sighashType: format.htlcSighashType,
    }),
  }
}

interface HtlcWitness {
  readonly format: CommitmentFormat
  readonly witnessScript: Uint8Array
  /** The owner's, over the final transaction. */
  readonly localSignature: Signature
  /** As it came in `commitment_signed`. */
  readonly remoteSignature: Signature
  /** For HTLC-success; HTLC-timeout has none. */
  readonly preimage?: Preimage
}

/** The witness of an HTLC transaction's first input. */
export const htlcWitness = (witness: HtlcWitness): readonly Uint8Array[] => [
  EMPTY,
  witnessSignature(witness.remoteSignature, witness.format.htlcSighashType),
  witnessSignature(witness.localSignature, SIGHASH_ALL),
  witness.preimage ?? EMPTY,
  witness.witnessScript,
]
