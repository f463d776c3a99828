import { SIGHASH_ALL, SIGHASH_SINGLE_ANYONECANPAY } from '../../../../bitcoin/sighash.ts'
import { toDer } from '../../../../crypto/signature-der.ts'
import { compareBytes, EMPTY } from '../../../../lib/bytes.ts'
import { assertNever } from '../../../../lib/errors.ts'
import type { PublicKey, Signature } from '../../../../lib/ids.ts'
import type { OutputLock, SpendPath } from '../../output-lock.ts'
import { fundingScript } from './anchors-scripts.ts'

/** BOLT 3, HTLC transactions: what the other side's signature covers, so that the owner can add inputs and outputs for the fee. */
export const HTLC_SIGHASH_TYPE = SIGHASH_SINGLE_ANYONECANPAY

interface KeyedSignature {
  readonly key: PublicKey
  readonly signature: Signature
}

/** The witness that spends the funding output: the signatures are in the order of their keys. */
export const fundingWitness = (a: KeyedSignature, b: KeyedSignature): readonly Uint8Array[] => {
  const [first, second] = compareBytes(a.key, b.key) < 0 ? [a, b] : [b, a]
  return [
    EMPTY,
    witnessSignature(first.signature, SIGHASH_ALL),
    witnessSignature(second.signature, SIGHASH_ALL),
    fundingScript(a.key, b.key).witnessScript,
  ]
}

/** A signature in the form of a witness: DER, then its type. */
export const witnessSignature = (signature: Signature, sighashType: number): Uint8Array => {
  const der = toDer(signature)
  const bytes = new Uint8Array(der.length + 1)
  bytes.set(der)
  bytes[der.length] = sighashType
  return bytes
}

/** The witness of an input that spends one of a commitment's outputs, or the output of an HTLC transaction. */
export const spendWitness = (
  { witnessScript }: OutputLock,
  path: SpendPath,
  signature: Signature,
): readonly Uint8Array[] => {
  const own = witnessSignature(signature, SIGHASH_ALL)
  switch (path.type) {
    case 'delayed':
      return [own, EMPTY, witnessScript]
    case 'anchor':
    case 'to-remote':
      return [own, witnessScript]
    case 'htlc-transaction': {
      const theirs = witnessSignature(path.remoteSignature, HTLC_SIGHASH_TYPE)
      return [EMPTY, theirs, own, path.preimage ?? EMPTY, witnessScript]
    }
    case 'htlc-preimage':
      return [own, path.preimage, witnessScript]
    case 'htlc-expiry':
      return [own, EMPTY, witnessScript]
    // BOLT 3, to_local output: the condition is chosen by a 1, which must be minimal.
    case 'revocation':
      return [own, Uint8Array.of(1), witnessScript]
    case 'htlc-revocation':
      return [own, path.revocationKey, witnessScript]
    default:
      return assertNever(path, 'path')
  }
}

/** The longest DER signature, with its type. */
const SIGNATURE_LENGTH = 73

/** The lengths of the items of the longest witness. */
export const longestWitness = ({ witnessScript }: OutputLock, path: SpendPath): readonly number[] => {
  switch (path.type) {
    case 'delayed':
      return [SIGNATURE_LENGTH, 0, witnessScript.length]
    case 'anchor':
    case 'to-remote':
      return [SIGNATURE_LENGTH, witnessScript.length]
    case 'htlc-transaction':
      return [0, SIGNATURE_LENGTH, SIGNATURE_LENGTH, path.preimage?.length ?? 0, witnessScript.length]
    case 'htlc-preimage':
      return [SIGNATURE_LENGTH, path.preimage.length, witnessScript.length]
    case 'htlc-expiry':
      return [SIGNATURE_LENGTH, 0, witnessScript.length]
    case 'revocation':
      return [SIGNATURE_LENGTH, 1, witnessScript.length]
    case 'htlc-revocation':
      return [SIGNATURE_LENGTH, path.revocationKey.length, witnessScript.length]
    default:
      return assertNever(path, 'path')
  }
}
