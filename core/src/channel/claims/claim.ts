import { feeForWeight } from '../../bitcoin/fees.ts'
import { SIGHASH_ALL, segwitV0Sighash } from '../../bitcoin/sighash.ts'
import type { Tx } from '../../bitcoin/transaction.ts'
import { EMPTY } from '../../lib/bytes.ts'
import { assertNever } from '../../lib/errors.ts'
import type { OutPoint, Preimage, PublicKey, Signature } from '../../lib/ids.ts'
import type { BlockHeight, FeeratePerKw, Sat } from '../../lib/units.ts'
import { type CommitmentFormatName, commitmentFormat } from '../commitment/commitment-format.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import { witnessSignature } from '../commitment/funding-witness.ts'
import { htlcWitness } from '../commitment/htlc-transactions.ts'

/**
 * One output on the chain that we may take, and the transaction that takes it (BOLT 5). The claimed output is input 0; inputs and outputs
 * that others add come after those that exist. Plain data: the same inputs give the same claim.
 */
export interface Claim {
  readonly kind: ClaimKind
  readonly outpoint: OutPoint
  /** The amount of the claimed output. */
  readonly amount: Sat
  readonly witnessScript: Uint8Array
  /** The key whose signature `claimWitness` needs, over `claimSighash`. */
  readonly key: ClaimKey
  /** Unsigned. Final if `fee` is `included`. */
  readonly tx: Tx
  readonly fee: ClaimFee
  /** The height of the tip from which nodes accept the transaction. */
  readonly publishableFrom: BlockHeight
  /** The height from which the peer could take the output instead. */
  readonly deadline?: BlockHeight
}

type ClaimKind =
  | { readonly type: 'to-local' }
  | {
      readonly type: 'htlc-success'
      readonly htlc: SpecHtlc
      readonly format: CommitmentFormatName
      readonly remoteSignature: Signature
      readonly preimage: Preimage
    }
  | {
      readonly type: 'htlc-timeout'
      readonly htlc: SpecHtlc
      readonly format: CommitmentFormatName
      readonly remoteSignature: Signature
    }
  /** The output of our HTLC transaction, after its delay. */
  | { readonly type: 'htlc-output'; readonly htlc: SpecHtlc }
  /** Our anchor, spent so that the commitment transaction is mined. */
  | { readonly type: 'anchor' }

/** Names a key for the signer. Derived ones are made from a basepoint secret and the commitment's per-commitment point. */
type ClaimKey =
  | { readonly type: 'funding' }
  | { readonly type: 'htlc'; readonly perCommitmentPoint: PublicKey }
  | { readonly type: 'delayed-payment'; readonly perCommitmentPoint: PublicKey }

export type ClaimFee =
  /** The transaction is complete and pays this fee. */
  | { readonly type: 'included'; readonly fee: Sat }
  /**
   * The wallet adds inputs and a change output. The whole transaction pays `baseFee` plus the rate times the weight that the wallet adds.
   */
  | { readonly type: 'wallet'; readonly baseFee: Sat; readonly feeratePerKw: FeeratePerKw }

/** What the claim's key signs in `tx`, which is the claim's own transaction or the one that the wallet completed. */
export const claimSighash = (claim: Claim, tx: Tx = claim.tx): Uint8Array =>
  segwitV0Sighash({
    tx,
    inputIndex: 0,
    scriptCode: claim.witnessScript,
    amount: claim.amount,
    sighashType: SIGHASH_ALL,
  })

/** The witness of input 0, given the signature over `claimSighash`. */
export const claimWitness = ({ kind, witnessScript }: Claim, signature: Signature): readonly Uint8Array[] => {
  switch (kind.type) {
    case 'to-local':
    case 'htlc-output':
      return [witnessSignature(signature, SIGHASH_ALL), EMPTY, witnessScript]
    case 'anchor':
      return [witnessSignature(signature, SIGHASH_ALL), witnessScript]
    case 'htlc-success':
    case 'htlc-timeout':
      return htlcWitness({
        format: commitmentFormat(kind.format),
        witnessScript,
        localSignature: signature,
        remoteSignature: kind.remoteSignature,
        ...(kind.type === 'htlc-success' && { preimage: kind.preimage }),
      })
    default:
      return assertNever(kind, 'claim')
  }
}

/** The longest DER signature, with its type. */
export const SIGNATURE_LENGTH = 73

/** The fee that a wallet must pay for a transaction of this weight if the outputs already take `included` from the inputs. */
export const walletFee = (feeratePerKw: FeeratePerKw, weight: number, included: Sat): ClaimFee => {
  const owed = feeForWeight(feeratePerKw, weight) - included
  return { type: 'wallet', baseFee: owed > 0n ? owed : 0n, feeratePerKw }
}
