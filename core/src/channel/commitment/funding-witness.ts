import { SIGHASH_ALL } from '../../bitcoin/sighash.ts'
import { toDer } from '../../crypto/signature-der.ts'
import { compareBytes, EMPTY } from '../../lib/bytes.ts'
import type { PublicKey, Signature } from '../../lib/ids.ts'
import { fundingScript } from './scripts.ts'

interface FundingSignature {
  readonly key: PublicKey
  readonly signature: Signature
}

/** The witness that spends the funding output: the signatures are in the order of their keys. */
export const fundingWitness = (a: FundingSignature, b: FundingSignature): readonly Uint8Array[] => {
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
