import { zbase32 } from '../lib/base32.ts'
import { concat, utf8Encode } from '../lib/bytes.ts'
import type { NodeId, Signature } from '../lib/ids.ts'
import { sha256d } from './hashes.ts'
import { secp256k1 } from './secp256k1.ts'

// A text that a node has signed, as LND, Core Lightning, eclair and LDK write and read it. No BOLT has it.

/** Before the text, so that nothing else that is signed can be taken for it. */
const PREFIX = utf8Encode('Lightning Signed Message:')

/** Of a key whose compressed form is meant: the recovery id is added. */
const FIRST_HEADER = 31

const digestOf = (message: Uint8Array): Uint8Array => sha256d(concat(PREFIX, message))

/** Signs a digest with the node's key, so that the key can be recovered. */
type SignDigest = (digest: Uint8Array) => { readonly signature: Signature; readonly recoveryId: number }

/** The signature in zbase32: 104 characters. */
export const signMessage = (message: Uint8Array, sign: SignDigest): string => {
  const { signature, recoveryId } = sign(digestOf(message))
  return zbase32.encode(concat(Uint8Array.of(FIRST_HEADER + recoveryId), signature))
}

/** Whose signature it is; `undefined` if it is nobody's. Whether that is a node that anyone knows is for the caller to ask. */
export const signerOfMessage = (message: Uint8Array, signature: string): NodeId | undefined => {
  const [header, ...rest] = zbase32.decode(signature) ?? []
  return header === undefined
    ? undefined
    : secp256k1.recover(Uint8Array.from(rest), header - FIRST_HEADER, digestOf(message))
}
