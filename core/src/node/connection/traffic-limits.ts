import type { Rate } from '../../lib/token-bucket.ts'

/**
 * What a peer's traffic uses up. `milliseconds` are time of the event loop: decrypting, decoding and answering as measured, and work that a
 * message causes elsewhere as estimated. `talk` are those that went into messages about no channel (see `isTalk`), together with an estimate
 * of what the system and the runtime took for their bytes. `bytes` are those received, and for strangers also those sent. `messages` are those that cause work: see `isCounted`. `complaints` are errors and warnings,
 * theirs and our answers.
 */
export type Resource = 'milliseconds' | 'talk' | 'bytes' | 'messages' | 'pings' | 'complaints'

export type Rates = Readonly<Record<Resource, Rate>>

/** What others may ask of this node. A partner is a peer with whom we have a channel that cost somebody money. */
export interface TrafficLimits {
  readonly partner: Rates
  /** All partners together, as far as they go beyond what each may have whatever the others do. */
  readonly partners: Rates
  readonly modest: Rates
  /** One connection of anybody else. */
  readonly stranger: Rates
  /** All strangers at one address together. */
  readonly address: Rates
  /** All strangers together. */
  readonly strangers: Rates
  /**
   * Handshakes that others begin, each about half a millisecond of curve arithmetic and bookkeeping: of one address, of all addresses where
   * no partner was seen, and of all where one was.
   */
  readonly handshakes: { readonly address: Rate; readonly strangers: Rate; readonly familiar: Rate }
  /** Sockets that come in from one address. */
  readonly arrivals: Rate
  /** Sockets in their handshake: of strangers before their first act is answered, and after it; and of addresses where a partner was seen. */
  readonly halfOpen: { readonly calling: number; readonly answered: number; readonly familiar: number }
  /** Strangers who called us. */
  readonly connected: { readonly max: number; readonly maxPerGroup: number }
}

const NO_LIMIT: Rate = { perSecond: Number.POSITIVE_INFINITY, burst: Number.POSITIVE_INFINITY }

export const TRAFFIC_LIMITS: TrafficLimits = {
  // About ten times what a peer on one core can pay us.
  partner: {
    milliseconds: { perSecond: 500, burst: 1_000 },
    talk: { perSecond: 100, burst: 500 },
    bytes: { perSecond: 16 << 20, burst: 32 << 20 },
    messages: { perSecond: 50_000, burst: 100_000 },
    pings: { perSecond: 10, burst: 100 },
    complaints: { perSecond: 20, burst: 1_000 },
  },
  // What channels have to say is not limited for all together: it is what the node is there for.
  partners: {
    milliseconds: NO_LIMIT,
    talk: { perSecond: 50, burst: 250 },
    bytes: NO_LIMIT,
    messages: NO_LIMIT,
    pings: { perSecond: 20, burst: 200 },
    complaints: { perSecond: 50, burst: 2_000 },
  },
  modest: {
    milliseconds: NO_LIMIT,
    talk: { perSecond: 2, burst: 50 },
    bytes: NO_LIMIT,
    messages: NO_LIMIT,
    // BOLT 1, ping: more often than every 30 s is more than anybody should send.
    pings: { perSecond: 0.5, burst: 20 },
    complaints: { perSecond: 1, burst: 100 },
  },
  // Enough to open channels, and to be told that a hundred channels are not known here.
  stranger: {
    milliseconds: { perSecond: 10, burst: 50 },
    talk: NO_LIMIT,
    // The gossip that fills the system's buffers ahead of an opening is read before the peer gives up waiting for a pong.
    bytes: { perSecond: 256 << 10, burst: 2 << 20 },
    messages: { perSecond: 20, burst: 400 },
    // BOLT 1, ping: more often than every 30 s is more than anybody should send.
    pings: { perSecond: 0.5, burst: 20 },
    complaints: { perSecond: 1, burst: 100 },
  },
  address: {
    milliseconds: { perSecond: 25, burst: 75 },
    talk: NO_LIMIT,
    bytes: { perSecond: 512 << 10, burst: 4 << 20 },
    messages: { perSecond: 100, burst: 1_000 },
    pings: { perSecond: 5, burst: 100 },
    complaints: { perSecond: 5, burst: 200 },
  },
  strangers: {
    milliseconds: { perSecond: 50, burst: 100 },
    talk: NO_LIMIT,
    bytes: { perSecond: 2 << 20, burst: 16 << 20 },
    messages: { perSecond: 500, burst: 4_000 },
    pings: { perSecond: 50, burst: 500 },
    complaints: { perSecond: 20, burst: 500 },
  },
  // Enough for a node's partners to come back at once after a restart. In the long run little, since each connection is reported in two
  // durable events.
  handshakes: {
    address: { perSecond: 2, burst: 60 },
    strangers: { perSecond: 10, burst: 100 },
    familiar: { perSecond: 20, burst: 200 },
  },
  // Each costs a tenth of a millisecond before it has said anything. Where many peers call through one address, as over Tor, they come
  // together after a restart.
  arrivals: { perSecond: 50, burst: 200 },
  // Together fewer than the files that a process may open on a system with a low limit. Strangers' acts are answered ten times a second: once
  // answered, a socket has four seconds at least.
  halfOpen: { calling: 48, answered: 40, familiar: 24 },
  connected: { max: 96, maxPerGroup: 32 },
}
