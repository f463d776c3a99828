import { open, seal } from '../crypto/chacha20-poly1305.ts'
import { hmacSha256, sha256 } from '../crypto/hashes.ts'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { concat, EMPTY, utf8Encode } from '../lib/bytes.ts'
import { invariant } from '../lib/errors.ts'
import type { NodeId, PrivateKey, PublicKey } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { decodeWith, encodeWith } from '../wire/codec/codec.ts'
import type { BlindedPath, BlindedPathHop } from './blinded-path.ts'
import { type EncryptedData, encryptedData, type NextNode, nextNodeOf } from './encrypted-data.ts'
import { onionKey } from './onion-keys.ts'

// BOLT 4, route blinding: E_i is the path key that node i is given, e_i its private key, ss_i what the recipient shares with the node.

const BLINDED_NODE_ID = utf8Encode('blinded_node_id')
const ZERO_NONCE = new Uint8Array(12)

/** A node of a path that is to be blinded, and what it is told. Its id is on the curve. */
export interface PathNode {
  readonly nodeId: NodeId
  readonly data: EncryptedData
}

/**
 * Blinds a path from its first node to ourselves. `sessionKey` is fresh and random. The data go in as they are: pad them first
 * (`padded`). Another path may be joined on by `nextPathKeyOverride` in the last data.
 */
export const blindPath = (
  sessionKey: PrivateKey,
  nodes: readonly PathNode[],
): { readonly firstPathKey: PublicKey; readonly path: readonly BlindedPathHop[] } => {
  invariant(nodes.length > 0, 'a blinded path has at least one node')
  let e = sessionKey
  const path = nodes.map(({ nodeId, data }): BlindedPathHop => {
    const pathKey = secp256k1.publicKey(e)
    const sharedSecret = secp256k1.ecdh(nodeId, e)
    e = secp256k1.scalarMultiply(e, nextFactor(pathKey, sharedSecret))
    return {
      blindedNodeId: secp256k1.pointMultiply(nodeId, blindingFactor(sharedSecret)),
      encryptedRecipientData: seal(onionKey('rho', sharedSecret), ZERO_NONCE, EMPTY, encodeWith(encryptedData, data)),
    }
  })
  return { firstPathKey: secp256k1.publicKey(sessionKey), path }
}

/** The private key of our blinded id, for which the onion is; `undefined` if the path key is no point. */
export const blindedPrivateKey = (nodeKey: PrivateKey, pathKey: PublicKey): PrivateKey | undefined =>
  secp256k1.isPublicKey(pathKey)
    ? secp256k1.scalarMultiply(nodeKey, blindingFactor(secp256k1.ecdh(pathKey, nodeKey)))
    : undefined

/** What we are told as a node of a blinded path, and the path key of the next node. */
export interface Unblinded {
  readonly data: EncryptedData
  readonly nextPathKey: PublicKey
}

/** Reads what the recipient tells us. */
export const unblind = (
  nodeKey: PrivateKey,
  pathKey: PublicKey,
  encryptedRecipientData: Uint8Array,
): Result<Unblinded, { readonly code: 'unreadable-recipient-data' }> => {
  if (!secp256k1.isPublicKey(pathKey)) return err({ code: 'unreadable-recipient-data' })
  const sharedSecret = secp256k1.ecdh(pathKey, nodeKey)
  const opened = open(onionKey('rho', sharedSecret), ZERO_NONCE, EMPTY, encryptedRecipientData)
  // BOLT 4, the reader of the data: what cannot be decrypted, is no such stream or has unknown even records is an error.
  const decoded = opened === undefined ? undefined : decodeWith(encryptedData, opened)
  if (decoded?.ok !== true) return err({ code: 'unreadable-recipient-data' })
  const data = decoded.value
  // BOLT 4: the override, if there is one, is the next path key.
  const nextPathKey = data.nextPathKeyOverride ?? secp256k1.pointMultiply(pathKey, nextFactor(pathKey, sharedSecret))
  return ok({ data, nextPathKey })
}

/**
 * The rest of a path whose first node we are ourselves, and the node that it goes on to; `undefined` if the data are not for us, or name
 * nobody.
 */
export const withoutFirstHop = (
  nodeKey: PrivateKey,
  { firstPathKey, path }: Pick<BlindedPath, 'firstPathKey' | 'path'>,
): { readonly next: NextNode; readonly rest: Pick<BlindedPath, 'firstPathKey' | 'path'> } | undefined => {
  const [first, ...others] = path
  const unblinded = first === undefined ? undefined : unblind(nodeKey, firstPathKey, first.encryptedRecipientData)
  if (unblinded?.ok !== true || others.length === 0) return undefined
  const next = nextNodeOf(unblinded.value.data)
  return next === undefined ? undefined : { next, rest: { firstPathKey: unblinded.value.nextPathKey, path: others } }
}

const blindingFactor = (sharedSecret: Uint8Array): Uint8Array => hmacSha256(BLINDED_NODE_ID, sharedSecret)

const nextFactor = (pathKey: PublicKey, sharedSecret: Uint8Array): Uint8Array => sha256(concat(pathKey, sharedSecret))
