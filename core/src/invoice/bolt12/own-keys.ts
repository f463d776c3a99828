import { equalConstantTime, hmacSha256 } from '../../crypto/hashes.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { concat, equalBytes, utf8Encode } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import type { NodeId, PrivateKey, PublicKey } from '../../lib/ids.ts'

// Offers and requests of ours are recognized by what they say, so that nothing has to be kept of them: their metadata begin with a nonce, and
// a secret of ours, the nonce and all other records together give the key whose public key the offer or the request names. Whoever changes a
// record names a key that does not fit. Where the id has to be our node's own, because nothing else leads to us, a MAC follows the nonce
// instead (ADR 49).

/** Whose secret it is: 32 bytes, derived from the seed for this alone. */
export interface Bolt12Owner {
  readonly secret: Uint8Array
  readonly nodeId: NodeId
}

/** What the key is for. */
type Purpose = 'offer' | 'invoice_request'

/** Fresh random bytes, which tell one offer or request from another that says the same. */
const NONCE_LENGTH = 16
const MAC_LENGTH = 16

const derive = ({ secret }: Bolt12Owner, what: string, purpose: Purpose, nonce: Uint8Array, said: Uint8Array) =>
  hmacSha256(secret, utf8Encode(`${what} of ${purpose}:`), nonce, said)

/** Metadata, id and key of a new offer or request that otherwise says `said`; `byNodeId` if it is to name our node. */
export const ownIdentity = (
  owner: Bolt12Owner,
  purpose: Purpose,
  nonce: Uint8Array,
  said: Uint8Array,
  byNodeId: boolean,
): { readonly metadata: Uint8Array; readonly id: PublicKey; readonly key: OwnKey } => {
  invariant(nonce.length === NONCE_LENGTH, 'the nonce of an offer or a request is of another length')
  if (byNodeId) {
    const mac = derive(owner, 'mac', purpose, nonce, said).subarray(0, MAC_LENGTH)
    return { metadata: concat(nonce, mac), id: owner.nodeId, key: { type: 'node' } }
  }
  const privateKey = derive(owner, 'key', purpose, nonce, said)
  return { metadata: nonce, id: secp256k1.publicKey(privateKey), key: { type: 'derived', privateKey } }
}

/** The key that signs for an offer or a request of ours: one of its own, or our node's. */
export type OwnKey = { readonly type: 'derived'; readonly privateKey: PrivateKey } | { readonly type: 'node' }

/** The key of what names this id with these metadata and otherwise says `said`; `undefined` if it is not ours, or was changed. */
export const ownKey = (
  owner: Bolt12Owner,
  purpose: Purpose,
  metadata: Uint8Array,
  said: Uint8Array,
  id: PublicKey,
): OwnKey | undefined => {
  if (metadata.length < NONCE_LENGTH) return undefined
  const nonce = metadata.slice(0, NONCE_LENGTH)
  const expected = ownIdentity(owner, purpose, nonce, said, metadata.length > NONCE_LENGTH)
  return equalConstantTime(expected.metadata, metadata) && equalBytes(expected.id, id) ? expected.key : undefined
}

/** What we put into the blinded paths of an offer or a request, to know that a message came by them: 32 bytes. */
export const ownPathId = (owner: Bolt12Owner, purpose: Purpose, metadata: Uint8Array): Uint8Array =>
  derive(owner, 'path', purpose, metadata.subarray(0, NONCE_LENGTH), new Uint8Array(0))

/** BOLT 12: a message for a path of ours came by it, and one that is for none came by none. */
export const cameBy = (expected: Uint8Array | undefined, actual: Uint8Array | undefined): boolean =>
  expected === undefined || actual === undefined ? expected === actual : equalConstantTime(expected, actual)
