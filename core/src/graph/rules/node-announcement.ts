import { unknownEvenBits } from '../../wire/features.ts'
import type { NodeAnnouncement } from '../../wire/messages/gossip.ts'
import { readAddresses } from '../../wire/node-address.ts'
import { checksOfNode } from './signature-checks.ts'
import { ignore, refuse, type Verdict } from './verdict.ts'

/** What is known of a node that has a channel. */
export interface KnownNode {
  /** Of its last announcement; absent if there was none. */
  readonly timestamp?: number
}

/** BOLT 7, node_announcement, the receiving node. That its id is a valid point is part of the signature's check. */
export const judgeNodeAnnouncement = (
  raw: Uint8Array,
  message: NodeAnnouncement,
  node: KnownNode | undefined,
): Verdict => {
  // BOLT 7: a node without a known channel is ignored, and so is what is not newer than the last.
  if (node === undefined) return ignore('unknown-node')
  if (message.timestamp <= (node.timestamp ?? -1)) return ignore('not-newer')
  // BOLT 7: whoever sends addresses that are cut off may be warned.
  if (!readAddresses(message.addresses).ok) return refuse('truncated-address')
  return { type: 'check', checks: checksOfNode(raw, message) }
}

/** BOLT 7: one with more than one hostname is not passed on. */
export const isNodeForwardable = ({ addresses }: NodeAnnouncement): boolean => {
  const read = readAddresses(addresses)
  return read.ok && !read.value.hasManyHostnames
}

/** BOLT 7: no payment is routed through a node with an unknown even bit, and none is sent to it without an invoice that says the same. */
export const isNodeRoutable = ({ features }: Pick<NodeAnnouncement, 'features'>): boolean =>
  unknownEvenBits(features).length === 0
