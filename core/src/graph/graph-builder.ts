import { invariant } from '../lib/errors.ts'
import type { NodeId, ShortChannelId } from '../lib/ids.ts'
import type { BlockDelta, Msat, Ppm, Sat } from '../lib/units.ts'
import { allocate, type Columns, clearRow, copied, type Spec } from './columns.ts'
import { findRow, RowIndex } from './columns-index.ts'
import {
  CHANNEL_COLUMNS,
  DISCOUNTED,
  type Direction,
  type GraphSnapshot,
  hashNodeId,
  hashShortChannelId,
  isNodeAt,
  MAX_AMOUNT_MSAT,
  NO_NODE,
  NODE_ID_LENGTH,
  nodeAt,
  POLICY_COLUMNS,
  SURCHARGED,
  type Topology,
  USABLE,
} from './snapshot.ts'

/** A channel of the network. */
export interface GraphChannel {
  readonly shortChannelId: ShortChannelId
  /** BOLT 7: the one whose id is the lesser first. */
  readonly nodeIds: readonly [NodeId, NodeId]
  /** 0 if it is not known. */
  readonly capacitySat: Sat
}

/** What one end of a channel asks for relaying out of it (its latest `channel_update`). */
export interface GraphPolicy {
  /** Seconds since the Unix epoch. */
  readonly timestamp: number
  readonly disabled: boolean
  readonly cltvExpiryDelta: BlockDelta
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: Ppm
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
  /** bLIP 18: what it asks, or gives back if negative, for what comes in over the channel. */
  readonly inboundFeeBaseMsat?: number
  readonly inboundFeeProportionalMillionths?: number
}

const NODE_COLUMNS = { channelCount: 'u32' } as const satisfies Spec
const EDGE_COLUMNS = { ...POLICY_COLUMNS, end: 'u32', timestamp: 'u32' } as const satisfies Spec
const FIRST_ROWS = 64

/** The graph as it is being learnt. A node is in it as long as it has a channel. Rows of what is gone are used again. */
export class GraphBuilder {
  readonly #salt: number
  #nodeIds = new Uint8Array(FIRST_ROWS * NODE_ID_LENGTH)
  #nodes = allocate(NODE_COLUMNS, FIRST_ROWS)
  #channels = allocate(CHANNEL_COLUMNS, FIRST_ROWS)
  #edges: Columns<typeof EDGE_COLUMNS> = allocate(EDGE_COLUMNS, FIRST_ROWS * 2)
  #nodeRows = 0
  #channelRows = 0
  readonly #freeNodes: number[] = []
  readonly #freeChannels: number[] = []
  readonly #nodeIndex = new RowIndex((row) => hashNodeId(this.#salt, this.#nodeIds, row * NODE_ID_LENGTH))
  readonly #channelIndex = new RowIndex((row) => hashShortChannelId(this.#salt, this.#shortChannelId(row)))
  #topology: Topology | undefined
  #snapshot: GraphSnapshot | undefined

  /** `salt` is any number of 32 bits that nobody else knows. */
  constructor(salt: number) {
    this.#salt = salt
  }

  get nodeCount(): number {
    return this.#nodeRows - this.#freeNodes.length
  }

  get channelCount(): number {
    return this.#channelRows - this.#freeChannels.length
  }

  hasNode(nodeId: NodeId): boolean {
    return this.#findNode(nodeId) >= 0
  }

  hasChannel(scid: ShortChannelId): boolean {
    return this.#findChannel(scid) >= 0
  }

