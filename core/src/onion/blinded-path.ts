import { secp256k1 } from '../crypto/secp256k1.ts'
import type { NodeId, PublicKey, ShortChannelId } from '../lib/ids.ts'
import type { Codec } from '../wire/codec/codec.ts'
import { struct } from '../wire/codec/combinators.ts'
import { point, u8, u16Bytes, u64 } from '../wire/codec/primitives.ts'

/** BOLT 4, route blinding: a way to a node that does not say who that is. Made by the node itself, and handed to whoever is to reach it. */
export interface BlindedPath {
  /** Where the path begins: the one node of it that is named. */
  readonly firstNodeId: SciddirOrPubkey
  readonly firstPathKey: PublicKey
  /** The first node's too; at least one. */
  readonly path: readonly BlindedPathHop[]
}

export interface BlindedPathHop {
  readonly blindedNodeId: PublicKey
  /** For that node alone: see `EncryptedData`. */
  readonly encryptedRecipientData: Uint8Array
}

/** BOLT 1, fundamental types: a node by its key, or as one end of a channel (0: the end whose key is the lesser one). */
type SciddirOrPubkey =
  | { readonly type: 'pubkey'; readonly nodeId: NodeId }
  | { readonly type: 'sciddir'; readonly shortChannelId: ShortChannelId; readonly direction: 0 | 1 }

/** A point that lies on the curve: it comes from a stranger, and is computed with. */
export const curvePoint: Codec<PublicKey> = {
  encode: point.encode,
  decode(reader) {
    const value = point.decode(reader)
    if (!reader.failed && !secp256k1.isPublicKey(value)) reader.fail('invalid-point')
    return value
  },
}

const sciddirOrPubkey: Codec<SciddirOrPubkey> = {
  encode(writer, value) {
    if (value.type === 'pubkey') return curvePoint.encode(writer, value.nodeId)
    writer.u8(value.direction)
    writer.u64(value.shortChannelId)
  },
  decode(reader) {
    const first = reader.bytes[reader.offset]
    if (reader.remaining === 0 || (first !== 0 && first !== 1)) {
      return { type: 'pubkey', nodeId: curvePoint.decode(reader) }
    }
    const direction = u8.decode(reader) as 0 | 1
    return { type: 'sciddir', shortChannelId: u64.decode(reader), direction }
  },
}

const hop = struct<BlindedPathHop>({ blindedNodeId: curvePoint, encryptedRecipientData: u16Bytes })

/** The hops behind their number. BOLT 12 refuses a path of none, and nothing can be sent over one: it is not read at all. */
const hops: Codec<readonly BlindedPathHop[]> = {
  encode(writer, path) {
    writer.u8(path.length)
    for (const each of path) hop.encode(writer, each)
  },
  decode(reader) {
    const count = u8.decode(reader)
    if (count === 0) reader.fail('invalid-value')
    const path: BlindedPathHop[] = []
    for (let i = 0; i < count && !reader.failed; i++) path.push(hop.decode(reader))
    return path
  },
}

export const blindedPath = struct<BlindedPath>({ firstNodeId: sciddirOrPubkey, firstPathKey: curvePoint, path: hops })
