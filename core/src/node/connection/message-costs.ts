import type { Message, UnknownMessage } from '../../wire/messages/message.ts'

/** Of the event loop, in milliseconds. */
const COSTS: Readonly<Partial<Record<Message['type'], number>>> = {
  // A channel's actor, keys, the plugins' verdict.
  open_channel: 3,
  accept_channel: 3,
  // Two signatures, a row, a watch of the chain.
  funding_created: 4,
  // The channel's whole state is looked through, and what was lost is sent again.
  channel_reestablish: 0.5,
  // A peer's actor looks for the channel, and finds none with that id.
  channel_update: 0.02,
}

/** The estimated cost of what a message causes after its delivery: too far away to be measured as its sender's. */
export const costOf = ({ type }: Message | UnknownMessage): number => (type === 'unknown' ? 0 : (COSTS[type] ?? 0))

/** What a byte costs before we see it and after we have sent it: the system's part, the runtime's, and the garbage. */
const MS_PER_BYTE = 1 / (64 << 10)

export const transportCost = (bytes: number): number => bytes * MS_PER_BYTE

const TALK = new Set<string>([
  'unknown',
  'init',
  'ping',
  'pong',
  'peer_storage',
  'peer_storage_retrieval',
  'error',
  'warning',
  'channel_update',
  'announcement_signatures',
])

/** Whether a message has nothing to do with the work of a channel: a peer may say any number of them, of any size, at any time. */
export const isTalk = ({ type }: Message | UnknownMessage): boolean => TALK.has(type)

/**
 * Whether a message is counted. Unsolicited gossip comes by the thousand and ahead of important messages (BOLT 7: the whole graph to a node
 * that does not say since when). Most of it is thrown away, at no more cost than its bytes and the time to read it.
 */
export const isCounted = ({ type }: Message | UnknownMessage): boolean =>
  type !== 'unknown' && type !== 'channel_update'
