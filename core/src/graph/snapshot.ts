import type { NodeId, ShortChannelId } from '../lib/ids.ts'
import type { Columns, Spec } from './columns.ts'
import { findRow, stir } from './columns-index.ts'

/** BOLT 7, direction bit of channel_flags: 0 is from the node whose id is the lesser. */
export type Direction = 0 | 1

export const NODE_ID_LENGTH = 33
/** What the ends of a channel's free row are. */
export const NO_NODE = 0xffffffff

/** More than any channel holds, and the most that a float64 counts exactly: amounts inside of the graph are such numbers. */
export const MAX_AMOUNT_MSAT = Number.MAX_SAFE_INTEGER

/** Of an edge: what its node asks is known, and it is not disabled. */
export const USABLE = 1
/** Of an edge: the node that it leads to gives a discount for what comes in over it (bLIP 18). */
export const DISCOUNTED = 2
/** Of an edge: the node that it leads to asks a fee for what comes in over it. */
export const SURCHARGED = 4

/** What an edge asks for. Amounts in msat. */
export const POLICY_COLUMNS = {
  flags: 'u8',
  cltvExpiryDelta: 'u16',
  feeBaseMsat: 'u32',
  feeProportionalMillionths: 'u32',
  htlcMinimumMsat: 'f64',
  htlcMaximumMsat: 'f64',
  /** For what comes in from the other end: it is part of what the opposite edge costs. */
  inboundFeeBaseMsat: 'i32',
  inboundFeeProportionalMillionths: 'i32',
} as const satisfies Spec

export const CHANNEL_COLUMNS = {
  shortChannelId: 'u64',
  /** 0 if it is not known. */
  capacityMsat: 'f64',
} as const satisfies Spec

/**
 * Which nodes and channels there are. Node and channel numbers are rows, and stay as long as the node or channel does; a row may be free.
 * Channel c has the edges 2c (direction 0) and 2c + 1. Edge e leads from node `ends[e]` to node `ends[e ^ 1]`.
 */
export interface Topology {
  readonly nodeRows: number
  readonly channelRows: number
  /** 33 bytes each. */
  readonly nodeIds: Uint8Array
  readonly channels: Columns<typeof CHANNEL_COLUMNS>
  readonly ends: Uint32Array
  /** The edges that lead to node n are `incoming[incomingStart[n]]` and on, up to `incomingStart[n + 1]`. */
  readonly incomingStart: Uint32Array
  readonly incoming: Uint32Array
  readonly nodeSlots: Int32Array
  readonly channelSlots: Int32Array
  readonly salt: number
}

/** The graph at one moment, which never changes. It is plain data over shared memory: to send it to another thread copies nothing. */
export interface GraphSnapshot {
  /** The same object as in the snapshot before if no channel has come or gone. */
  readonly topology: Topology
  readonly policies: Columns<typeof POLICY_COLUMNS>
}

/** Salted, because who makes node ids could otherwise choose ones that all fall into one slot. */
export const hashNodeId = (salt: number, ids: Uint8Array, start: number): number => {
  let hash = salt
  for (let i = start; i < start + NODE_ID_LENGTH; i += 3) {
    hash = stir(hash, ((ids[i] as number) << 16) | ((ids[i + 1] as number) << 8) | (ids[i + 2] as number))
  }
  return hash
}

export const hashShortChannelId = (salt: number, scid: ShortChannelId): number =>
  stir(stir(salt, Number(scid & 0xffffffffn)), Number(scid >> 32n))

export const nodeAt = (nodeIds: Uint8Array, row: number): NodeId =>
  nodeIds.slice(row * NODE_ID_LENGTH, (row + 1) * NODE_ID_LENGTH)

export const isNodeAt = (nodeIds: Uint8Array, row: number, nodeId: NodeId): boolean => {
  for (let i = 0, at = row * NODE_ID_LENGTH; i < NODE_ID_LENGTH; i++) if (nodeIds[at + i] !== nodeId[i]) return false
  return true
}

/** The number of the node, or -1. */
export const findNode = ({ nodeSlots, nodeIds, salt }: Topology, nodeId: NodeId): number =>
  findRow(nodeSlots, hashNodeId(salt, nodeId, 0), (row) => isNodeAt(nodeIds, row, nodeId))

/** The number of the channel, or -1. */
export const findChannel = ({ channelSlots, channels, salt }: Topology, scid: ShortChannelId): number =>
  findRow(channelSlots, hashShortChannelId(salt, scid), (row) => channels.shortChannelId[row] === scid)
