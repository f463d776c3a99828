import type { Rate } from '../../lib/token-bucket.ts'

// BOLT 4 lets a node limit onion messages by dropping them. To open one costs us less than a millisecond, and nobody a fee.

/** What each peer may send, in messages: enough for a node through which many wallets pay. */
export const RATION: Rate = { perSecond: 10, burst: 30 }

export const MESSAGE_LIMITS = {
  bytesOfPeer: { perSecond: 32 << 10, burst: 256 << 10 },
  /** All peers together with whom we have a channel that cost somebody money, in messages. */
  partners: { perSecond: 200, burst: 400 },
  /** All others together. */
  strangers: { perSecond: 40, burst: 100 },
  bytesOfPartners: { perSecond: 512 << 10, burst: 2 << 20 },
  bytesOfStrangers: { perSecond: 128 << 10, burst: 512 << 10 },
  /** Bytes that a peer has not taken yet: beyond it nothing is sent to it. */
  maxUnsent: 128 << 10,
} as const

/** For whom the node passes on onion messages: everybody, peers with channels among themselves, or nobody, and then it takes none at all. */
export type MessageRelaying = 'everybody' | 'channel-peers' | 'off'
