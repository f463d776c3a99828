import { schnorrSign, schnorrVerify, xOnly } from '../../bitcoin/taproot.ts'
import { sha256 } from '../../crypto/hashes.ts'
import { compareBytes, concat, EMPTY, utf8Encode } from '../../lib/bytes.ts'
import type { PrivateKey, PublicKey, Signature } from '../../lib/ids.ts'
import { encodeWith } from '../../wire/codec/codec.ts'
import { bigSize } from '../../wire/codec/primitives.ts'
import { isSignatureType, rawRecords } from './records.ts'

// BOLT 12, signature calculation.

/** BIP 340: hashes under a tag. */
const hashUnder = (tag: Uint8Array): ((message: Uint8Array) => Uint8Array) => {
  const hash = sha256(tag)
  return (message) => sha256(concat(hash, hash, message))
}

const NONCE = utf8Encode('LnNonce')
const leafHash = hashUnder(utf8Encode('LnLeaf'))
const branchHash = hashUnder(utf8Encode('LnBranch'))

/** Neither side comes first by itself: proofs need not say which it is. */
const branch = (a: Uint8Array, b: Uint8Array): Uint8Array =>
  branchHash(compareBytes(a, b) < 0 ? concat(a, b) : concat(b, a))

/** The root over all records of a stream but its signatures. Each leaf is paired with a nonce, so that a proof tells nothing of its neighbours. */
export const merkleRoot = (stream: Uint8Array): Uint8Array => {
  const records = rawRecords(stream).filter(({ type }) => !isSignatureType(type))
  const [first] = records
  const nonceHash = hashUnder(concat(NONCE, first?.bytes ?? EMPTY))
  let nodes = records.map(({ type, bytes }) => branch(leafHash(bytes), nonceHash(encodeWith(bigSize, type))))
  // What has no partner goes up as it is: the deepest leaves are the first ones.
  while (nodes.length > 1) {
    const pairs = nodes
    nodes = []
    for (let at = 0; at < pairs.length; at += 2) {
      const [left, right] = [pairs[at] as Uint8Array, pairs[at + 1]]
      nodes.push(right === undefined ? left : branch(left, right))
    }
  }
  return nodes[0] ?? leafHash(EMPTY)
}

/** The streams that are signed, each by the one field `signature`. */
type SignedStream = 'invoice_request' | 'invoice'

const rootHash: Readonly<Record<SignedStream, (root: Uint8Array) => Uint8Array>> = {
  invoice_request: hashUnder(utf8Encode('lightninginvoice_requestsignature')),
  invoice: hashUnder(utf8Encode('lightninginvoicesignature')),
}

const digestOf = (name: SignedStream, stream: Uint8Array): Uint8Array => rootHash[name](merkleRoot(stream))

/** The BIP 340 signature of a stream. `auxiliary`: 32 fresh random bytes. */
export const signStream = (
  name: SignedStream,
  stream: Uint8Array,
  privateKey: PrivateKey,
  auxiliary: Uint8Array,
): Signature => schnorrSign(digestOf(name, stream), privateKey, auxiliary)

/** Whether the stream is signed by the key. BIP 340: whichever of the two points with its x coordinate it is. */
export const verifyStream = (
  name: SignedStream,
  stream: Uint8Array,
  signature: Signature,
  publicKey: PublicKey,
): boolean => schnorrVerify(signature, digestOf(name, stream), xOnly(publicKey))