  channel(scid: ShortChannelId): GraphChannel | undefined {
    const row = this.#findChannel(scid)
    if (row < 0) return undefined
    const end = (edge: number): NodeId => nodeAt(this.#nodeIds, this.#edges.end[edge] as number)
    const capacitySat = BigInt(this.#channels.capacityMsat[row] as number) / 1000n
    return { shortChannelId: scid, nodeIds: [end(row * 2), end(row * 2 + 1)], capacitySat }
  }

  /** When what is known of this direction was said (seconds since the Unix epoch): 0 if nothing is. */
  policyTimestamp(scid: ShortChannelId, direction: Direction): number {
    const row = this.#findChannel(scid)
    return row < 0 ? 0 : (this.#edges.timestamp[row * 2 + direction] as number)
  }

  /** Whether it is new, and a channel between two nodes. */
  addChannel({ shortChannelId, nodeIds, capacitySat }: GraphChannel): boolean {
    if (this.hasChannel(shortChannelId) || isSame(nodeIds[0], nodeIds[1])) return false
    const row = this.#freeChannels.pop() ?? this.#newChannelRow()
    this.#channels.shortChannelId[row] = shortChannelId
    this.#channels.capacityMsat[row] = clamped(capacitySat * 1000n)
    for (const [direction, nodeId] of nodeIds.entries()) {
      const node = this.#nodeOf(nodeId)
      this.#nodes.channelCount[node] = (this.#nodes.channelCount[node] as number) + 1
      this.#edges.end[row * 2 + direction] = node
    }
    this.#channelIndex.add(row)
    this.#changed('topology')
    return true
  }

  /** Whether it was there. */
  removeChannel(scid: ShortChannelId): boolean {
    const row = this.#findChannel(scid)
    if (row < 0) return false
    this.#channelIndex.delete(row)
    for (const edge of [row * 2, row * 2 + 1]) {
      this.#leaveNode(this.#edges.end[edge] as number)
      clearRow(this.#edges, edge)
      this.#edges.end[edge] = NO_NODE
    }
    clearRow(this.#channels, row)
    this.#freeChannels.push(row)
    this.#changed('topology')
    return true
  }

  /** Whether the channel is known. Amounts past what any channel holds are brought down to it. */
  setPolicy(scid: ShortChannelId, direction: Direction, policy: GraphPolicy): boolean {
    const row = this.#findChannel(scid)
    if (row < 0) return false
    const edge = row * 2 + direction
    const edges = this.#edges
    const capacity = this.#channels.capacityMsat[row] as number
    const most = clamped(policy.htlcMaximumMsat)
    const inboundBase = policy.inboundFeeBaseMsat ?? 0
    const inboundMillionths = policy.inboundFeeProportionalMillionths ?? 0
    edges.flags[edge] = ((edges.flags[edge] as number) & ~USABLE) | (policy.disabled ? 0 : USABLE)
    edges.flags[edge ^ 1] = ((edges.flags[edge ^ 1] as number) & USABLE) | inboundFlag(inboundBase, inboundMillionths)
    edges.timestamp[edge] = policy.timestamp
    edges.cltvExpiryDelta[edge] = policy.cltvExpiryDelta
    edges.feeBaseMsat[edge] = policy.feeBaseMsat
    edges.feeProportionalMillionths[edge] = policy.feeProportionalMillionths
    edges.htlcMinimumMsat[edge] = clamped(policy.htlcMinimumMsat)
    edges.htlcMaximumMsat[edge] = capacity === 0 ? most : Math.min(most, capacity)
    edges.inboundFeeBaseMsat[edge] = inboundBase
    edges.inboundFeeProportionalMillionths[edge] = inboundMillionths
    this.#changed('policies')
    return true
  }

  /** The graph as it is now. As long as nothing changes it is the same object. */
  snapshot(): GraphSnapshot {
    this.#topology ??= this.#makeTopology()
    this.#snapshot ??= {
      topology: this.#topology,
      policies: copied(POLICY_COLUMNS, this.#edges, this.#channelRows * 2, this.#channelRows * 2, SharedArrayBuffer),
    }
    return this.#snapshot
  }

  #changed(what: 'topology' | 'policies'): void {
    this.#snapshot = undefined
    if (what === 'topology') this.#topology = undefined
  }

  #makeTopology(): Topology {
    const nodeRows = this.#nodeRows
    const channelRows = this.#channelRows
    const ends = shared(this.#edges.end.subarray(0, channelRows * 2))
    const { incomingStart, incoming } = incomingEdges(ends, nodeRows)
    return {
      nodeRows,
      channelRows,
      nodeIds: shared(this.#nodeIds.subarray(0, nodeRows * NODE_ID_LENGTH)),
      channels: copied(CHANNEL_COLUMNS, this.#channels, channelRows, channelRows, SharedArrayBuffer),
      ends,
      incomingStart,
      incoming,
      nodeSlots: shared(this.#nodeIndex.slots),
      channelSlots: shared(this.#channelIndex.slots),
      salt: this.#salt,
    }
  }

  #shortChannelId(row: number): ShortChannelId {
    return this.#channels.shortChannelId[row] as bigint
  }

  #findChannel(scid: ShortChannelId): number {
    const matches = (row: number): boolean => this.#shortChannelId(row) === scid
    return findRow(this.#channelIndex.slots, hashShortChannelId(this.#salt, scid), matches)
  }

  #findNode(nodeId: NodeId): number {
    const matches = (row: number): boolean => isNodeAt(this.#nodeIds, row, nodeId)
    return findRow(this.#nodeIndex.slots, hashNodeId(this.#salt, nodeId, 0), matches)
  }

  #nodeOf(nodeId: NodeId): number {
    const found = this.#findNode(nodeId)
    if (found >= 0) return found
    invariant(nodeId.length === NODE_ID_LENGTH, 'a node id has 33 bytes')
    const row = this.#freeNodes.pop() ?? this.#newNodeRow()
    this.#nodeIds.set(nodeId, row * NODE_ID_LENGTH)
    this.#nodeIndex.add(row)
    return row
  }

  #leaveNode(node: number): void {
    const channelCount = (this.#nodes.channelCount[node] as number) - 1
    this.#nodes.channelCount[node] = channelCount
    if (channelCount > 0) return
    this.#nodeIndex.delete(node)
    this.#nodeIds.fill(0, node * NODE_ID_LENGTH, (node + 1) * NODE_ID_LENGTH)
    this.#freeNodes.push(node)
  }

  #newNodeRow(): number {
    const row = this.#nodeRows++
    const rows = this.#nodes.channelCount.length
    if (row < rows) return row
    this.#nodes = copied(NODE_COLUMNS, this.#nodes, rows, rows * 2)
    const nodeIds = new Uint8Array(rows * 2 * NODE_ID_LENGTH)
    nodeIds.set(this.#nodeIds)
    this.#nodeIds = nodeIds
    return row
  }

  #newChannelRow(): number {
    const row = this.#channelRows++
    const rows = this.#channels.capacityMsat.length
    if (row < rows) return row
    this.#channels = copied(CHANNEL_COLUMNS, this.#channels, rows, rows * 2)
    this.#edges = copied(EDGE_COLUMNS, this.#edges, rows * 2, rows * 4)
    return row
  }
}

const inboundFlag = (base: number, millionths: number): number => {
  if (base === 0 && millionths === 0) return 0
  return base < 0 || millionths < 0 ? DISCOUNTED : SURCHARGED
}

const isSame = (a: NodeId, b: NodeId): boolean => isNodeAt(a, 0, b)

const clamped = (amount: bigint): number => (amount > MAX_AMOUNT_MSAT ? MAX_AMOUNT_MSAT : Number(amount))

const shared = <T extends Uint8Array | Uint32Array | Int32Array>(array: T): T => {
  const copy = new (array.constructor as new (buffer: SharedArrayBuffer) => T)(new SharedArrayBuffer(array.byteLength))
  copy.set(array)
  return copy
}

/** The edges by the node that they lead to, by counting. */
const incomingEdges = (ends: Uint32Array, nodeRows: number): Pick<Topology, 'incomingStart' | 'incoming'> => {
  const incomingStart = new Uint32Array(new SharedArrayBuffer((nodeRows + 1) * 4))
  let count = 0
  for (const to of ends) {
    if (to === NO_NODE) continue
    incomingStart[to + 1] = (incomingStart[to + 1] as number) + 1
    count++
  }
  for (let node = 0; node < nodeRows; node++) {
    incomingStart[node + 1] = (incomingStart[node + 1] as number) + (incomingStart[node] as number)
  }
  const incoming = new Uint32Array(new SharedArrayBuffer(count * 4))
  const next = incomingStart.slice(0, nodeRows)
  for (let edge = 0; edge < ends.length; edge++) {
    const to = ends[edge ^ 1] as number
    if (to === NO_NODE) continue
    const at = next[to] as number
    incoming[at] = edge
    next[to] = at + 1
  }
  return { incomingStart, incoming }
}
