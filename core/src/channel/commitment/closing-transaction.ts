import type { Tx } from '../../bitcoin/transaction.ts'
import type { OutPoint, PublicKey, Signature, TxId } from '../../lib/ids.ts'
import type { Result } from '../../lib/result.ts'
import type { Msat, Sat } from '../../lib/units.ts'

/** Here "local" is our node. */
export interface ClosingInput {
  readonly fundingOutpoint: OutPoint
  readonly fundingAmount: Sat
  readonly localFundingKey: PublicKey
  readonly remoteFundingKey: PublicKey
  readonly localScript: Uint8Array
  readonly remoteScript: Uint8Array
  readonly toLocalMsat: Msat
  readonly toRemoteMsat: Msat
  readonly localIsOpener: boolean
  readonly fee: Sat
  /** The limit of the node whose signature is made or checked: BOLT 3 lets each drop outputs below its own. */
  readonly dustLimit: Sat
}

export interface ClosingTransaction {
  readonly tx: Tx
  readonly txid: TxId
  readonly sighash: Uint8Array
  /** Whether each side has an output. */
  readonly hasLocalOutput: boolean
  readonly hasRemoteOutput: boolean
}

export type ClosingError =
  | { readonly code: 'closing-fee-exceeds-balance'; readonly fee: Sat; readonly available: Sat }
  | { readonly code: 'closing-without-outputs' }

/** BOLT 3, legacy closing transaction. */
export declare const buildClosing: (input: ClosingInput) => Result<ClosingTransaction, ClosingError>

export declare const signedClosing: (
  input: Pick<ClosingInput, 'localFundingKey' | 'remoteFundingKey'>,
  closing: ClosingTransaction,
  localSignature: Signature,
  remoteSignature: Signature,
) => Tx

/** Whether the other side's `closing_signed` signature is good for this transaction. */
export declare const verifyClosingSignature: (
  closing: ClosingTransaction,
  remoteFundingKey: PublicKey,
  signature: Signature,
) => boolean

/** Expected weight with both outputs, or without the one whose script is left out. */
export declare const closingWeight: (scripts: readonly Uint8Array[]) => number
