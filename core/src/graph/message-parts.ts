import type { ChannelAnnouncement, ChannelUpdate, NodeAnnouncement } from '../wire/messages/gossip.ts'

// What the index holds of a message that is in the log, at its place in the bytes (BOLT 7): a start reads hundreds of thousands, and to
// decode each of them takes three times as long. Byte strings share the memory of the message. Only for messages that were decoded before.

export type ChannelParts = Pick<ChannelAnnouncement, 'shortChannelId' | 'features' | 'nodeId1' | 'nodeId2'>
export type NodeParts = Pick<NodeAnnouncement, 'features' | 'timestamp' | 'nodeId'>
export type UpdateParts = Omit<ChannelUpdate, 'type' | 'signature' | 'chainHash'>

const TYPE = 2
const SIGNATURE = 64
const CHAIN_HASH = 32
const POINT = 33

const viewOf = (raw: Uint8Array): DataView => new DataView(raw.buffer, raw.byteOffset, raw.length)

export const channelParts = (raw: Uint8Array): ChannelParts => {
  const view = viewOf(raw)
  const length = TYPE + 4 * SIGNATURE
  const features = length + 2
  const id = features + view.getUint16(length) + CHAIN_HASH
  const nodes = id + 8
  return {
    features: raw.subarray(features, id - CHAIN_HASH),
    shortChannelId: view.getBigUint64(id),
    nodeId1: raw.subarray(nodes, nodes + POINT),
    nodeId2: raw.subarray(nodes + POINT, nodes + 2 * POINT),
  }
}

export const nodeParts = (raw: Uint8Array): NodeParts => {
  const view = viewOf(raw)
  const length = TYPE + SIGNATURE
  const features = length + 2
  const timestamp = features + view.getUint16(length)
  return {
    features: raw.subarray(features, timestamp),
    timestamp: view.getUint32(timestamp),
    nodeId: raw.subarray(timestamp + 4, timestamp + 4 + POINT),
  }
}

export const updateParts = (raw: Uint8Array): UpdateParts => {
  const view = viewOf(raw)
  const id = TYPE + SIGNATURE + CHAIN_HASH
  const end = id + 40
  return {
    shortChannelId: view.getBigUint64(id),
    timestamp: view.getUint32(id + 8),
    messageFlags: view.getUint8(id + 12),
    channelFlags: view.getUint8(id + 13),
    cltvExpiryDelta: view.getUint16(id + 14),
    htlcMinimumMsat: view.getBigUint64(id + 16),
    feeBaseMsat: view.getUint32(id + 24),
    feeProportionalMillionths: view.getUint32(id + 28),
    htlcMaximumMsat: view.getBigUint64(id + 32),
    ...(raw.length > end && { extension: raw.subarray(end) }),
  }
}
