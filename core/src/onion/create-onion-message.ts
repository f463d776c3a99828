import { secp256k1 } from '../crypto/secp256k1.ts'
import { EMPTY } from '../lib/bytes.ts'
import type { NodeId, PrivateKey } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { encodeWith } from '../wire/codec/codec.ts'
import type { OnionMessage } from '../wire/messages/onion-message.ts'
import type { BlindedPath } from './blinded-path.ts'
import { padded } from './encrypted-data.ts'
import { type OnionMessageContent, onionMessagePayload } from './onion-message-payload.ts'
import { blindPath, type PathNode } from './route-blinding.ts'
import { type CreateOnionFailure, createOnion } from './sphinx.ts'

/** BOLT 4, the writer: packets should be of 1366 bytes, as payments' are, or of 32834. */
const [USUAL_PAYLOADS_LENGTH, LARGE_PAYLOADS_LENGTH] = [1300, 32_768] as const

/** Who a message is for. */
type Destination =
  | { readonly type: 'node'; readonly nodeId: NodeId }
  /** Somebody at the end of a blinded path, whose first node has this id. */
  | { readonly type: 'path'; readonly path: Pick<BlindedPath, 'firstPathKey' | 'path'>; readonly firstNodeId: NodeId }

interface CreateOnionMessage {
  /** Both fresh and random. */
  readonly sessionKey: PrivateKey
  readonly pathSessionKey: PrivateKey
  /** The nodes before the destination, in the order of travel; none if it is our peer. */
  readonly relays: readonly NodeId[]
  readonly destination: Destination
  readonly content: OnionMessageContent
}

/** Makes an onion message, and says which peer it goes to. */
export const createOnionMessage = ({
  sessionKey,
  pathSessionKey,
  relays,
  destination,
  content,
}: CreateOnionMessage): Result<{ readonly peer: NodeId; readonly message: OnionMessage }, CreateOnionFailure> => {
  const ids = [...relays, destination.type === 'node' ? destination.nodeId : destination.firstNodeId]
  const wrong = ids.findIndex((id) => !secp256k1.isPublicKey(id))
  if (wrong !== -1) return err({ code: 'invalid-node-id', hop: wrong })

  const { firstPathKey, path } = pathTo(ids, destination, pathSessionKey)
  const hops = path.map(({ blindedNodeId, encryptedRecipientData }, at) => ({
    nodeId: blindedNodeId,
    // BOLT 4, the writer: the nodes on the way get nothing beside their data.
    payload: encodeWith(onionMessagePayload, { ...(at === path.length - 1 ? content : {}), encryptedRecipientData }),
  }))
  // BOLT 4, the writer: no associated data.
  const onionOf = (payloadsLength: number) => createOnion({ sessionKey, hops, associatedData: EMPTY, payloadsLength })
  const usual = onionOf(USUAL_PAYLOADS_LENGTH)
  const onion = !usual.ok && usual.error.code === 'onion-too-long' ? onionOf(LARGE_PAYLOADS_LENGTH) : usual
  if (!onion.ok) return onion
  const message = { type: 'onion_message', pathKey: firstPathKey, onionMessagePacket: onion.value.packet } as const
  return ok({ peer: ids[0] as NodeId, message })
}

/** BOLT 4: every onion message is blinded. What leads to somebody else's path is our own, joined to it at its last node. */
const pathTo = (
  ids: readonly NodeId[],
  destination: Destination,
  pathSessionKey: PrivateKey,
): Pick<BlindedPath, 'firstPathKey' | 'path'> => {
  const before = ids
    .slice(0, -1)
    .map((nodeId, at): PathNode => ({ nodeId, data: { nextNodeId: ids[at + 1] as NodeId } }))
  if (destination.type === 'node')
    return blindPath(pathSessionKey, [...before, { nodeId: destination.nodeId, data: {} }])
  const joined = destination.path
  const last = before.at(-1)
  if (last === undefined) return joined
  const joint = { ...last, data: { ...last.data, nextPathKeyOverride: joined.firstPathKey } }
  const own = blindPath(pathSessionKey, before.with(-1, joint))
  return { firstPathKey: own.firstPathKey, path: [...own.path, ...joined.path] }
}

/**
 * A blinded path for messages to us, over these nodes in the order of travel (none: it begins with us). `pathId` is what we recognize it by:
 * nobody else may be able to make it up. `sessionKey` is fresh and random.
 */
export const createMessagePath = (
  sessionKey: PrivateKey,
  relays: readonly NodeId[],
  end: { readonly nodeId: NodeId; readonly pathId: Uint8Array },
): BlindedPath => {
  const ids = [...relays, end.nodeId]
  const data = padded([...relays.map((_, at) => ({ nextNodeId: ids[at + 1] as NodeId })), { pathId: end.pathId }])
  const nodes = ids.map((nodeId, at): PathNode => ({ nodeId, data: data[at] ?? {} }))
  return { firstNodeId: { type: 'pubkey', nodeId: ids[0] as NodeId }, ...blindPath(sessionKey, nodes) }
}
