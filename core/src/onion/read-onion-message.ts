import { EMPTY } from '../lib/bytes.ts'
import type { PrivateKey } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import { decodeWith } from '../wire/codec/codec.ts'
import type { OnionMessage } from '../wire/messages/onion-message.ts'
import { type NextNode, nextNodeOf } from './encrypted-data.ts'
import { type OnionMessageContent, onionMessagePayload, payloadFieldsOf } from './onion-message-payload.ts'
import { blindedPrivateKey, unblind } from './route-blinding.ts'
import { OVERHEAD, peelOnion } from './sphinx.ts'

/** An onion message that we have received, opened. */
export type OpenedOnionMessage =
  | { readonly type: 'forward'; readonly next: NextNode; readonly message: OnionMessage }
  | {
      readonly type: 'received'
      /**
       * What we put into the path that it came by. BOLT 4: a message by the path of a reply counts as that reply alone, and a reply counts
       * only by its path.
       */
      readonly pathId?: Uint8Array
      readonly content: OnionMessageContent
    }

/** BOLT 4: such a message is ignored, and nobody is told. */
export interface UnreadableOnionMessage {
  readonly code: 'unreadable-onion-message'
  readonly reason:
    | 'invalid-path-key'
    | 'invalid-onion'
    | 'malformed-payload'
    | 'unreadable-recipient-data'
    | 'unknown-feature'
    | 'other-records'
    | 'path-id-on-the-way'
    | 'no-next-node'
    | 'several-payloads'
}

/** Opens an onion message, for us or for another node. */
export const readOnionMessage = (
  nodeKey: PrivateKey,
  { pathKey, onionMessagePacket }: Pick<OnionMessage, 'pathKey' | 'onionMessagePacket'>,
): Result<OpenedOnionMessage, UnreadableOnionMessage> => {
  const privateKey = blindedPrivateKey(nodeKey, pathKey)
  if (privateKey === undefined) return ignored('invalid-path-key')
  if (onionMessagePacket.length <= OVERHEAD) return ignored('invalid-onion')
  // BOLT 4, the reader: by our blinded id, with no associated data.
  const peeled = peelOnion({ privateKey, packet: onionMessagePacket, associatedData: EMPTY })
  if (!peeled.ok) return ignored('invalid-onion')
  const { payload, nextPacket } = peeled.value
  const decoded = decodeWith(onionMessagePayload, payload)
  // BOLT 4: no stream of records, or one with an unknown even type.
  if (!decoded.ok) return ignored('malformed-payload')
  const { encryptedRecipientData = EMPTY, ...content } = decoded.value
  const unblinded = unblind(nodeKey, pathKey, encryptedRecipientData)
  if (!unblinded.ok) return ignored('unreadable-recipient-data')
  const { data, nextPathKey } = unblinded.value
  // BOLT 4: no feature is defined for onion messages, so that each bit, odd ones too, is unknown. A message can use none.
  if (data.allowedFeatures?.some((byte) => byte !== 0) === true) return ignored('unknown-feature')
  if (nextPacket === undefined) {
    // BOLT 4, the final node: it is about one thing at most.
    if (payloadFieldsOf(content) > 1) return ignored('several-payloads')
    return ok({ type: 'received', ...(data.pathId === undefined ? {} : { pathId: data.pathId }), content })
  }
  // BOLT 4, not the final node: nothing but the data, which name the next node and hold no path id.
  if (Object.keys(content).length > 0) return ignored('other-records')
  if (data.pathId !== undefined) return ignored('path-id-on-the-way')
  const next = nextNodeOf(data)
  if (next === undefined) return ignored('no-next-node')
  const message = { type: 'onion_message', pathKey: nextPathKey, onionMessagePacket: nextPacket } as const
  return ok({ type: 'forward', next, message })
}

const ignored = (reason: UnreadableOnionMessage['reason']) => err({ code: 'unreadable-onion-message' as const, reason })
