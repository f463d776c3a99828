import { sha256d } from '../../crypto/hashes.ts'
import type { NodeId, PublicKey, Signature } from '../../lib/ids.ts'
import type { ChannelAnnouncement, ChannelUpdate, NodeAnnouncement } from '../../wire/messages/gossip.ts'

/** A signature, what it must sign, and whose it must be. */
export interface SignatureCheck {
  readonly digest: Uint8Array
  readonly signature: Signature
  readonly publicKey: PublicKey
}

const TYPE = 2
const SIGNATURE = 64

// BOLT 7: signatures cover what follows them up to the end of the message, whatever was added there. So the digest is of the bytes that
// came, and of nothing that was made from them.
const digestFrom = (raw: Uint8Array, signatures: number): Uint8Array =>
  sha256d(raw.subarray(TYPE + signatures * SIGNATURE))

/** BOLT 7, channel_announcement: each node and each bitcoin key signs. */
export const checksOfChannel = (raw: Uint8Array, message: ChannelAnnouncement): readonly SignatureCheck[] => {
  const digest = digestFrom(raw, 4)
  return [
    { digest, signature: message.nodeSignature1, publicKey: message.nodeId1 },
    { digest, signature: message.nodeSignature2, publicKey: message.nodeId2 },
    { digest, signature: message.bitcoinSignature1, publicKey: message.bitcoinKey1 },
    { digest, signature: message.bitcoinSignature2, publicKey: message.bitcoinKey2 },
  ]
}

/** BOLT 7, node_announcement: the node itself signs. */
export const checksOfNode = (raw: Uint8Array, { signature, nodeId }: NodeAnnouncement): readonly SignatureCheck[] => [
  { digest: digestFrom(raw, 1), signature, publicKey: nodeId },
]

/** BOLT 7, channel_update: the node at whose end the channel's direction begins signs. */
export const checksOfUpdate = (
  raw: Uint8Array,
  { signature }: ChannelUpdate,
  origin: NodeId,
): readonly SignatureCheck[] => [{ digest: digestFrom(raw, 1), signature, publicKey: origin }]
