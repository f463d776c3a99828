import { witnessWeight } from '../../../../bitcoin/fees.ts'
import { SIGHASH_ALL, segwitV0Sighash } from '../../../../bitcoin/sighash.ts'
import { type Tx, withWitness } from '../../../../bitcoin/transaction.ts'
import { secp256k1 } from '../../../../crypto/secp256k1.ts'
import { assertNever } from '../../../../lib/errors.ts'
import type { PublicKey } from '../../../../lib/ids.ts'
import type { CommitmentFormat, CommitmentLocks, SpentOutput } from '../../commitment-format.ts'
import type { CommitmentKeys } from '../../commitment-keys.ts'
import type { CommitmentTerms, FundingTerms } from '../../commitment-terms.ts'
import type { OutputLock, PathInForce } from '../../output-lock.ts'
import type { SigningKey, SigningTask } from '../../signing-task.ts'
import { fixedScripts, fundingScript, htlcScript, pointScripts } from './anchors-scripts.ts'
import { fundingWitness, HTLC_SIGHASH_TYPE, longestWitness, spendWitness } from './anchors-witnesses.ts'

/** `option_anchors`: version 0 witness scripts, ECDSA, HTLC transactions that pay no fee, an anchor for each side (BOLT 3). */
export const ANCHORS_ZERO_FEE_HTLC: CommitmentFormat = {
  name: 'anchors-zero-fee-htlc',
  feature: 'option_anchors',
  // BOLT 2, open_channel: as many as still fit into one penalty transaction of standard weight, from both sides.
  maxAcceptedHtlcs: 483,
  commitmentWeight: 1124,
  htlcOutputWeight: 172,
  // BOLT 3, appendix A: two signatures of 73 bytes, the empty item and the 2-of-2 script.
  fundingWitnessWeight: 222,
  anchorAmount: 330n,
  htlcSuccessWeight: 706,
  htlcTimeoutWeight: 666,
  htlcTransactionsPayFees: false,
  htlcTransactionVersion: 2,
  leastDelay: 1,

  fundingLock: ({ localFundingKey, remoteFundingKey }) => fundingScript(localFundingKey, remoteFundingKey),
  fundingTask: (funding, tx) => task(tx, { lock: fundingLockOf(funding), amount: funding.fundingAmount }, SIGHASH_ALL),
  isFundingSignature: ({ remoteFundingKey }, { digest }, { signature }) =>
    secp256k1.verify(signature, digest, remoteFundingKey),
  withFundingSignatures: ({ localFundingKey, remoteFundingKey }, tx, { local, remote }) =>
    withWitness(
      tx,
      0,
      fundingWitness(
        { key: localFundingKey, signature: local.signature },
        { key: remoteFundingKey, signature: remote.signature },
      ),
    ),

  locks: (terms, keys) => {
    const known = locksOf.get(keys)
    if (known !== undefined) return known
    const locks = makeLocks(terms, keys)
    locksOf.set(keys, locks)
    return locks
  },
  toRemoteLock: (terms) => fixedScripts(terms).toRemote,
  htlcTask: (tx, spent) => task(tx, spent, HTLC_SIGHASH_TYPE),
  isHtlcSignature: ({ remoteHtlcKey }, { digest }, signature) => secp256k1.verify(signature, digest, remoteHtlcKey),

  spendKey: (path, perCommitmentPoint) => keyOf(path, perCommitmentPoint),
  // BIP 143: a signature covers the outpoints of the other inputs, and not what they hold.
  spendTask: (tx, inputIndex, spent) => task(tx, spent, SIGHASH_ALL, inputIndex),
  spendWitness,
  spendWitnessWeight: (lock, path) => witnessWeight(longestWitness(lock, path)),
}

const locksOf = new WeakMap<CommitmentKeys, CommitmentLocks>()

const makeLocks = (terms: CommitmentTerms, keys: CommitmentKeys): CommitmentLocks => {
  const { toRemote, localAnchor, remoteAnchor } = fixedScripts(terms)
  const scripts = pointScripts(terms, keys)
  return {
    toLocal: scripts.delayed,
    toRemote,
    localAnchor,
    remoteAnchor,
    htlcTransaction: scripts.delayed,
    htlc: (htlc) => htlcScript(scripts, htlc),
  }
}

const fundingLocks = new WeakMap<FundingTerms, OutputLock>()

const fundingLockOf = (funding: FundingTerms): OutputLock => {
  const known = fundingLocks.get(funding)
  if (known !== undefined) return known
  const lock = fundingScript(funding.localFundingKey, funding.remoteFundingKey)
  fundingLocks.set(funding, lock)
  return lock
}

const task = (tx: Tx, { lock, amount }: SpentOutput, sighashType: number, inputIndex = 0): SigningTask => ({
  scheme: 'ecdsa',
  digest: segwitV0Sighash({ tx, inputIndex, scriptCode: lock.witnessScript, amount, sighashType }),
})

const keyOf = (path: PathInForce, perCommitmentPoint: PublicKey): SigningKey => {
  switch (path.type) {
    case 'delayed':
      return { type: 'delayed-payment', perCommitmentPoint }
    case 'anchor':
      return { type: 'funding' }
    case 'to-remote':
      return { type: 'payment' }
    case 'htlc-transaction':
    case 'htlc-preimage':
    case 'htlc-expiry':
      return { type: 'htlc', perCommitmentPoint }
    default:
      return assertNever(path, 'path')
  }
}
