import { compileScript, p2wsh, scriptNumber } from '../../../../bitcoin/script.ts'
import { hash160, ripemd160 } from '../../../../crypto/hashes.ts'
import { compareBytes, concat } from '../../../../lib/bytes.ts'
import type { PublicKey } from '../../../../lib/ids.ts'
import type { LockedHtlc } from '../../commitment-format.ts'
import type { CommitmentKeys } from '../../commitment-keys.ts'
import type { CommitmentTerms } from '../../commitment-terms.ts'
import type { OutputLock } from '../../output-lock.ts'

/** The scripts of a side's commitments that do not depend on the per-commitment point. */
interface FixedScripts {
  readonly toRemote: OutputLock
  readonly localAnchor: OutputLock
  readonly remoteAnchor: OutputLock
}

/** The scripts of one commitment that are the same for all its HTLCs. */
interface PointScripts {
  /** Of `to_local`, and of the output of every HTLC transaction. */
  readonly delayed: OutputLock
  /** The beginning of every HTLC script: the revocation branch, then the remote HTLC key and the size check. */
  readonly htlcPrefix: Uint8Array
  readonly localHtlcKey: PublicKey
}

/** BOLT 3, funding transaction output: a 2-of-2 of the keys in lexicographic order. */
export const fundingScript = (a: PublicKey, b: PublicKey): OutputLock => {
  const [first, second] = compareBytes(a, b) < 0 ? [a, b] : [b, a]
  return payToWitnessScript(concat(bytes(0x52, 0x21), first, bytes(0x21), second, bytes(0x52, 0xae)))
}

const fixedScriptsOf = new WeakMap<CommitmentTerms, FixedScripts>()

/** Computed once per `terms` object. */
export const fixedScripts = (terms: CommitmentTerms): FixedScripts => {
  const known = fixedScriptsOf.get(terms)
  if (known !== undefined) return known
  const scripts: FixedScripts = {
    // With anchors: <key> OP_CHECKSIGVERIFY 1 OP_CHECKSEQUENCEVERIFY.
    toRemote: payToWitnessScript(concat(bytes(0x21), terms.remoteBasepoints.payment, bytes(0xad, 0x51, 0xb2))),
    localAnchor: anchorScript(terms.localFundingKey),
    remoteAnchor: anchorScript(terms.remoteFundingKey),
  }
  fixedScriptsOf.set(terms, scripts)
  return scripts
}

export const pointScripts = (terms: CommitmentTerms, keys: CommitmentKeys): PointScripts => {
  let htlcPrefix: Uint8Array | undefined
  return {
    delayed: payToWitnessScript(
      concat(
        bytes(0x63, 0x21),
        keys.revocationKey,
        bytes(0x67),
        numberPush(terms.toSelfDelay),
        bytes(0xb2, 0x75, 0x21),
        keys.localDelayedKey,
        bytes(0x68, 0xac),
      ),
    ),
    // Only for commitments with HTLCs: their keys cost point operations.
    get htlcPrefix() {
      htlcPrefix ??= concat(
        bytes(0x76, 0xa9, 0x14),
        hash160(keys.revocationKey),
        bytes(0x87, 0x63, 0xac, 0x67, 0x21),
        keys.remoteHtlcKey,
        bytes(0x7c, 0x82, 0x01, 0x20, 0x87),
      )
      return htlcPrefix
    },
    get localHtlcKey() {
      return keys.localHtlcKey
    },
  }
}

/** BOLT 3, offered and received HTLC outputs (with the one block delay of anchors). */
export const htlcScript = (scripts: PointScripts, { direction, paymentHash, cltvExpiry }: LockedHtlc): OutputLock =>
  payToWitnessScript(
    direction === 'offered'
      ? concat(
          scripts.htlcPrefix,
          OFFERED_TIMEOUT,
          scripts.localHtlcKey,
          OFFERED_SUCCESS,
          ripemd160(paymentHash),
          OFFERED_END,
        )
      : concat(
          scripts.htlcPrefix,
          RECEIVED_SUCCESS,
          ripemd160(paymentHash),
          RECEIVED_KEY,
          scripts.localHtlcKey,
          RECEIVED_TIMEOUT,
          numberPush(cltvExpiry),
          RECEIVED_END,
        ),
  )

const anchorScript = (fundingKey: PublicKey): OutputLock =>
  // OP_CHECKSIG OP_IFDUP OP_NOTIF OP_16 OP_CHECKSEQUENCEVERIFY OP_ENDIF
  payToWitnessScript(concat(bytes(0x21), fundingKey, bytes(0xac, 0x73, 0x64, 0x60, 0xb2, 0x68)))

const payToWitnessScript = (witnessScript: Uint8Array): OutputLock => ({
  type: 'witness-script',
  witnessScript,
  outputScript: p2wsh(witnessScript),
})

const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values)

const numberPush = (value: number): Uint8Array => compileScript([scriptNumber(value)])

// OP_NOTIF OP_DROP 2 OP_SWAP <local key> 2 OP_CHECKMULTISIG OP_ELSE OP_HASH160 <hash> OP_EQUALVERIFY OP_CHECKSIG OP_ENDIF,
// then for both kinds of HTLC: 1 OP_CHECKSEQUENCEVERIFY OP_DROP OP_ENDIF.
const OFFERED_TIMEOUT = bytes(0x64, 0x75, 0x52, 0x7c, 0x21)
const OFFERED_SUCCESS = bytes(0x52, 0xae, 0x67, 0xa9, 0x14)
const OFFERED_END = bytes(0x88, 0xac, 0x68, 0x51, 0xb2, 0x75, 0x68)

// OP_IF OP_HASH160 <hash> OP_EQUALVERIFY 2 OP_SWAP <local key> 2 OP_CHECKMULTISIG OP_ELSE OP_DROP <expiry>
// OP_CHECKLOCKTIMEVERIFY OP_DROP OP_CHECKSIG OP_ENDIF
const RECEIVED_SUCCESS = bytes(0x63, 0xa9, 0x14)
const RECEIVED_KEY = bytes(0x88, 0x52, 0x7c, 0x21)
const RECEIVED_TIMEOUT = bytes(0x52, 0xae, 0x67, 0x75)
const RECEIVED_END = bytes(0xb1, 0x75, 0xac, 0x68, 0x51, 0xb2, 0x75, 0x68)
