// Written by `npm run contract` from plugin-sdk/src/contract. Do not edit.

import type { BlockHash, BlockHeight, CallOptions, ChannelId, Cursor, FeeratePerKw, Msat, NodeId, PageToken, PaymentHash, Ppm, Preimage, Reason, Sat, ShortChannelId, TimestampMs, TxId } from '../contract/types.ts'

/** The contract that these types are of. */
export type ContractVersion = '0.1.12'

/** Beside a query. */
export type QueryOptions = Pick<CallOptions, 'timeoutMs'>

/** Beside a command: the audit keeps its reason. */
export interface CommandOptions extends CallOptions {
  readonly reason: Reason
}

export type NodeGetInfoRequest = Readonly<Record<never, never>>

export interface NodeGetInfoReply {
  readonly nodeId: NodeId
  readonly network: 'mainnet' | 'testnet' | 'signet' | 'regtest'
  readonly version: string
  readonly contractVersion: string
  readonly addresses: readonly string[]
  readonly features: string
  readonly blockHeight: BlockHeight
  readonly blockHash: BlockHash
  /** Whether the node has handled every block of a chain backend that answers now and has caught up. */
  readonly synced: boolean
  readonly chain: ChainHealth
  /** The adapter in use, such as `bitcoind` or `devchain`. */
  readonly chainBackend: string
  /** The secp256k1 engine in use. */
  readonly cryptoEngine: string
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: TimestampMs
  readonly peersConnected: number
  readonly channelsUsable: number
  readonly channelsOpening: number
  readonly channelsClosing: number
  readonly graph?: NetworkGraph
  readonly pluginWalls?: PluginWalls
  readonly warnings: readonly string[]
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** How well the node sees the chain, as it was last measured. */
export interface ChainHealth {
  /** The backend answers. */
  readonly reachable: boolean
  /** When it last said what its tip is. */
  readonly answeredAt: TimestampMs
  /** Its tip. */
  readonly backendHeight: BlockHeight
  /** How far it knows headers. */
  readonly backendHeaders: BlockHeight
  readonly backendCatchingUp: boolean
  /** The lowest block that it keeps, where it prunes. */
  readonly pruneHeight?: BlockHeight
  /** The next block, where it is pruned already. */
  readonly missingBlock?: BlockHeight
  /** The highest block that this node has handled. */
  readonly handledHeight: BlockHeight
  /** Whether fee rates come from estimates, or are the lowest that travel. */
  readonly feeEstimates: boolean
  /** Milliseconds since the Unix epoch. */
  readonly feeEstimatesAt: TimestampMs
}

/** What is known of the public network; absent where the node takes no part in its gossip. */
export interface NetworkGraph {
  readonly channels: number
  readonly nodes: number
}

/** What keeps a plugin's process from the rest of the machine, beside the isolate in it. */
export interface PluginWalls {
  /** It has a root folder of its own with nothing else in it; or it is a user who may not read what is yours; or Node alone refuses it files. */
  readonly files: 'own-root' | 'own-user' | 'permission-model'
  /** It has a network of its own with nothing in it; or Node alone refuses it the network. */
  readonly network: 'own-namespace' | 'permission-model'
  /** It sees no other process; or may not touch those of others; or Node alone keeps it from them. */
  readonly processes: 'own-namespace' | 'own-user' | 'permission-model'
  /** Whether the kernel refuses it all calls but those that it needs. */
  readonly systemCalls: 'filtered' | 'unfiltered'
  /** The kernel refuses it more memory than it may have; or the node looks often, and ends it. */
  readonly memory: 'kernel-limit' | 'watched'
  /** It is another user; or the node's in a namespace where that user has no rights; or the node's, who can gain none; or just the node's. */
  readonly user: 'own' | 'namespaced' | 'no-new-privileges' | 'same'
  /** What the walls are made of, in words. */
  readonly by: string
}

export interface NodeVerifyMessageRequest {
  /** The text, byte by byte as it was signed. */
  readonly message: string
  /** In zbase32, as it was given. */
  readonly signature: string
  /** Whose it has to be. */
  readonly nodeId?: NodeId
}

export interface NodeVerifyMessageReply {
  /** It is of the node asked for, or, where none was, of one that this node knows: itself, a peer with a channel, or a node in its graph. */
  readonly valid: boolean
  /** Whose key has signed; absent where it is no signature. Nearly every signature of another text is that of some key that nobody has: this alone proves nothing. */
  readonly nodeId?: NodeId
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** The node itself. */
export interface NodeActor {
  /** Who this node is, how far it has followed the chain, and what it runs on. */
  getInfo(request?: NodeGetInfoRequest, options?: QueryOptions): Promise<NodeGetInfoReply>
  /** Says whose signature of a text this is, as any of the nodes that can sign makes it. */
  verifyMessage(request: NodeVerifyMessageRequest, options?: QueryOptions): Promise<NodeVerifyMessageReply>
}

export interface PeersListRequest {
  readonly connected?: boolean
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface PeersListReply {
  readonly items: readonly PeerSummary[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** A node that we are connected to or have channels with. */
export interface PeerSummary {
  readonly nodeId: NodeId
  /** What the operator calls the peer. */
  readonly name?: string
  readonly connected: boolean
  /** `host:port`. */
  readonly address?: string
  /** Who dialled, while connected. */
  readonly direction?: 'inbound' | 'outbound'
  readonly features?: string
  /** Milliseconds since the Unix epoch. */
  readonly connectedAt?: TimestampMs
  /** Where it can be dialled, in the order of trying; none: only the peer itself can bring the connection back. */
  readonly knownAddresses: readonly string[]
  readonly channels: number
}

export interface PeersRelaysRequest {
  readonly nodeId?: NodeId
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface PeersRelaysReply {
  readonly items: readonly PeerRelays[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** What relaying for a peer, and to it, has come to. */
export interface PeerRelays {
  readonly nodeId: NodeId
  /** What the operator calls the peer. */
  readonly name?: string
  /** Since when it is counted. */
  readonly since: TimestampMs
  /** What came from the peer and is not settled yet: the operator limits it. */
  readonly underWay: {
    readonly htlcs: number
    readonly amountMsat: Msat
  }
  readonly in: RelaysOneWay
  /** What came from the peer and did not go out. */
  readonly refused: number
  readonly out: RelaysOneWay
}

/** Of what came from the peer. */
export interface RelaysOneWay {
  readonly settled: number
  /** Of those that settled. */
  readonly amountMsat: Msat
  /** What they earned us. Each fee counts for both peers. */
  readonly feesMsat: Msat
  /** Those that went out and came back. */
  readonly failed: number
  /** How long all of them together were open, from when they had come in, whatever came of them. */
  readonly heldMs: number
  /** The longest of them. */
  readonly heldMostMs: number
}

export interface PeersFindRequest {
  /** A name that the operator gave, a node id, or the beginning of the id of a peer. */
  readonly peer: string
}

export interface PeersFindReply {
  readonly nodeId: NodeId
  /** A place in the event log. */
  readonly asOf: Cursor
}

export interface PeersConnectRequest {
  readonly nodeId: NodeId
  /** `host:port`; the last known one if not said. */
  readonly address?: string
}

export interface PeersConnectReply {
  /** Whether it was connected now, or before; `connected-elsewhere`: before, and not by the address given, which was not dialled. Disconnect first to use that one. */
  readonly outcome: 'connected' | 'already-connected' | 'connected-elsewhere'
  readonly peer: PeerSummary
}

export interface PeersDisconnectRequest {
  readonly nodeId: NodeId
}

export type PeersDisconnectReply = Readonly<Record<never, never>>

/** The nodes this one is connected to. */
export interface PeersActor {
  /** Every peer that is connected or has a channel with us, a page at a time. */
  list(request?: PeersListRequest, options?: QueryOptions): Promise<PeersListReply>
  /** What relaying for each peer, and to it, has come to: fees, failures, and how long HTLCs were open. A crash loses the last ten seconds of it, and it goes with the last channel with the peer. */
  relays(request?: PeersRelaysRequest, options?: QueryOptions): Promise<PeersRelaysReply>
  /** The peer that is meant by what a person has typed. The command line asks this for whatever is no whole id. Errors: peer-not-found, peer-ambiguous. */
  find(request: PeersFindRequest, options?: QueryOptions): Promise<PeersFindReply>
  /** Connects to a node, and stays connected: a lost connection is tried again with growing pauses. Effects: connects. Errors: address-unknown, unreachable, handshake-failed, incompatible-peer. */
  connect(request: PeersConnectRequest, options: CommandOptions): Promise<PeersConnectReply>
  /** Ends the connection to a peer and stops dialling it. Its channels stay open. Effects: connects. Errors: not-connected. */
  disconnect(request: PeersDisconnectRequest, options: CommandOptions): Promise<PeersDisconnectReply>
}

export interface ChannelsListRequest {
  readonly peer?: NodeId
  readonly state?: 'opening' | 'usable' | 'offline' | 'closing' | 'closed' | 'quarantined'
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface ChannelsListReply {
  readonly items: readonly ChannelSummary[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** A channel, open or closing. */
export interface ChannelSummary {
  readonly channelId: ChannelId
  readonly peer: NodeId
  /** What the operator calls the peer. */
  readonly peerName?: string
  readonly state: 'opening' | 'usable' | 'offline' | 'closing' | 'closed' | 'quarantined'
  readonly initiator: 'local' | 'remote'
  readonly channelType: string
  /** Whether both sides want the network to know of it, and it does once the funding is deep enough. */
  readonly announced: boolean
  readonly fundings: readonly Funding[]
  readonly shortChannelId?: ShortChannelId
  readonly aliases: readonly ShortChannelId[]
  readonly remoteAlias?: ShortChannelId
  readonly capacitySat: Sat
  /** Ours, HTLCs in flight apart. */
  readonly localMsat: Msat
  /** The peer's, HTLCs in flight apart. */
  readonly remoteMsat: Msat
  /** The most that one HTLC out of this channel can carry now. */
  readonly spendableMsat: Msat
  /** The most that one HTLC into this channel can carry now. */
  readonly receivableMsat: Msat
  readonly htlcsInFlight: number
  /** Of ours, the HTLCs in a commitment that the peer published and that this node does not know: it cannot claim them. */
  readonly unclaimableMsat?: Msat
  /** Of ours, what hangs on a funding of the peer's that is not deep enough: it is not ours until then, whatever the channel is used for. */
  readonly unconfirmedMsat?: Msat
  readonly rest?: ChannelRest
  /** There while the state may be old, because the database was put back: nothing of the channel is published until its peer has shown that it knows no later one. */
  readonly inDoubt?: boolean
  readonly localPolicy: RelayPolicy
  readonly inboundDiscount?: InboundDiscount
  readonly remotePolicy?: RelayPolicy
  readonly closeKind?: 'mutual' | 'local-force' | 'remote-force' | 'revoked' | 'never-funded'
  /** What this node has published to close the channel. */
  readonly transactions?: readonly ChannelTransaction[]
  /** Milliseconds since the Unix epoch. */
  readonly openedAt?: TimestampMs
  /** None while the channel is usable and holds no HTLC. */
  readonly waitsFor: readonly WaitSummary[]
}

/** An output that funds, funded or will fund a channel. */
export interface Funding {
  readonly fundingIndex: number
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
  readonly outputIndex: number
  readonly amountSat: Sat
  readonly status: 'unconfirmed' | 'confirmed' | 'spent'
  readonly blockHeight?: BlockHeight
}

/** There while the channel holds back what the peer has hung up at, so that its other channels can go on. */
export interface ChannelRest {
  readonly cause: string
  readonly remedy: string
  /** When it is tried again, unless the peer or another feerate moves first. */
  readonly until: TimestampMs
}

/** What a node charges and asks for to relay out of a channel. */
export interface RelayPolicy {
  readonly feeBaseMsat: Msat
  /** Parts per million. */
  readonly feeProportionalMillionths: Ppm
  readonly cltvExpiryDelta: number
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
  /** Of the peer's policy: whether it says that it relays nothing out of its end now. */
  readonly disabled?: boolean
}

/** Where we take something off for what comes in over it. */
export interface InboundDiscount {
  readonly feeBaseMsat: Msat
  /** Parts per million. */
  readonly feeProportionalMillionths: Ppm
}

/** A transaction that this node has published to close a channel; of those that replaced each other, the last. */
export interface ChannelTransaction {
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
  readonly purpose: 'mutual-close' | 'local-commitment' | 'anchor' | 'to-local' | 'htlc-success' | 'htlc-timeout' | 'htlc-output' | 'to-remote' | 'received-htlc' | 'offered-htlc' | 'penalty' | 'htlc-penalty' | 'joint-claim'
  /** What it pays by itself. */
  readonly feeSat: Sat
  /** What it pays, together with the commitment that it brings into a block. */
  readonly feerate: FeeratePerKw
  /** What set the fee: both sides (`agreed`), the estimate, a deadline that is near, all that may be paid (`budget`), all that the wallet could pay, or what the operator asked for. */
  readonly reason: 'agreed' | 'estimate' | 'deadline' | 'budget' | 'wallet' | 'operator'
  /** The last block in which it is in time, where time matters. */
  readonly deadline?: BlockHeight
  /** How many have paid less before it. */
  readonly replaced: number
  /** `lost`: another transaction took its place or made it needless. */
  readonly status: 'waiting' | 'confirmed' | 'lost'
}

/** What a channel waits for, in short: see `channels.get`. */
export interface WaitSummary {
  readonly kind: 'funding' | 'channel-ready' | 'peer' | 'reestablishment' | 'rest' | 'chain' | 'proof-of-state' | 'peer-state' | 'release' | 'htlc-deadline' | 'shutdown' | 'htlcs' | 'updates' | 'close-signature' | 'close-confirmation' | 'peer-commitment' | 'blocks' | 'claim' | 'peer-claim' | 'htlc-outcome' | 'lost-funds' | 'depth'
  /** How many of this kind. */
  readonly count: number
  /** The first block in which the node does something about it. */
  readonly until?: BlockHeight
  /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
  readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
}

export interface ChannelsGetRequest {
  readonly channelId: ChannelId
}

export interface ChannelsGetReply {
  readonly channel: ChannelDetails
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** A channel with all that it waits for, and what it has earned. */
export interface ChannelDetails {
  readonly channelId: ChannelId
  readonly peer: NodeId
  /** What the operator calls the peer. */
  readonly peerName?: string
  readonly state: 'opening' | 'usable' | 'offline' | 'closing' | 'closed' | 'quarantined'
  readonly initiator: 'local' | 'remote'
  readonly channelType: string
  /** Whether both sides want the network to know of it, and it does once the funding is deep enough. */
  readonly announced: boolean
  readonly fundings: readonly Funding[]
  readonly shortChannelId?: ShortChannelId
  readonly aliases: readonly ShortChannelId[]
  readonly remoteAlias?: ShortChannelId
  readonly capacitySat: Sat
  /** Ours, HTLCs in flight apart. */
  readonly localMsat: Msat
  /** The peer's, HTLCs in flight apart. */
  readonly remoteMsat: Msat
  /** The most that one HTLC out of this channel can carry now. */
  readonly spendableMsat: Msat
  /** The most that one HTLC into this channel can carry now. */
  readonly receivableMsat: Msat
  readonly htlcsInFlight: number
  /** Of ours, the HTLCs in a commitment that the peer published and that this node does not know: it cannot claim them. */
  readonly unclaimableMsat?: Msat
  /** Of ours, what hangs on a funding of the peer's that is not deep enough: it is not ours until then, whatever the channel is used for. */
  readonly unconfirmedMsat?: Msat
  readonly rest?: ChannelRest
  /** There while the state may be old, because the database was put back: nothing of the channel is published until its peer has shown that it knows no later one. */
  readonly inDoubt?: boolean
  readonly localPolicy: RelayPolicy
  readonly inboundDiscount?: InboundDiscount
  readonly remotePolicy?: RelayPolicy
  readonly closeKind?: 'mutual' | 'local-force' | 'remote-force' | 'revoked' | 'never-funded'
  /** What this node has published to close the channel. */
  readonly transactions?: readonly ChannelTransaction[]
  /** Milliseconds since the Unix epoch. */
  readonly openedAt?: TimestampMs
  /** None while the channel is usable and holds no HTLC. */
  readonly waitsFor: readonly WaitSummary[]
  readonly waits: readonly ChannelWait[]
  readonly earned?: ChannelEarnings
}

/** A transaction that would close a channel and is in no block. */
export interface PendingClose {
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
  /** Who has signed for it to be published. */
  readonly by: 'both' | 'local' | 'remote'
  readonly feeSat?: Sat
  /** Satoshis per 1000 weight units. */
  readonly feerate?: FeeratePerKw
}

/** One thing that a channel waits for: until when, and what the node does then. */
export type ChannelWait =
  | {
      /** The funding in a block, deep enough. */
      readonly kind: 'funding'
      /** A transaction id, as explorers display it. */
      readonly txid: TxId
      /** How many there are. */
      readonly confirmations: number
      /** How many it takes. */
      readonly needed: number
      readonly until?: BlockHeight
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** The peer's `channel_ready`. */
      readonly kind: 'channel-ready'
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** The peer is away. */
      readonly kind: 'peer'
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** The connected peer's `channel_reestablish`. */
      readonly kind: 'reestablishment'
      /** Milliseconds since the Unix epoch. */
      readonly untilTime?: TimestampMs
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** The channel says nothing for a while, because the peer hangs up at what it says. */
      readonly kind: 'rest'
      /** Milliseconds since the Unix epoch. */
      readonly untilTime?: TimestampMs
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** The node has to see first whether the chain has closed the channel. */
      readonly kind: 'chain'
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** The peer has to show that it knows no later state: the database was put back. */
      readonly kind: 'proof-of-state'
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** The peer has lost states of the channel: it has to find them, or ask for a close. */
      readonly kind: 'peer-state'
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** The operator has to release the channel: it is quarantined after a fault. */
      readonly kind: 'release'
      /** Milliseconds since the Unix epoch. */
      readonly since: TimestampMs
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** HTLCs that the peer has to settle: if it is silent, they close the channel. */
      readonly kind: 'htlc-deadline'
      readonly htlcs: number
      readonly amountMsat: Msat
      readonly until?: BlockHeight
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** The peer's `shutdown`. */
      readonly kind: 'shutdown'
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** HTLCs that must be settled before the close can be signed. */
      readonly kind: 'htlcs'
      readonly htlcs: number
      readonly amountMsat: Msat
      readonly until?: BlockHeight
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** The last changes, which both have to bring into both commitments. */
      readonly kind: 'updates'
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** Both have to agree on the fee of the close and to sign it. */
      readonly kind: 'close-signature'
      /** Who has spoken last on this connection. */
      readonly answeredBy?: 'local' | 'remote'
      /** The fee that we offered last. */
      readonly offeredSat?: Sat
      /** The fee that the peer offered last. */
      readonly askedSat?: Sat
      /** The peer's fee is more than we pay: close it again with a higher feerate, or force the close. */
      readonly refused?: 'fee-too-high'
      /** Milliseconds since the Unix epoch. */
      readonly untilTime?: TimestampMs
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** A block with a transaction that closes the channel. */
      readonly kind: 'close-confirmation'
      readonly transactions: readonly PendingClose[]
      readonly until?: BlockHeight
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** The peer has to publish its commitment: ours is old, and is never published. */
      readonly kind: 'peer-commitment'
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** The blocks since the channel was opened have to be looked through for its funding and its end. */
      readonly kind: 'blocks'
      /** The first that is not looked through: it may be pruned. */
      readonly from: BlockHeight
      readonly to: BlockHeight
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** An output that is ours to take. */
      readonly kind: 'claim'
      readonly purpose: 'mutual-close' | 'local-commitment' | 'anchor' | 'to-local' | 'htlc-success' | 'htlc-timeout' | 'htlc-output' | 'to-remote' | 'received-htlc' | 'offered-htlc' | 'penalty' | 'htlc-penalty' | 'joint-claim'
      /** Whose output it is. */
      readonly txid: TxId
      readonly outputIndex: number
      /** What the output is worth; of an anchor, what hangs on its commitment. */
      readonly amountSat: Sat
      readonly paymentHash?: PaymentHash
      /** The tip from which it can be taken, if that is to come. */
      readonly from?: BlockHeight
      /** The most that is paid for it. */
      readonly budgetSat: Sat
      /** The last block in which it is surely ours, if others can take it. */
      readonly deadline?: BlockHeight
      /** What was published to take it. */
      readonly claimTxid?: TxId
      /** How many outputs that takes, if more than this one: its fee is for all of them. */
      readonly claimOutputs?: number
      readonly feeSat?: Sat
      /** Satoshis per 1000 weight units. */
      readonly feerate?: FeeratePerKw
      readonly reason?: 'agreed' | 'estimate' | 'deadline' | 'budget' | 'wallet' | 'operator'
      /** What it pays from the block `until` on, if it is not taken by then and estimates stay as they are. */
      readonly nextFeerate?: FeeratePerKw
      /** What the wallet lacks for what it should pay now. */
      readonly missingSat?: Sat
      readonly until?: BlockHeight
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** An HTLC on the chain that only the peer can take, until we learn its preimage. */
      readonly kind: 'peer-claim'
      readonly paymentHash: PaymentHash
      readonly amountMsat: Msat
      readonly until?: BlockHeight
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** HTLCs that have failed on the chain, and are told to whom they came from once that is deep. */
      readonly kind: 'htlc-outcome'
      readonly htlcs: number
      readonly amountMsat: Msat
      readonly until?: BlockHeight
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** Of what hangs on a commitment that this node does not know, it can claim nothing. */
      readonly kind: 'lost-funds'
      readonly amountMsat: Msat
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }
  | {
      /** All is taken: it has to be deep enough that no reorganisation undoes it. */
      readonly kind: 'depth'
      /** How many there are. */
      readonly confirmations: number
      /** How many it takes. */
      readonly needed: number
      readonly until?: BlockHeight
      /** What the node does in the block `until`, or at the time `untilTime`; where neither is there, once it has come. `nothing`: it goes on waiting, and the operator may decide. */
      readonly action: 'use-channel' | 'reconnect' | 'offer-close' | 'close-alone' | 'claim' | 'raise-fee' | 'fail-upstream' | 'tell-closed' | 'forget' | 'nothing'
    }

/** Not there while the node still counts. */
export interface ChannelEarnings {
  readonly in: RelayedWay
  readonly out: RelayedWay
  /** Since when relays are counted, where the node no longer knows of earlier ones. */
  readonly since?: TimestampMs
}

/** What was relayed one way, and what that earned. */
export interface RelayedWay {
  readonly relays: number
  readonly amountMsat: Msat
  readonly feesMsat: Msat
}

export interface ChannelsClosedRequest {
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface ChannelsClosedReply {
  readonly items: readonly ClosedChannel[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** A channel that is no more: all that was ours is in our wallet, six blocks deep. A reorganisation deeper than that brings it back to `channels.list`; it is told as closed once more later. */
export interface ClosedChannel {
  readonly channelId: ChannelId
  readonly peer: NodeId
  /** What the operator calls the peer. */
  readonly peerName?: string
  readonly kind: 'mutual' | 'local-force' | 'remote-force' | 'revoked' | 'never-funded'
  /** What spent the funding; zeros if the channel was never funded. */
  readonly txid: TxId
  readonly blockHeight: BlockHeight
  /** Milliseconds since the Unix epoch. */
  readonly closedAt: TimestampMs
  readonly openedBy?: 'local' | 'remote'
  /** Whose doing the end was: of a cooperative close, who asked for it; of any other, who began. */
  readonly closedBy?: 'local' | 'remote'
  readonly capacitySat?: Sat
  /** A transaction id, as explorers display it. */
  readonly fundingTxid?: TxId
  readonly shortChannelId?: ShortChannelId
  /** Of the tip when it was opened. */
  readonly openedHeight?: BlockHeight
  /** Ours in the last commitment, HTLCs in flight apart. */
  readonly finalMsat?: Msat
  /** What came back to the wallet, or to the address that was asked for: by the close, and by claims. */
  readonly returnedSat?: Sat
  /** Of what the transaction that closed it paid, our share. */
  readonly closingFeeSat?: Sat
  /** What its funding paid, if it was ours. */
  readonly openingFeeSat?: Sat
  /** What our claims of its outputs paid, and children that brought a commitment into a block. */
  readonly claimFeesSat?: Sat
  readonly earned?: ChannelEarnings
}

export interface ChannelsOpeningsRequest {
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface ChannelsOpeningsReply {
  readonly items: readonly ChannelOpening[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** A channel that is being opened and has no funding yet. Nothing of it is kept: it ends with the connection. */
export interface ChannelOpening {
  readonly temporaryChannelId: ChannelId
  readonly peer: NodeId
  /** What the operator calls the peer. */
  readonly peerName?: string
  readonly initiator: 'local' | 'remote'
  readonly fundingSat: Sat
  /** The peer has to accept it, our wallet to fund it, or the peer to sign; of an opening of the peer, this node (with its plugins) has to decide, or the peer to fund it. */
  readonly waitsFor: 'peer-answer' | 'wallet' | 'peer-signature' | 'decision' | 'peer-funding'
}

export interface ChannelsFindRequest {
  /** An id, a short channel id, an alias, the beginning of an id, or the name of a peer with one channel. */
  readonly channel: string
}

export interface ChannelsFindReply {
  readonly channelId: ChannelId
  /** A place in the event log. */
  readonly asOf: Cursor
}

export interface ChannelsOpenRequest {
  readonly nodeId: NodeId
  /** What we put in. */
  readonly fundingSat: Sat
  /** A gift to the peer out of the funding. */
  readonly pushMsat?: Msat
  /** Of the transaction; the node's estimate if not said. */
  readonly feerate?: FeeratePerKw
  /** Instead of a feerate: the estimate for a block among the next so many; 6 if neither is said. */
  readonly targetBlocks?: number
  /** The most that the funding transaction may pay; about twice what it would pay now if not said. */
  readonly maxFeeSat?: Sat
  /** Exactly these are spent; the wallet chooses if not said. */
  readonly coins?: readonly string[]
  /** The relay fee that the channel starts with. */
  readonly feeBaseMsat?: Msat
  /** Parts per million. */
  readonly feeProportionalMillionths?: Ppm
  /** The network learns of the channel, so that others can pay through it. A channel with a hidden id cannot be announced. */
  readonly announce?: boolean
  /** The channel is known by aliases only: its real short channel id shows where its funding is on the chain. */
  readonly hiddenId?: boolean
  /** Both use the channel before its funding is in a block. The peer must trust this node to fund it. */
  readonly zeroConf?: boolean
}

export interface ChannelsOpenReply {
  readonly channelId: ChannelId
  /** A transaction id, as explorers display it. */
  readonly fundingTxid: TxId
  readonly fundingOutputIndex: number
  readonly feeSat: Sat
}

export interface ChannelsCloseRequest {
  readonly channelId: ChannelId
  /** The most that the closing transaction may pay; the node's own maximum if not said. Said again, it is the one in force. */
  readonly feerate?: FeeratePerKw
  /** The least that it should pay: between the two the estimate decides. Said again, a close that pays less is replaced. */
  readonly minFeerate?: FeeratePerKw
  /** Where our share goes. What goes to an address that is not of our wallet counts as paid out. */
  readonly address?: string
}

export interface ChannelsCloseReply {
  readonly channelId: ChannelId
  /** Where the channel is from now on. */
  readonly state: 'opening' | 'usable' | 'offline' | 'closing' | 'closed' | 'quarantined'
  /** What comes next: the peer has to come back, HTLCs to be settled, both to sign the closing transaction, or a block to hold it. */
  readonly waitsFor?: 'peer' | 'htlcs' | 'signatures' | 'confirmation'
  /** There once both sides have signed: of the latest, if a close was replaced. Any of them may confirm. */
  readonly txid?: TxId
}

export interface ChannelsForceCloseRequest {
  readonly channelId: ChannelId
  /** Also while the state may be old (inDoubt): if it is, the peer takes all that is in the channel. For when the peer never comes back. Of the operator alone. */
  readonly evenIfOld?: boolean
}

export interface ChannelsForceCloseReply {
  readonly channelId: ChannelId
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
}

export interface ChannelsRaiseFeesRequest {
  readonly channelId: ChannelId
  /** Satoshis per 1000 weight units. */
  readonly feerate: FeeratePerKw
}

export interface ChannelsRaiseFeesReply {
  readonly channelId: ChannelId
  /** What was published for it. */
  readonly transactions: readonly ({
    /** A transaction id, as explorers display it. */
    readonly txid: TxId
    readonly purpose: 'mutual-close' | 'local-commitment' | 'anchor' | 'to-local' | 'htlc-success' | 'htlc-timeout' | 'htlc-output' | 'to-remote' | 'received-htlc' | 'offered-htlc' | 'penalty' | 'htlc-penalty' | 'joint-claim'
    readonly feeSat: Sat
    /** Satoshis per 1000 weight units. */
    readonly feerate: FeeratePerKw
  })[]
  /** What stays as it is, and why. */
  readonly unchanged: readonly UnraisedFee[]
}

/** A transaction of a closing channel whose fee was not raised, or that is not made yet. */
export interface UnraisedFee {
  readonly purpose: 'mutual-close' | 'local-commitment' | 'anchor' | 'to-local' | 'htlc-success' | 'htlc-timeout' | 'htlc-output' | 'to-remote' | 'received-htlc' | 'offered-htlc' | 'penalty' | 'htlc-penalty' | 'joint-claim'
  /** A transaction id, as explorers display it. */
  readonly txid?: TxId
  /** What it pays. */
  readonly feerate?: FeeratePerKw
  /** It pays that much already, or so nearly that nodes take no replacement; it pays all that it may (`budget`); its commitment pays that much without it; its output is locked (`not-yet`), or worth less than the fee; or both sides have signed it, and `channels.close` replaces it. */
  readonly reason: 'pays-that-much' | 'too-near' | 'budget' | 'commitment-pays' | 'not-yet' | 'not-worth-it' | 'agreed'
}

export interface ChannelsSetRelayFeesRequest {
  readonly channelId: ChannelId
  readonly feeBaseMsat: Msat
  /** Parts per million. */
  readonly feeProportionalMillionths: Ppm
}

export interface ChannelsSetRelayFeesReply {
  readonly channelId: ChannelId
  readonly localPolicy: RelayPolicy
}

export interface ChannelsSetInboundDiscountRequest {
  readonly channelId: ChannelId
  readonly feeBaseMsat: Msat
  /** Parts per million. */
  readonly feeProportionalMillionths: Ppm
}

export interface ChannelsSetInboundDiscountReply {
  readonly channelId: ChannelId
  readonly inboundDiscount: InboundDiscount
}

/** Payment channels and what they charge to relay. */
export interface ChannelsActor {
  /** Every channel, open or closing, a page at a time. Those that are closed are in `channels.closed`. */
  list(request?: ChannelsListRequest, options?: QueryOptions): Promise<ChannelsListReply>
  /** One channel: what it waits for, until when, and what the node does then. Errors: channel-not-found. */
  get(request: ChannelsGetRequest, options?: QueryOptions): Promise<ChannelsGetReply>
  /** Channels that are closed, the newest first, a page at a time, for as long as the event log has them: how each ended, what it cost and what it earned. */
  closed(request?: ChannelsClosedRequest, options?: QueryOptions): Promise<ChannelsClosedReply>
  /** Channels that are being opened and have no funding yet, a page at a time. Once they have one they are in `channels.list`. */
  openings(request?: ChannelsOpeningsRequest, options?: QueryOptions): Promise<ChannelsOpeningsReply>
  /** The channel that is meant by what a person has typed. The command line asks this for whatever is no whole id. Errors: channel-not-found, channel-ambiguous. */
  find(request: ChannelsFindRequest, options?: QueryOptions): Promise<ChannelsFindReply>
  /** Opens a channel with a connected peer. Answers when the funding transaction is signed and on its way. Effects: locks, fees, pays-out, prices. Errors: peer-not-connected, insufficient-funds, coin-unavailable, anchor-reserve, rescan-under-way, funding-too-small, funding-too-large, push-too-large, fee-out-of-bounds, fee-limit-exceeded, fee-estimate-missing, refused-by-peer, terms-refused, peer-disconnected. */
  open(request: ChannelsOpenRequest, options: CommandOptions): Promise<ChannelsOpenReply>
  /** Closes a channel together with the peer. Our share goes to our own wallet, or to the address. Asked for again, it changes the close that is under way as far as the peer signs another; with the same it changes nothing. Effects: pays-out, fees. Errors: channel-not-found, already-closing, fee-limit-exceeded, close-not-replaceable, address-invalid, address-wrong-network, address-fixed. */
  close(request: ChannelsCloseRequest, options: CommandOptions): Promise<ChannelsCloseReply>
  /** Closes a channel alone, by publishing our latest commitment. Our share is locked for a while. Effects: fees, locks. Errors: channel-not-found, already-closing, fee-limit-exceeded, state-in-doubt. */
  forceClose(request: ChannelsForceCloseRequest, options: CommandOptions): Promise<ChannelsForceCloseReply>
  /** Has what is still to be taken of a closing channel pay at least this rate now. So does the child that brings our commitment into a block. Each pays no more than what it saves, which `channels.get` shows as its budget. A close that both have signed is replaced by `channels.close`. Effects: fees. Errors: channel-not-found, not-closing, insufficient-funds, fee-limit-exceeded. */
  raiseFees(request: ChannelsRaiseFeesRequest, options: CommandOptions): Promise<ChannelsRaiseFeesReply>
  /** Changes what the node charges to relay out of a channel. The old fees are honoured for 10 more minutes. Effects: prices. Errors: channel-not-found, already-closing, fee-out-of-bounds. */
  setRelayFees(request: ChannelsSetRelayFeesRequest, options: CommandOptions): Promise<ChannelsSetRelayFeesReply>
  /** Takes something off what the node charges for HTLCs that come in over a channel, whatever channel they go out of; never so much that it pays for a relay. Senders that do not know bLIP 18 pay the whole fee. Zeros end it; what was taken off before is honoured for 10 more minutes. Effects: prices. Errors: channel-not-found, already-closing, fee-out-of-bounds. */
  setInboundDiscount(request: ChannelsSetInboundDiscountRequest, options: CommandOptions): Promise<ChannelsSetInboundDiscountReply>
}

export interface PaymentsListRequest {
  readonly status?: 'in-flight' | 'settled' | 'failed'
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface PaymentsListReply {
  readonly items: readonly Payment[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** A payment that we sent or are sending. */
export interface Payment {
  readonly paymentHash: PaymentHash
  readonly status: 'in-flight' | 'settled' | 'failed'
  readonly amountMsat: Msat
  readonly feesMsat: Msat
  readonly destination?: NodeId
  /** It was sent without an invoice. */
  readonly keysend?: boolean
  /** A BOLT 11 invoice; or the offer that was paid, or the id of the refund. */
  readonly invoice?: string
  readonly description?: string
  readonly parts: readonly SentPart[]
  readonly preimage?: Preimage
  readonly failure?: PaymentFailure
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: TimestampMs
  /** Milliseconds since the Unix epoch. */
  readonly endedAt?: TimestampMs
}

/** One HTLC of a payment that we sent. */
export interface SentPart {
  readonly channelId: ChannelId
  readonly shortChannelId?: ShortChannelId
  /** What the destination gets of it. */
  readonly amountMsat: Msat
  readonly feesMsat: Msat
  readonly route: readonly NodeId[]
  /** The same with what reached each node; in events only of a part that has failed. */
  readonly hops?: readonly TriedHop[]
  /** Milliseconds since the Unix epoch. */
  readonly startedAt?: TimestampMs
  readonly status: 'in-flight' | 'settled' | 'failed'
  /** For how long each node of the route says that it held the HTLC, the first one first and in steps of 100, as far as they say it; 0 is a node that does not know. */
  readonly holdTimesMs?: readonly number[]
  readonly failure?: PaymentFailure
}

/** A node on the way of an HTLC that we sent, and what is known of the channel into it. */
export interface TriedHop {
  readonly nodeId: NodeId
  readonly shortChannelId?: ShortChannelId
  /** What reaches the node. */
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
  /** Whether the channel carried it; its node refused, for the reason that the part gives; it came to nothing before; or nothing tells. */
  readonly outcome: 'carried' | 'refused' | 'not-tried' | 'unknown'
}

/** Why a payment or one of its parts failed. */
export interface PaymentFailure {
  /** Ours, or the BOLT 4 name that the failing node sent, its words joined by hyphens. */
  readonly code: string
  readonly erringNode?: NodeId
  readonly erringShortChannelId?: ShortChannelId
  readonly text?: string
}

export interface PaymentsGetRequest {
  readonly paymentHash: PaymentHash
}

export interface PaymentsGetReply {
  readonly payment: Payment
  /** A place in the event log. */
  readonly asOf: Cursor
}

export interface PaymentsReceivedRequest {
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface PaymentsReceivedReply {
  readonly items: readonly ReceivedPayment[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** A payment that we received. */
export interface ReceivedPayment {
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly parts: readonly ReceivedPart[]
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: TimestampMs
  /** It came without an invoice. */
  readonly keysend: boolean
  /** What the payer said besides: nobody vouches for it. */
  readonly customRecords?: readonly CustomRecord[]
  /** The offer that it is for. */
  readonly offerId?: string
  /** How many items of the offer. */
  readonly quantity?: number
  /** What the payer has said to it: the beginning, from a stranger. */
  readonly payerNote?: string
  readonly preimage: Preimage
  /** A BOLT 11 invoice. */
  readonly invoice?: string
  readonly description?: string
}

/** One HTLC of a payment that we received. */
export interface ReceivedPart {
  readonly channelId: ChannelId
  readonly htlcId: number
  readonly amountMsat: Msat
}

/** What a payer says to the payee besides: a record of the onion that only they know (bLIP 2). */
export interface CustomRecord {
  readonly type: number
  /** At most 1,000 bytes: more has no room in an onion. */
  readonly value: string
}

export interface PaymentsRelaysRequest {
  /** Only those that settled at this time or later. */
  readonly since?: TimestampMs
  /** Only those that settled before this time. */
  readonly until?: TimestampMs
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface PaymentsRelaysReply {
  readonly items: readonly RelayedPayment[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** A payment that went through this node and settled on both sides. */
export interface RelayedPayment {
  readonly paymentHash: PaymentHash
  /** What we earned. */
  readonly feeMsat: Msat
  readonly incoming: readonly RelayHtlc[]
  readonly outgoing: readonly RelayHtlc[]
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: TimestampMs
  /** Milliseconds since the Unix epoch. */
  readonly settledAt: TimestampMs
}

/** One HTLC of a relayed payment, on the side it came in or went out. */
export interface RelayHtlc {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly shortChannelId?: ShortChannelId
  readonly htlcId: number
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
}

export interface PaymentsPayInvoiceRequest {
  /** A BOLT 11 invoice. */
  readonly invoice: string
  /** Only for an invoice that names no amount, or the same. */
  readonly amountMsat?: Msat
  /** The most that relays may charge; 1 % and at least 5 sat if not said. */
  readonly maxFeeMsat?: Msat
  /** A trampoline node that is to find the way to the payee; half of the fees are for it. */
  readonly trampoline?: NodeId
  /** Parts at the same time at most; 16, where the invoice allows it, if not said. */
  readonly maxParts?: number
  /** Channels in a route at most; 20 if not said. */
  readonly maxHops?: number
  /** Blocks until the first HTLC expires, at most; 2016 if not said. */
  readonly maxCltvExpiryDelta?: number
  /** Not through these. */
  readonly excludedNodes?: readonly NodeId[]
  /** Not over these: each by any id that it has when it is asked. */
  readonly excludedChannels?: readonly ShortChannelId[]
  /** What to prefer and to avoid, besides the tables of `router.setWeights`: nothing twice. */
  readonly weights?: readonly EdgeWeight[]
}

/** How much a channel, one direction of it, or all channels into a node are to be preferred or avoided. */
export interface EdgeWeight {
  /** All channels into this node. */
  readonly nodeId?: NodeId
  /** Instead of a node: this channel. */
  readonly shortChannelId?: ShortChannelId
  /** Of the channel, only the direction in which this node sends. */
  readonly from?: NodeId
  /** What its cost is multiplied by, in parts per million: less than 1,000,000 to prefer it, more to avoid it. */
  readonly costPpm: number
}

export interface PaymentsPayInvoiceReply {
  readonly payment: Payment
}

export interface PaymentsKeysendRequest {
  readonly destination: NodeId
  readonly amountMsat: Msat
  /** The most that relays may charge; 1 % and at least 5 sat if not said. */
  readonly maxFeeMsat?: Msat
  /** What the destination is told besides, each type once. One with an even type fails where it is not known. */
  readonly customRecords?: readonly CustomRecord[]
  /** Parts at the same time at most; 1 if not said. */
  readonly maxParts?: number
  /** Channels in a route at most; 20 if not said. */
  readonly maxHops?: number
  /** Blocks until the first HTLC expires, at most; 2016 if not said. */
  readonly maxCltvExpiryDelta?: number
  /** Not through these. */
  readonly excludedNodes?: readonly NodeId[]
  /** Not over these: each by any id that it has when it is asked. */
  readonly excludedChannels?: readonly ShortChannelId[]
  /** What to prefer and to avoid, besides the tables of `router.setWeights`: nothing twice. */
  readonly weights?: readonly EdgeWeight[]
}

export interface PaymentsKeysendReply {
  readonly payment: Payment
}

export interface PaymentsSendToRouteRequest {
  readonly paymentHash: PaymentHash
  readonly paymentSecret: string
  /** Of all parts together, where some come from elsewhere; the sum of these if not said. */
  readonly totalAmountMsat?: Msat
  readonly paymentMetadata?: string
  /** From the first peer to the destination. */
  readonly route: readonly RouteHop[]
  /** Of further parts of the same payment: all are sent at once, and none is made up for. */
  readonly moreRoutes?: readonly (readonly RouteHop[])[]
}

/** A node on the route and the HTLC that reaches it. */
export interface RouteHop {
  readonly nodeId: NodeId
  /** The channel into that node, or an alias of it. */
  readonly shortChannelId: ShortChannelId
  readonly amountMsat: Msat
  /** Blocks from now until the HTLC to that node expires. */
  readonly cltvExpiryDelta: number
}

export interface PaymentsSendToRouteReply {
  readonly payment: Payment
}

/** Payments that this node sends. */
export interface PaymentsActor {
  /** Payments sent, the newest first, a page at a time. */
  list(request?: PaymentsListRequest, options?: QueryOptions): Promise<PaymentsListReply>
  /** One payment. Errors: payment-not-found, payment-archived. */
  get(request: PaymentsGetRequest, options?: QueryOptions): Promise<PaymentsGetReply>
  /** Payments received, with an invoice or without, the newest first, a page at a time. */
  received(request?: PaymentsReceivedRequest, options?: QueryOptions): Promise<PaymentsReceivedReply>
  /** Payments that went through this node, the newest first, a page at a time, for as long as the event log has them. */
  relays(request?: PaymentsRelaysRequest, options?: QueryOptions): Promise<PaymentsRelaysReply>
  /** Pays a BOLT 11 invoice. Answers when the payment is settled or has failed for good. Effects: pays-out, fees. Errors: invoice-invalid, invoice-expired, invoice-wrong-network, invoice-unsupported, amount-required, amount-mismatch, own-invoice, trampoline-not-possible, already-paid, payment-in-flight, insufficient-balance, peer-limit-reached, no-route, fee-limit-exceeded, expiry-too-far, route-search-failed, payment-failed. */
  payInvoice(request: PaymentsPayInvoiceRequest, options: CommandOptions): Promise<PaymentsPayInvoiceReply>
  /** Pays a node that has made no invoice (bLIP 3): in one part, unless more are allowed and the node shows that it takes them, which not every such node puts together. Answers when the payment is settled or has failed for good. Effects: pays-out, fees. Errors: own-node, amount-out-of-bounds, invalid-records, parts-not-supported, already-paid, payment-in-flight, insufficient-balance, peer-limit-reached, no-route, fee-limit-exceeded, expiry-too-far, route-search-failed, payment-failed. */
  keysend(request: PaymentsKeysendRequest, options: CommandOptions): Promise<PaymentsKeysendReply>
  /** Sends a payment over exactly these routes. Answers when it is settled or has failed. Effects: pays-out, fees. Errors: channel-not-found, invalid-route, already-paid, payment-in-flight, insufficient-balance, peer-limit-reached, no-route, fee-limit-exceeded, expiry-too-far, route-search-failed, payment-failed. */
  sendToRoute(request: PaymentsSendToRouteRequest, options: CommandOptions): Promise<PaymentsSendToRouteReply>
}

export interface InvoicesListRequest {
  readonly status?: 'open' | 'paid' | 'expired' | 'held'
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface InvoicesListReply {
  readonly items: readonly InvoiceSummary[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** An invoice that we made. One for an offer is listed once a payment for it comes. */
export interface InvoiceSummary {
  readonly paymentHash: PaymentHash
  /** A BOLT 11 invoice; or the offer that it is for, or the id of the refund. */
  readonly invoice: string
  readonly status: 'open' | 'paid' | 'expired' | 'held'
  readonly amountMsat?: Msat
  readonly receivedMsat?: Msat
  /** Its payment is held until the preimage is told. */
  readonly hold?: boolean
  /** Of a payment that is held: the node gives it back at this height. */
  readonly givenBackAt?: BlockHeight
  /** Empty where the invoice has the hash of one instead. */
  readonly description: string
  readonly preimage?: Preimage
  readonly paymentSecret?: string
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: TimestampMs
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: TimestampMs
  /** Milliseconds since the Unix epoch. */
  readonly paidAt?: TimestampMs
  /** The offer that it is for. */
  readonly offerId?: string
  /** How many items of the offer. */
  readonly quantity?: number
  /** What the payer has said to it: the beginning, from a stranger. */
  readonly payerNote?: string
}

export interface InvoicesGetRequest {
  readonly paymentHash: PaymentHash
}

export interface InvoicesGetReply {
  readonly invoice: InvoiceSummary
  /** A place in the event log. */
  readonly asOf: Cursor
}

export interface InvoicesDecodeRequest {
  /** A BOLT 11 invoice. */
  readonly invoice: string
}

export interface InvoicesDecodeReply {
  readonly invoice: DecodedInvoice
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** What a BOLT 11 invoice says. Its description comes from whoever made it. */
export interface DecodedInvoice {
  readonly paymentHash: PaymentHash
  /** Who has signed it. */
  readonly payeeNodeId: NodeId
  /** Absent where the payer chooses. */
  readonly amountMsat?: Msat
  readonly description?: string
  /** SHA-256 of the description, which is not in the invoice. */
  readonly descriptionHash?: string
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: TimestampMs
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: TimestampMs
  readonly minFinalCltvExpiryDelta: number
  readonly fallbackAddresses: readonly string[]
  readonly routeHints: readonly (readonly RouteHintHop[])[]
}

/** A channel on the way to the payee, and what the node before it charges. */
export interface RouteHintHop {
  readonly nodeId: NodeId
  readonly shortChannelId: ShortChannelId
  readonly feeBaseMsat: Msat
  /** Parts per million. */
  readonly feeProportionalMillionths: Ppm
  readonly cltvExpiryDelta: number
}

export interface InvoicesCreateRequest {
  /** Any amount if not said. */
  readonly amountMsat?: Msat
  /** At most 639 bytes of UTF-8, which is what an invoice has room for. */
  readonly description?: string
  /** SHA-256 of a description of any length, instead of the description. The payer has to get that elsewhere. */
  readonly descriptionHash?: string
  /** On chain, for a payer who cannot pay over Lightning. The node does not look whether anything comes there. */
  readonly fallbackAddress?: string
  /** 3600 if not said: an hour. */
  readonly expirySeconds?: number
  readonly minFinalCltvExpiryDelta?: number
}

export interface InvoicesCreateReply {
  readonly invoice: InvoiceSummary
}

export interface InvoicesCreateHoldRequest {
  /** Of a preimage that nobody has used before. */
  readonly paymentHash: PaymentHash
  /** Any amount if not said. */
  readonly amountMsat?: Msat
  /** At most 639 bytes of UTF-8, which is what an invoice has room for. */
  readonly description?: string
  /** SHA-256 of a description of any length, instead of the description. The payer has to get that elsewhere. */
  readonly descriptionHash?: string
  /** On chain, for a payer who cannot pay over Lightning. The node does not look whether anything comes there. */
  readonly fallbackAddress?: string
  /** 3600 if not said: an hour. */
  readonly expirySeconds?: number
  /** 144 if not said. A payment is given back 24 blocks before it expires. */
  readonly minFinalCltvExpiryDelta?: number
}

export interface InvoicesCreateHoldReply {
  readonly invoice: InvoiceSummary
}

export interface InvoicesSettleRequest {
  readonly preimage: Preimage
}

export interface InvoicesSettleReply {
  readonly invoice: InvoiceSummary
}

export interface InvoicesCancelRequest {
  readonly paymentHash: PaymentHash
}

export interface InvoicesCancelReply {
  readonly invoice: InvoiceSummary
}

/** Invoices that this node makes. */
export interface InvoicesActor {
  /** Invoices, the newest first, a page at a time. */
  list(request?: InvoicesListRequest, options?: QueryOptions): Promise<InvoicesListReply>
  /** One invoice. Errors: invoice-not-found. */
  get(request: InvoicesGetRequest, options?: QueryOptions): Promise<InvoicesGetReply>
  /** Reads a BOLT 11 invoice of anybody. Nothing is sent. Errors: invoice-invalid, invoice-wrong-network, invoice-unsupported. */
  decode(request: InvoicesDecodeRequest, options?: QueryOptions): Promise<InvoicesDecodeReply>
  /** Makes a BOLT 11 invoice, with hints to our channels. Effects: reveals, keeps. Errors: amount-out-of-bounds, address-invalid, address-wrong-network. */
  create(request: InvoicesCreateRequest, options: CommandOptions): Promise<InvoicesCreateReply>
  /** Makes a BOLT 11 invoice for a payment hash. Its payment is held until invoices.settle tells the preimage, or until invoices.cancel or the node gives it back. Effects: reveals, keeps. Errors: amount-out-of-bounds, payment-hash-used, address-invalid, address-wrong-network. */
  createHold(request: InvoicesCreateHoldRequest, options: CommandOptions): Promise<InvoicesCreateHoldReply>
  /** Claims a payment that is held. A plugin claims those of its own invoices alone. Errors: invoice-not-found, invoice-not-held, not-claimable. */
  settle(request: InvoicesSettleRequest, options: CommandOptions): Promise<InvoicesSettleReply>
  /** Ends an invoice: nobody can pay it any more, and a payment that is held is given back. A plugin ends its own hold invoices alone. Errors: invoice-not-found, invoice-paid. */
  cancel(request: InvoicesCancelRequest, options: CommandOptions): Promise<InvoicesCancelReply>
}

export interface OffersListRequest {
  readonly status?: 'active' | 'expired' | 'disabled'
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface OffersListReply {
  readonly items: readonly OfferSummary[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** An offer that this node made: whoever has it can ask for an invoice, any number of times. */
export interface OfferSummary {
  /** What tells an offer from all others. */
  readonly offerId: string
  /** A BOLT 12 offer. */
  readonly offer: string
  readonly status: 'active' | 'expired' | 'disabled'
  /** For each item; absent where the payer chooses. */
  readonly amountMsat?: Msat
  readonly description?: string
  readonly issuer?: string
  /** How many items one invoice may be for; 0 for any number, absent for one. */
  readonly quantityMax?: number
  /** It is reached through peers, and does not name this node. */
  readonly blinded: boolean
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: TimestampMs
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt?: TimestampMs
  /** Milliseconds since the Unix epoch. */
  readonly disabledAt?: TimestampMs
}

export interface OffersGetRequest {
  /** What tells an offer from all others. */
  readonly offerId: string
}

export interface OffersGetReply {
  readonly offer: OfferSummary
  /** A place in the event log. */
  readonly asOf: Cursor
}

export interface OffersCreateRequest {
  /** For each item; the payer chooses if not said. */
  readonly amountMsat?: Msat
  /** What is paid for: it has to be said if there is an amount. */
  readonly description?: string
  /** Who you are, for people. */
  readonly issuer?: string
  /** It does not expire if not said. */
  readonly expirySeconds?: number
  /** How many items one invoice may be for; 0 for any number, one if not said. */
  readonly quantityMax?: number
  /** Through peers with channels, so that it does not name this node: where none of them passes messages on, it is not made. A node that the network does not know does so anyway where it can. */
  readonly blinded?: boolean
}

export interface OffersCreateReply {
  readonly offer: OfferSummary
}

export interface OffersDisableRequest {
  /** What tells an offer from all others. */
  readonly offerId: string
}

export interface OffersDisableReply {
  readonly offer: OfferSummary
}

export interface OffersDecodeRequest {
  /** A BOLT 12 offer. */
  readonly offer: string
}

export interface OffersDecodeReply {
  readonly offer: DecodedOffer
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** What an offer says. Its texts come from whoever made it. */
export interface DecodedOffer {
  /** What tells an offer from all others. */
  readonly offerId: string
  /** For each item; absent where the payer chooses, or in another currency. */
  readonly amountMsat?: Msat
  /** The price is in this currency: its issuer says at the payment what it comes to. */
  readonly currency?: string
  /** For each item, in the smallest unit of the currency, such as a cent. */
  readonly currencyAmount?: number
  readonly description?: string
  readonly issuer?: string
  /** How many items one invoice may be for; 0 for any number, absent for one. */
  readonly quantityMax?: number
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt?: TimestampMs
  /** Whose key signs its invoices. */
  readonly issuerId?: NodeId
  /** Blinded paths to the issuer; 0 where it is reached by its id. */
  readonly paths: number
  /** This node made it. */
  readonly own: boolean
}

export interface OffersResolveNameRequest {
  /** A name of BIP 353, such as ₿user@example.com. */
  readonly name: string
  /** What proves where the name leads: an AuthenticationChain of RFC 9102, from the root of the DNS to the name. */
  readonly proof: string
}

export interface OffersResolveNameReply {
  /** A name of BIP 353, such as ₿user@example.com. */
  readonly name: string
  /** A `bitcoin:` URI, from whoever has the name. */
  readonly uri: string
  /** The offer in it, if there is one. */
  readonly offer?: string
  /** From then on the proof does not hold. */
  readonly expiresAt: TimestampMs
  /** For no longer may it be remembered. */
  readonly ttlSeconds: number
  /** A place in the event log. */
  readonly asOf: Cursor
}

export interface OffersPayRequest {
  /** It has to be said, unless a name is said with its proof. */
  readonly offer?: string
  /** A name of BIP 353, such as ₿user@example.com. */
  readonly name?: string
  /** What proves where the name leads: an AuthenticationChain of RFC 9102, from the root of the DNS to the name. */
  readonly proof?: string
  /** Of all items together: for an offer that names no amount, or to pay more than it asks for. Of an offer in another currency, the most that it may come to. */
  readonly amountMsat?: Msat
  /** The most that relays may charge; 1 % and at least 5 sat if not said. */
  readonly maxFeeMsat?: Msat
  /** How many items; one if not said. */
  readonly quantity?: number
  /** What the payee is told. */
  readonly payerNote?: string
  /** A trampoline node that is to find the way to the payee; half of the fees are for it. */
  readonly trampoline?: NodeId
  /** Parts at the same time at most; 16, where the invoice allows it, if not said. */
  readonly maxParts?: number
  /** Channels in a route at most; 20 if not said. */
  readonly maxHops?: number
  /** Blocks until the first HTLC expires, at most; 2016 if not said. */
  readonly maxCltvExpiryDelta?: number
  /** Not through these. */
  readonly excludedNodes?: readonly NodeId[]
  /** Not over these: each by any id that it has when it is asked. */
  readonly excludedChannels?: readonly ShortChannelId[]
  /** What to prefer and to avoid, besides the tables of `router.setWeights`: nothing twice. */
  readonly weights?: readonly EdgeWeight[]
}

export interface OffersPayReply {
  readonly payment: Payment
}

export interface OffersProofRequest {
  readonly paymentHash: PaymentHash
}

export interface OffersProofReply {
  /** What tells an offer from all others. */
  readonly offerId: string
  /** A BOLT 12 offer. */
  readonly offer: string
  /** The records of BOLT 12, as they came. */
  readonly invoice: string
  readonly preimage?: Preimage
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** Offers of BOLT 12: those that this node makes, and those that it pays. */
export interface OffersActor {
  /** Offers of this node, the newest first, a page at a time. */
  list(request?: OffersListRequest, options?: QueryOptions): Promise<OffersListReply>
  /** One offer of this node. Errors: offer-not-found. */
  get(request: OffersGetRequest, options?: QueryOptions): Promise<OffersGetReply>
  /** Makes an offer. Invoices for it are made as they are asked for, and what they bring in is told with the id of the offer. Effects: reveals, keeps. Errors: description-required, amount-out-of-bounds, too-many-offers, no-relaying-peer. */
  create(request: OffersCreateRequest, options: CommandOptions): Promise<OffersCreateReply>
  /** Takes an offer back: no more invoices are made for it. Those that were made can still be paid until they expire. A plugin takes back its own. Effects: keeps. Errors: offer-not-found. */
  disable(request: OffersDisableRequest, options: CommandOptions): Promise<OffersDisableReply>
  /** Reads an offer of anybody. Nothing is sent. Errors: offer-invalid. */
  decode(request: OffersDecodeRequest, options?: QueryOptions): Promise<OffersDecodeReply>
  /** Reads the payment instructions of a name such as ₿user@example.com (BIP 353) in a given proof, and checks it from the root of the DNS on. Nothing is sent. Errors: name-invalid, proof-invalid. */
  resolveName(request: OffersResolveNameRequest, options?: QueryOptions): Promise<OffersResolveNameReply>
  /** Pays an offer: asks whoever made it for an invoice, checks that it is the one that was asked for, and pays it. Answers when the payment is settled or has failed for good. Effects: pays-out, fees, connects. Errors: trampoline-not-possible, offer-invalid, offer-expired, offer-wrong-network, offer-unsupported, own-offer, amount-required, amount-too-low, amount-too-high, quantity-invalid, name-invalid, proof-invalid, no-way-to-issuer, issuer-not-answering, invoice-refused, invoice-unsound, invoice-unsupported, already-paid, payment-in-flight, insufficient-balance, peer-limit-reached, no-route, fee-limit-exceeded, expiry-too-far, route-search-failed, payment-failed. */
  pay(request: OffersPayRequest, options: CommandOptions): Promise<OffersPayReply>
  /** What shows that an offer was paid: the invoice that its issuer has signed, and the preimage. Errors: payment-not-found. */
  proof(request: OffersProofRequest, options?: QueryOptions): Promise<OffersProofReply>
}

export interface RefundsListRequest {
  readonly status?: 'open' | 'paying' | 'paid' | 'expired' | 'cancelled'
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface RefundsListReply {
  readonly items: readonly RefundSummary[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** Money that this node pays to the first who sends an invoice for it, once. */
export interface RefundSummary {
  /** What tells a refund from all others. */
  readonly refundId: string
  /** A refund of BOLT 12: an invoice request without an offer. */
  readonly refund: string
  readonly status: 'open' | 'paying' | 'paid' | 'expired' | 'cancelled'
  readonly amountMsat: Msat
  /** The most that relays may charge. */
  readonly maxFeeMsat: Msat
  readonly description: string
  readonly issuer?: string
  readonly payerNote?: string
  /** It is reached through peers, and does not name this node. */
  readonly blinded: boolean
  /** Of the payment that it is paid with. One that was taken back as the database was put back names the payment that may have paid it. */
  readonly paymentHash?: PaymentHash
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: TimestampMs
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: TimestampMs
  /** When it was paid, or taken back. */
  readonly endedAt?: TimestampMs
}

export interface RefundsGetRequest {
  /** What tells a refund from all others. */
  readonly refundId: string
}

export interface RefundsGetReply {
  readonly refund: RefundSummary
  /** A place in the event log. */
  readonly asOf: Cursor
}

export interface RefundsCreateRequest {
  readonly amountMsat: Msat
  /** What is paid for. */
  readonly description: string
  /** The most that relays may charge; 1 % and at least 5 sat if not said. */
  readonly maxFeeMsat?: Msat
  /** A week if not said. */
  readonly expirySeconds?: number
  /** Who you are, for people. */
  readonly issuer?: string
  /** What the payee is told. */
  readonly payerNote?: string
  /** Through peers with channels, so that it does not name this node: where none of them passes messages on, it is not made. A node that the network does not know does so anyway where it can. */
  readonly blinded?: boolean
}

export interface RefundsCreateReply {
  readonly refund: RefundSummary
}

export interface RefundsCancelRequest {
  /** What tells a refund from all others. */
  readonly refundId: string
}

export interface RefundsCancelReply {
  readonly refund: RefundSummary
}

export interface RefundsDecodeRequest {
  /** A refund of BOLT 12: an invoice request without an offer. */
  readonly refund: string
}

export interface RefundsDecodeReply {
  readonly refund: DecodedRefund
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** What a refund says. Its texts come from whoever made it. */
export interface DecodedRefund {
  /** What tells a refund from all others. */
  readonly refundId: string
  /** What can be fetched by it. */
  readonly amountMsat: Msat
  /** The currency from which the amount was reckoned, as its maker says. */
  readonly currency?: string
  readonly description?: string
  readonly issuer?: string
  readonly payerNote?: string
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt?: TimestampMs
  readonly payerId: NodeId
  /** Blinded paths to whoever pays; 0 where it is reached by its id. */
  readonly paths: number
  /** This node made it. */
  readonly own: boolean
}

export interface RefundsClaimRequest {
  /** A refund of BOLT 12: an invoice request without an offer. */
  readonly refund: string
}

export interface RefundsClaimReply {
  readonly invoice: InvoiceSummary
}

/** Refunds of BOLT 12, invoice requests without an offer: this node pays its own, and fetches those of others. */
export interface RefundsActor {
  /** Refunds of this node, the newest first, a page at a time. A plugin sees its own alone, as the text of one is worth its amount. */
  list(request?: RefundsListRequest, options?: QueryOptions): Promise<RefundsListReply>
  /** One refund of this node. A plugin sees its own alone. Errors: refund-not-found. */
  get(request: RefundsGetRequest, options?: QueryOptions): Promise<RefundsGetReply>
  /** Promises an amount to the first who sends an invoice for it: whoever has the text can. All of it counts as spent at once, whether or not somebody comes for it. Effects: pays-out, fees, reveals, keeps. Errors: amount-out-of-bounds, too-many-refunds, no-relaying-peer. */
  create(request: RefundsCreateRequest, options: CommandOptions): Promise<RefundsCreateReply>
  /** Takes a refund back: nobody is paid by it any more. A plugin takes back its own. Effects: keeps. Errors: refund-not-found, refund-paid. */
  cancel(request: RefundsCancelRequest, options: CommandOptions): Promise<RefundsCancelReply>
  /** Reads a refund of anybody. Nothing is sent. Errors: refund-invalid. */
  decode(request: RefundsDecodeRequest, options?: QueryOptions): Promise<RefundsDecodeReply>
  /** Fetches the money of somebody’s refund: makes an invoice for it, and sends it, more than once if nothing comes of it. Answers when it is paid or refused, or after half a minute or so; it may be paid later. A refusal that names its paymentHash left the invoice open, which may still be paid. Effects: reveals, keeps, connects. Errors: refund-invalid, refund-expired, refund-wrong-network, own-refund, no-way-to-payer, invoice-refused. */
  claim(request: RefundsClaimRequest, options: CommandOptions): Promise<RefundsClaimReply>
}

export interface RouterFindRoutesRequest {
  /** The destination. */
  readonly nodeId: NodeId
  /** What is to arrive, all parts together. */
  readonly amountMsat: Msat
  /** The most that relays may charge; 1 % and at least 5 sat if not said. */
  readonly maxFeeMsat?: Msat
  /** Parts at the same time at most; 1 if not said. */
  readonly maxParts?: number
  /** Blocks that the destination has until the last HTLC expires, as its invoice says it; 21 if not said. */
  readonly finalCltvExpiryDelta?: number
  /** Channels in a route at most; 20 if not said. */
  readonly maxHops?: number
  /** Blocks until the first HTLC expires, at most; 2016 if not said. */
  readonly maxCltvExpiryDelta?: number
  /** Not through these. */
  readonly excludedNodes?: readonly NodeId[]
  /** Not over these: each by any id that it has when it is asked. */
  readonly excludedChannels?: readonly ShortChannelId[]
  /** What to prefer and to avoid, besides the tables of `router.setWeights`: nothing twice. */
  readonly weights?: readonly EdgeWeight[]
}

export interface RouterFindRoutesReply {
  readonly routes: readonly FoundRoute[]
  /** Of all routes together. */
  readonly feesMsat: Msat
  /** That all parts arrive, in parts per million. */
  readonly probability: Ppm
  readonly excluded: Excluded
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** A way for one part of a payment, with what it costs and how likely it works. */
export interface FoundRoute {
  /** From the first peer to the destination, as `payments.sendToRoute` takes them. */
  readonly hops: readonly RouteHop[]
  /** What arrives. */
  readonly amountMsat: Msat
  /** What the relays on the way charge. */
  readonly feesMsat: Msat
  /** Blocks until the first HTLC expires: how long the money may be held up. */
  readonly cltvExpiryDelta: number
  /** That it arrives, in parts per million, by what is known of the channels: 0 where a payment would try it all the same, since nothing else is left. */
  readonly probability: Ppm
  /** For each hop, that the channel into it carries its HTLC. */
  readonly hopProbabilities: readonly Ppm[]
}

/** What of the graph was left out of a search, and why. A direction of a channel counts once, for the first reason that applies. */
export interface Excluded {
  /** Nodes that were asked not to be gone through; and this node, where a route begins. */
  readonly nodes: number
  /** Directions of channels that were asked not to be gone over. */
  readonly directions: number
  /** Directions of other channels of those nodes. */
  readonly beside: number
  /** Directions that their node has switched off, or says nothing of. */
  readonly closed: number
  /** Those that do not take an HTLC of this amount. */
  readonly amount: number
  /** Those that payments have shown to carry less now. */
  readonly probability: number
  /** Those that charge more than `maxFeeMsat` by themselves. */
  readonly fee: number
  /** Those that ask for more blocks than `maxCltvExpiryDelta` leaves. */
  readonly delay: number
}

export interface RouterProbeRequest {
  /** The destination; not where the route is given. */
  readonly nodeId?: NodeId
  /** What would arrive, all parts together; not where the route is given. */
  readonly amountMsat?: Msat
  /** The most that relays may charge; 1 % and at least 5 sat if not said. */
  readonly maxFeeMsat?: Msat
  /** Parts at the same time at most; 1 if not said. */
  readonly maxParts?: number
  /** Blocks that the destination has until the last HTLC expires; 21 if not said. */
  readonly finalCltvExpiryDelta?: number
  /** Channels in a route at most; 20 if not said. */
  readonly maxHops?: number
  /** Blocks until the first HTLC expires, at most; 2016 if not said. */
  readonly maxCltvExpiryDelta?: number
  /** Not through these. */
  readonly excludedNodes?: readonly NodeId[]
  /** Not over these: each by any id that it has when it is asked. */
  readonly excludedChannels?: readonly ShortChannelId[]
  /** What to prefer and to avoid, besides the tables of `router.setWeights`: nothing twice. */
  readonly weights?: readonly EdgeWeight[]
  /** Exactly this way, from the first peer to the destination. */
  readonly route?: readonly RouteHop[]
  /** Of further parts, all to the same destination. */
  readonly moreRoutes?: readonly (readonly RouteHop[])[]
}

export interface RouterProbeReply {
  readonly probe: Probe
}

/** What came back of a probe. */
export interface Probe {
  /** A random number: nobody knows a preimage of it. */
  readonly paymentHash: PaymentHash
  readonly destination: NodeId
  /** What would arrive, all parts together. */
  readonly amountMsat: Msat
  /** What relays would charge. */
  readonly feesMsat: Msat
  readonly parts: readonly ProbedPart[]
  /** Who has asked; the operator if not said. */
  readonly plugin?: string
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: TimestampMs
  /** Whether all parts came to the destination: the amount gets through now. */
  readonly reached: boolean
  /** Milliseconds since the Unix epoch. */
  readonly endedAt: TimestampMs
}

/** One HTLC of a probe. */
export interface ProbedPart {
  readonly channelId: ChannelId
  /** What would arrive of it. */
  readonly amountMsat: Msat
  readonly feesMsat: Msat
  /** Whether it came to the destination. */
  readonly status: 'in-flight' | 'reached' | 'failed'
  readonly failure?: PaymentFailure
  readonly hops: readonly TriedHop[]
}

export interface RouterProbesRequest {
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface RouterProbesReply {
  readonly items: readonly ProbeUnderWay[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** A probe of which something is still out. */
export interface ProbeUnderWay {
  /** A random number: nobody knows a preimage of it. */
  readonly paymentHash: PaymentHash
  readonly destination: NodeId
  /** What would arrive, all parts together. */
  readonly amountMsat: Msat
  /** What relays would charge. */
  readonly feesMsat: Msat
  readonly parts: readonly ProbedPart[]
  /** Who has asked; the operator if not said. */
  readonly plugin?: string
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: TimestampMs
}

export interface RouterSetWeightsRequest {
  /** Nothing twice. */
  readonly weights: readonly EdgeWeight[]
}

export interface RouterSetWeightsReply {
  readonly weights: number
}

export interface RouterClearWeightsRequest {
  /** Whose; the caller's own if not said. A plugin clears its own alone. */
  readonly plugin?: string
}

export interface RouterClearWeightsReply {
  /** Whether there was one. */
  readonly cleared: boolean
}

/** The ways through the network. */
export interface RouterActor {
  /** Finds the routes that a payment would take now, over channels of this node and its graph: the cheapest, with the chance of a failure counted as a cost. Nothing is sent. Errors: insufficient-balance, no-route, fee-limit-exceeded, expiry-too-far, route-search-failed. */
  findRoutes(request: RouterFindRoutesRequest, options?: QueryOptions): Promise<RouterFindRoutesReply>
  /** Tries whether an amount gets through: sends HTLCs with a random hash, which nobody can claim, over the routes that a payment would take now, or over given ones. Nothing is paid. Answers when all have come back; what they show is learnt. Effects: locks. Errors: channel-not-found, invalid-route, too-many-probes, insufficient-balance, no-route, fee-limit-exceeded, expiry-too-far, route-search-failed. */
  probe(request: RouterProbeRequest, options: CommandOptions): Promise<RouterProbeReply>
  /** The probes of which something is still out, the newest first, a page at a time. */
  probes(request?: RouterProbesRequest, options?: QueryOptions): Promise<RouterProbesReply>
  /** Sets the caller's table of weights in place of the one before: what searches for routes prefer and avoid from now on. Weights of one channel, of all tables, are multiplied, and the product is kept between a thousandth and a thousand times the cost: it never closes a channel. A plugin's table goes when its run ends. */
  setWeights(request: RouterSetWeightsRequest, options: CommandOptions): Promise<RouterSetWeightsReply>
  /** Removes a table of weights. */
  clearWeights(request: RouterClearWeightsRequest, options: CommandOptions): Promise<RouterClearWeightsReply>
}

export type WalletBalanceRequest = Readonly<Record<never, never>>

export interface WalletBalanceReply {
  readonly confirmedSat: Sat
  readonly unconfirmedSat: Sat
  /** Of these, set aside for transactions in the making. */
  readonly reservedSat: Sat
  /** Of these, left alone because somebody wants it so. */
  readonly frozenSat: Sat
  readonly spendableSat: Sat
  /** Of what is spendable, kept for bringing commitments of channels into a block. */
  readonly anchorReserveSat: Sat
  /** A place in the event log. */
  readonly asOf: Cursor
}

export interface WalletNewAddressRequest {
  /** p2tr if not said. */
  readonly type?: 'p2tr' | 'p2wpkh'
  /** Somebody’s own words. */
  readonly label?: string
}

export interface WalletNewAddressReply {
  /** An on-chain address. */
  readonly address: string
}

export interface WalletAddressesRequest {
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface WalletAddressesReply {
  readonly items: readonly WalletAddress[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** An address that the wallet has given out. */
export interface WalletAddress {
  /** An on-chain address. */
  readonly address: string
  readonly type: 'p2tr' | 'p2wpkh'
  readonly index: number
  /** Somebody’s own words. */
  readonly label?: string
}

export interface WalletSendRequest {
  /** An on-chain address. */
  readonly address: string
  readonly amountSat: Sat
  /** Of the transaction; the node's estimate if not said. */
  readonly feerate?: FeeratePerKw
  /** Instead of a feerate: the estimate for a block among the next so many; 6 if neither is said. */
  readonly targetBlocks?: number
  /** The most that the transaction may pay; about twice what it would pay now if not said. */
  readonly maxFeeSat?: Sat
  /** Exactly these are spent; the wallet chooses if not said. */
  readonly coins?: readonly string[]
  /** Somebody’s own words. */
  readonly label?: string
}

export interface WalletSendReply {
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
  readonly feeSat: Sat
}

export interface WalletSendManyRequest {
  readonly outputs: readonly {
    /** An on-chain address. */
    readonly address: string
    readonly amountSat: Sat
  }[]
  /** Of the transaction; the node's estimate if not said. */
  readonly feerate?: FeeratePerKw
  /** Instead of a feerate: the estimate for a block among the next so many; 6 if neither is said. */
  readonly targetBlocks?: number
  /** The most that the transaction may pay; about twice what it would pay now if not said. */
  readonly maxFeeSat?: Sat
  /** Exactly these are spent; the wallet chooses if not said. */
  readonly coins?: readonly string[]
  /** Somebody’s own words. */
  readonly label?: string
}

export interface WalletSendManyReply {
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
  readonly feeSat: Sat
}

export interface WalletSendAllRequest {
  /** An on-chain address. */
  readonly address: string
  /** Of the transaction; the node's estimate if not said. */
  readonly feerate?: FeeratePerKw
  /** Instead of a feerate: the estimate for a block among the next so many; 6 if neither is said. */
  readonly targetBlocks?: number
  /** The most that the transaction may pay; about twice what it would pay now if not said. */
  readonly maxFeeSat?: Sat
  /** Exactly these are spent; the wallet chooses if not said. */
  readonly coins?: readonly string[]
  /** Somebody’s own words. */
  readonly label?: string
}

export interface WalletSendAllReply {
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
  readonly amountSat: Sat
  readonly feeSat: Sat
}

export interface WalletBumpFeeRequest {
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
  /** Of the transaction; the node's estimate if not said. */
  readonly feerate?: FeeratePerKw
  /** Instead of a feerate: the estimate for a block among the next so many; 6 if neither is said. */
  readonly targetBlocks?: number
  /** The most that the new transaction may pay; about twice what it would pay now if not said. */
  readonly maxFeeSat?: Sat
  /** What suits the transaction if not said. */
  readonly by?: 'replacement' | 'child'
}

export interface WalletBumpFeeReply {
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
  readonly feeSat: Sat
  readonly by: 'replacement' | 'child'
}

export interface WalletFreezeRequest {
  /** An output of a transaction: `txid:index`. */
  readonly coin: string
}

export type WalletFreezeReply = Readonly<Record<never, never>>

export interface WalletThawRequest {
  /** An output of a transaction: `txid:index`. */
  readonly coin: string
}

export type WalletThawReply = Readonly<Record<never, never>>

export interface WalletLabelRequest {
  /** A transaction id or an address. */
  readonly of: string
  /** Somebody’s own words. */
  readonly label?: string
}

export type WalletLabelReply = Readonly<Record<never, never>>

export interface WalletUtxosRequest {
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface WalletUtxosReply {
  readonly items: readonly Utxo[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** An output that the wallet can spend. */
export interface Utxo {
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
  readonly outputIndex: number
  readonly amountSat: Sat
  /** An on-chain address. */
  readonly address: string
  /** Not there until it is confirmed. */
  readonly blockHeight?: BlockHeight
  readonly reserved: boolean
  /** Left alone, because somebody wants it so. */
  readonly frozen: boolean
  /** Of its address. */
  readonly label?: string
}

export interface WalletTransactionsRequest {
  /** Why it was made: `send`, `channel-funding`, `mutual-close`, `htlc-timeout` and so on; `receive` if others made it. */
  readonly purpose?: string
  /** Only those made for this channel. */
  readonly channelId?: ChannelId
  readonly page?: {
    /** Rows at most, 500 at the very most; 100 if not said. */
    readonly limit?: number
    readonly after?: PageToken
  }
}

export interface WalletTransactionsReply {
  readonly items: readonly WalletTransaction[]
  readonly next?: PageToken
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** A transaction that changes the wallet's balance, or that the node made for a channel. */
export interface WalletTransaction {
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
  /** Why it was made: `send`, `channel-funding`, `mutual-close`, `htlc-timeout` and so on; `receive` if others made it. */
  readonly purpose: string
  /** The channel that it was made for. */
  readonly channelId?: ChannelId
  /** Paid to the wallet, change included. */
  readonly receivedSat: Sat
  /** The wallet's outputs that it spends. */
  readonly spentSat: Sat
  /** Known where every input is ours, and where the node made it. */
  readonly feeSat?: Sat
  /** Of the fee, what we pay: none of it where the peer pays for a close. Not there once nobody knows who did. */
  readonly ourFeeSat?: Sat
  /** Somebody’s own words. */
  readonly label?: string
  /** The key of the command that asked for it. */
  readonly key?: string
  /** The same payments, or the same claim, at a lower fee: it is listed no more. */
  readonly replaces?: TxId
  readonly blockHeight?: BlockHeight
  readonly confirmations: number
  /** Milliseconds since the Unix epoch. */
  readonly seenAt: TimestampMs
}

export type WalletRescanStatusRequest = Readonly<Record<never, never>>

export interface WalletRescanStatusReply {
  readonly rescan?: Rescan
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** A look through past blocks for coins of the wallet. */
export interface Rescan {
  readonly fromHeight: BlockHeight
  /** The block that is looked at next. */
  readonly nextHeight: BlockHeight
  /** The last block for now: new ones are added. */
  readonly toHeight: BlockHeight
  readonly done: boolean
  /** Blocks that could not be had: what they paid is not known. */
  readonly missing: number
  readonly firstMissing?: BlockHeight
  readonly lastMissing?: BlockHeight
}

/** The on-chain wallet. */
export interface WalletActor {
  /** What the wallet holds on-chain. Channels are not counted. */
  balance(request?: WalletBalanceRequest, options?: QueryOptions): Promise<WalletBalanceReply>
  /** A fresh address of the wallet. Effects: keeps. */
  newAddress(request: WalletNewAddressRequest, options: CommandOptions): Promise<WalletNewAddressReply>
  /** The addresses that were given out, a page at a time. */
  addresses(request?: WalletAddressesRequest, options?: QueryOptions): Promise<WalletAddressesReply>
  /** Pays an on-chain address. Effects: pays-out, fees. Errors: address-invalid, address-wrong-network, insufficient-funds, amount-too-small, fee-limit-exceeded, anchor-reserve, coin-unavailable, rescan-under-way, fee-estimate-missing. */
  send(request: WalletSendRequest, options: CommandOptions): Promise<WalletSendReply>
  /** Pays several on-chain addresses in one transaction. Effects: pays-out, fees. Errors: address-invalid, address-wrong-network, insufficient-funds, amount-too-small, fee-limit-exceeded, anchor-reserve, coin-unavailable, rescan-under-way, fee-estimate-missing. */
  sendMany(request: WalletSendManyRequest, options: CommandOptions): Promise<WalletSendManyReply>
  /** Pays all that the wallet can spend to an on-chain address, but for what it keeps for anchors. Effects: pays-out, fees. Errors: address-invalid, address-wrong-network, insufficient-funds, amount-too-small, fee-limit-exceeded, anchor-reserve, coin-unavailable, rescan-under-way, fee-estimate-missing, amount-limit-exceeded. */
  sendAll(request: WalletSendAllRequest, options: CommandOptions): Promise<WalletSendAllReply>
  /** Raises the fee of a transaction in no block: a payment of ours is replaced, any other that pays us gets a child that pays for both. Effects: fees. Errors: insufficient-funds, amount-too-small, fee-limit-exceeded, anchor-reserve, coin-unavailable, rescan-under-way, fee-estimate-missing, transaction-unknown, transaction-confirmed, feerate-too-low, not-replaceable, no-output-of-ours. */
  bumpFee(request: WalletBumpFeeRequest, options: CommandOptions): Promise<WalletBumpFeeReply>
  /** Leaves a coin alone until it is thawed. Only what the node must do to claim the money of a closing channel may spend it, where no other coins are left. Effects: keeps. Errors: coin-unavailable. */
  freeze(request: WalletFreezeRequest, options: CommandOptions): Promise<WalletFreezeReply>
  /** Lets a frozen coin be spent again. What the operator froze, the operator thaws. Effects: keeps. Errors: coin-unavailable, kept-by-operator. */
  thaw(request: WalletThawRequest, options: CommandOptions): Promise<WalletThawReply>
  /** Keeps words for a transaction or an address of the wallet. Without words, it forgets them. No plugin changes the operator’s. Effects: keeps. Errors: transaction-unknown, address-invalid, kept-by-operator. */
  label(request: WalletLabelRequest, options: CommandOptions): Promise<WalletLabelReply>
  /** The outputs that the wallet can spend, a page at a time. */
  utxos(request?: WalletUtxosRequest, options?: QueryOptions): Promise<WalletUtxosReply>
  /** The wallet's transactions, and those that the node made for channels, the newest first, a page at a time. */
  transactions(request?: WalletTransactionsRequest, options?: QueryOptions): Promise<WalletTransactionsReply>
  /** How far the last look through past blocks is. */
  rescanStatus(request?: WalletRescanStatusRequest, options?: QueryOptions): Promise<WalletRescanStatusReply>
}

export interface EventsListRequest {
  /** Where to begin: after it; before it where the newest come first. At the end that comes first if not said. */
  readonly from?: Cursor
  /** The oldest first if not said. */
  readonly order?: 'oldest-first' | 'newest-first'
  /** Only events of this time or later. */
  readonly since?: TimestampMs
  /** Only events before this time. */
  readonly until?: TimestampMs
  /** Only these; all if not said. */
  readonly types?: readonly ('peer.connected' | 'peer.disconnected' | 'peer.repeated' | 'channel.opening' | 'channel.funding-created' | 'channel.funding-confirmed' | 'channel.ready' | 'channel.state-changed' | 'channel.balance-changed' | 'channel.relay-fees-changed' | 'channel.inbound-discount-changed' | 'channel.closing' | 'channel.close-signed' | 'channel.transaction-published' | 'channel.fees-short' | 'channel.waits-changed' | 'channel.closed' | 'channel.errored' | 'payment.sent' | 'payment.failed' | 'payment.part-failed' | 'router.probed' | 'payment.received' | 'invoice.held' | 'invoice.cancelled' | 'payment.relayed' | 'payment.relay-failed' | 'invoice.created' | 'wallet.transaction' | 'wallet.transaction-dropped' | 'wallet.rescanned' | 'chain.block' | 'chain.health-changed' | 'node.rows-removed' | 'node.archive-failed' | 'plugin.started' | 'plugin.stopped' | 'plugin.faulted' | 'plugin.refused' | 'plugin.warned')[]
  /** 100 if not said. */
  readonly limit?: number
}

export interface EventsListReply {
  readonly items: readonly StoredEvent[]
  /** Where to go on, also when nothing more is there yet: give it as `from`. */
  readonly next: Cursor
  /** A place in the event log. */
  readonly asOf: Cursor
}

/** An event as the log keeps it. Amounts in its payload are decimal strings. */
export interface StoredEvent {
  /** A place in the event log. */
  readonly cursor: Cursor
  /** Milliseconds since the Unix epoch. */
  readonly at: TimestampMs
  readonly type: string
  readonly version: number
  readonly payload: Readonly<Record<string, unknown>>
}

/** Everything that happened, in order. */
export interface EventsActor {
  /** Durable events, the oldest or the newest first, a page at a time: after a cursor or before it, and of a time. `cursor-expired` says of which classes some are no longer kept (`lost`), and from where to go on with the others (`continueFrom`). Errors: cursor-expired, cursor-invalid. */
  list(request?: EventsListRequest, options?: QueryOptions): Promise<EventsListReply>
}

/** A peer is connected and has sent its init. */
export interface PeerConnected {
  readonly nodeId: NodeId
  /** `host:port`. */
  readonly address?: string
  readonly direction: 'inbound' | 'outbound'
  readonly features: string
}

/** The connection to a peer has ended. */
export interface PeerDisconnected {
  readonly nodeId: NodeId
  readonly reason?: string
}

/** A peer caused more than is told one by one: of each thing the last is told, and how many were not. */
export interface PeerRepeated {
  readonly nodeId: NodeId
  /** How many events were left out. */
  readonly untold: number
  /** Milliseconds since the Unix epoch. */
  readonly since: TimestampMs
}

/** A channel has a funding transaction, signed for by both sides. */
export interface ChannelFundingCreated {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly temporaryChannelId?: ChannelId
  readonly initiator: 'local' | 'remote'
  readonly fundingIndex: number
  /** A transaction id, as explorers display it. */
  readonly fundingTxid: TxId
  readonly fundingOutputIndex: number
  readonly fundingSat: Sat
  readonly channelType: string
  readonly localMsat: Msat
  readonly remoteMsat: Msat
}

/** A channel's funding is deep enough in the chain. */
export interface ChannelFundingConfirmed {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly fundingIndex: number
  /** A transaction id, as explorers display it. */
  readonly fundingTxid: TxId
  readonly fundingOutputIndex: number
  readonly fundingSat: Sat
  readonly blockHeight: BlockHeight
  readonly shortChannelId?: ShortChannelId
}

/** A channel can carry payments for the first time. */
export interface ChannelReady {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly fundingIndex: number
  readonly shortChannelId?: ShortChannelId
  readonly aliases: readonly ShortChannelId[]
  readonly capacitySat: Sat
  readonly localMsat: Msat
  readonly remoteMsat: Msat
  readonly feeBaseMsat: Msat
  /** Parts per million. */
  readonly feeProportionalMillionths: Ppm
}

/** A channel has gone offline, come back, or moved on in its life. */
export interface ChannelStateChanged {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly previous?: 'opening' | 'usable' | 'offline' | 'closing' | 'closed' | 'quarantined'
  readonly state: 'opening' | 'usable' | 'offline' | 'closing' | 'closed' | 'quarantined'
}

/** A channel's balance has moved. Moves within one commit are told once. */
export interface ChannelBalanceChanged {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly fundingIndex: number
  readonly capacitySat: Sat
  readonly localMsat: Msat
  readonly remoteMsat: Msat
  readonly spendableMsat: Msat
  readonly receivableMsat: Msat
}

/** The node charges something else to relay out of a channel. */
export interface ChannelRelayFeesChanged {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly feeBaseMsat: Msat
  /** Parts per million. */
  readonly feeProportionalMillionths: Ppm
  readonly previous: {
    readonly feeBaseMsat: Msat
    /** Parts per million. */
    readonly feeProportionalMillionths: Ppm
  }
}

/** The node takes something else off its fee for what comes in over a channel. */
export interface ChannelInboundDiscountChanged {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly feeBaseMsat: Msat
  /** Parts per million. */
  readonly feeProportionalMillionths: Ppm
  readonly previous: {
    readonly feeBaseMsat: Msat
    /** Parts per million. */
    readonly feeProportionalMillionths: Ppm
  }
}

/** A channel has begun to close. */
export interface ChannelClosing {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly fundingIndex: number
  readonly initiator: 'local' | 'remote'
  readonly kind: 'mutual' | 'local-force' | 'remote-force' | 'revoked' | 'never-funded'
  /** A transaction id, as explorers display it. */
  readonly txid?: TxId
}

/** Both sides have signed the transaction that closes a channel, as agreed. */
export interface ChannelCloseSigned {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly fundingIndex: number
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
}

/** A transaction that closes a channel, or takes an output of one, was published, perhaps in the place of one that paid less. */
export interface ChannelTransactionPublished {
  readonly channelId: ChannelId
  readonly peer: NodeId
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
  readonly purpose: 'mutual-close' | 'local-commitment' | 'anchor' | 'to-local' | 'htlc-success' | 'htlc-timeout' | 'htlc-output' | 'to-remote' | 'received-htlc' | 'offered-htlc' | 'penalty' | 'htlc-penalty' | 'joint-claim'
  /** What it pays by itself. */
  readonly feeSat: Sat
  /** What it pays, together with the commitment that it brings into a block. */
  readonly feerate: FeeratePerKw
  /** What set the fee: see `channels.get`. */
  readonly reason: 'agreed' | 'estimate' | 'deadline' | 'budget' | 'wallet' | 'operator'
  /** The last block in which it is in time, where time matters. */
  readonly deadline?: BlockHeight
  /** The one that paid less. */
  readonly replaces?: TxId
}

/** The wallet cannot pay what a transaction of a closing channel should pay now: it waits, or pays less. */
export interface ChannelFeesShort {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly purpose: 'mutual-close' | 'local-commitment' | 'anchor' | 'to-local' | 'htlc-success' | 'htlc-timeout' | 'htlc-output' | 'to-remote' | 'received-htlc' | 'offered-htlc' | 'penalty' | 'htlc-penalty' | 'joint-claim'
  readonly neededSat: Sat
  /** What the wallet has in blocks. */
  readonly availableSat: Sat
  /** The last block in which it is in time, where time matters. */
  readonly deadline?: BlockHeight
}

/** A channel that opens, closes or stands still waits for something else than before. */
export interface ChannelWaitsChanged {
  readonly channelId: ChannelId
  readonly peer: NodeId
  /** None once it waits for nothing. Whether the peer is there is told by `channel.state-changed`. */
  readonly waitsFor: readonly WaitSummary[]
}

/** A channel is closed and all that was ours is in our wallet. */
export interface ChannelClosed {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly fundingIndex: number
  readonly kind: 'mutual' | 'local-force' | 'remote-force' | 'revoked' | 'never-funded'
  /** What spent the funding; zeros if the channel was never funded. */
  readonly txid: TxId
  readonly blockHeight: BlockHeight
  readonly openedBy?: 'local' | 'remote'
  /** Whose doing the end was: of a cooperative close, who asked for it; of any other, who began. */
  readonly closedBy?: 'local' | 'remote'
  readonly capacitySat?: Sat
  /** A transaction id, as explorers display it. */
  readonly fundingTxid?: TxId
  readonly shortChannelId?: ShortChannelId
  /** Of the tip when it was opened. */
  readonly openedHeight?: BlockHeight
  /** Ours in the last commitment, HTLCs in flight apart. */
  readonly finalMsat?: Msat
  /** What came back to the wallet, or to the address that was asked for: by the close, and by claims. */
  readonly returnedSat?: Sat
  /** Of what the transaction that closed it paid, our share. */
  readonly closingFeeSat?: Sat
}

/** A channel broke a rule, or its peer did. */
export interface ChannelErrored {
  readonly channelId: ChannelId
  readonly peer: NodeId
  readonly source: 'local' | 'remote'
  readonly code: string
  readonly text: string
}

/** A payment of ours has arrived. */
export interface PaymentSent {
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly feesMsat: Msat
  readonly destination?: NodeId
  readonly parts: readonly SentPart[]
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: TimestampMs
  /** Milliseconds since the Unix epoch. */
  readonly settledAt: TimestampMs
}

/** A payment of ours has failed for good. Nothing of it is still under way. */
export interface PaymentFailed {
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly destination?: NodeId
  readonly failure: PaymentFailure
  readonly parts: readonly SentPart[]
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: TimestampMs
  /** Milliseconds since the Unix epoch. */
  readonly failedAt: TimestampMs
}

/** A part of a payment of ours has failed: its HTLC has come back, or was never sent. The payment may go on; its end tells of all its parts once more. */
export interface PaymentPartFailed {
  readonly paymentHash: PaymentHash
  readonly part: SentPart
}

/** A probe has come back, from its destination or from on the way there. */
export interface RouterProbed {
  /** A random number: nobody knows a preimage of it. */
  readonly paymentHash: PaymentHash
  readonly destination: NodeId
  /** What would arrive, all parts together. */
  readonly amountMsat: Msat
  /** What relays would charge. */
  readonly feesMsat: Msat
  readonly parts: readonly ProbedPart[]
  /** Who has asked; the operator if not said. */
  readonly plugin?: string
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: TimestampMs
  /** Whether all parts came to the destination: the amount gets through now. */
  readonly reached: boolean
  /** Milliseconds since the Unix epoch. */
  readonly endedAt: TimestampMs
}

/** An invoice of ours was paid, or somebody paid us without one. */
export interface PaymentReceived {
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly parts: readonly ReceivedPart[]
  /** Milliseconds since the Unix epoch. */
  readonly receivedAt: TimestampMs
  /** It came without an invoice. */
  readonly keysend?: boolean
  /** What the payer said besides: nobody vouches for it. */
  readonly customRecords?: readonly CustomRecord[]
  /** The offer that it is for. */
  readonly offerId?: string
  /** How many items of the offer. */
  readonly quantity?: number
  /** What the payer has said to it: the beginning, from a stranger. */
  readonly payerNote?: string
}

/** A payment of an invoice waits for its preimage. */
export interface InvoiceHeld {
  readonly paymentHash: PaymentHash
  readonly amountMsat: Msat
  readonly parts: readonly ReceivedPart[]
  /** Milliseconds since the Unix epoch. */
  readonly heldAt: TimestampMs
  /** The node gives it back at this height, if nobody has decided by then. */
  readonly givenBackAt: BlockHeight
  /** What the payer said besides: nobody vouches for it. */
  readonly customRecords?: readonly CustomRecord[]
}

/** Nobody can pay an invoice of ours any more, and what was held for it is given back. */
export interface InvoiceCancelled {
  readonly paymentHash: PaymentHash
  /** Whether somebody asked for it, or the node gave back what was held before its channels were in danger. */
  readonly reason: 'asked' | 'deadline'
  /** Milliseconds since the Unix epoch. */
  readonly cancelledAt: TimestampMs
}

/** A payment went through this node and settled on both sides. */
export interface PaymentRelayed {
  readonly paymentHash: PaymentHash
  /** What we earned. */
  readonly feeMsat: Msat
  readonly incoming: readonly RelayHtlc[]
  readonly outgoing: readonly RelayHtlc[]
  /** Milliseconds since the Unix epoch. */
  readonly startedAt: TimestampMs
  /** Milliseconds since the Unix epoch. */
  readonly settledAt: TimestampMs
}

/** A payment could not go through this node. */
export interface PaymentRelayFailed {
  readonly paymentHash: PaymentHash
  readonly incoming: readonly RelayHtlc[]
  /** Empty where we refused before sending it on. */
  readonly outgoing: readonly RelayHtlc[]
  /** Where the sender wanted it to go, or the recipient of a blinded path, which may name the next node. */
  readonly requested?: {
    readonly shortChannelId?: ShortChannelId
    readonly nodeId?: NodeId
    readonly amountMsat: Msat
    readonly cltvExpiry: BlockHeight
  }
  /** Whether we refused it, or it failed further on. */
  readonly source: 'local' | 'remote'
  /** The BOLT 4 failure, where it is ours or readable; `paid-too-late` if it was paid further on after we had to give it back: its amount is lost. */
  readonly code: string
  readonly plugin?: string
}

/** This node made an invoice. */
export interface InvoiceCreated {
  readonly paymentHash: PaymentHash
  /** A BOLT 11 invoice. */
  readonly invoice: string
  readonly amountMsat?: Msat
  readonly description: string
  /** Milliseconds since the Unix epoch. */
  readonly createdAt: TimestampMs
  /** Milliseconds since the Unix epoch. */
  readonly expiresAt: TimestampMs
}

/** A transaction that was in no block cannot happen any more: another has taken its place, or what it was built on is gone. Its coins are free. */
export interface WalletTransactionDropped {
  /** A transaction id, as explorers display it. */
  readonly txid: TxId
  readonly receivedSat: Sat
  readonly spentSat: Sat
  readonly feeSat?: Sat
  readonly purpose?: string
  readonly channelId?: ChannelId
  readonly label?: string
  /** What has taken its place, where that is known. */
  readonly by?: TxId
}

/** The wallet has looked through all the blocks that it was asked to. */
export interface WalletRescanned {
  readonly fromHeight: BlockHeight
  readonly toHeight: BlockHeight
  /** Blocks that could not be had: what they paid is not known. */
  readonly missing: number
  /** What the wallet holds in blocks now. */
  readonly confirmedSat: Sat
}

/** The chain has a new tip, and all that it changed for the node is on the disk. */
export interface ChainBlock {
  readonly blockHeight: BlockHeight
  readonly blockHash: BlockHash
}

/** The node sees the chain better or worse than before. */
export interface ChainHealthChanged {
  readonly healthy: boolean
  /** The highest block that the node has handled. */
  readonly blockHeight: BlockHeight
  /** The worst first; none when all is well. */
  readonly problems: readonly {
    readonly code: string
    readonly text: string
    readonly fix: string
  }[]
}

/** Rows that were older than the operator keeps them are gone from the database. */
export interface NodeRowsRemoved {
  readonly removed: readonly RemovedRows[]
  /** The folder of the files that have those that were archived. */
  readonly archive?: string
}

/** What a sweep has removed of one class. */
export interface RemovedRows {
  readonly class: 'settled-payments' | 'failed-payments' | 'paid-invoices' | 'expired-invoices' | 'closed-channels' | 'keyed-commands' | 'money-events' | 'channel-events' | 'network-events' | 'plugin-events' | 'node-events' | 'pending-payments' | 'open-invoices' | 'past-htlcs'
  readonly rows: number
  readonly bytes: number
}

/** The archive cannot be written. Until it can be again nothing is removed that belongs in it. */
export interface NodeArchiveFailed {
  readonly archive: string
  readonly reason: string
}

/** A plugin runs. */
export interface PluginStarted {
  readonly plugin: string
  readonly pluginVersion: string
}

/** A plugin was stopped or removed. */
export interface PluginStopped {
  readonly plugin: string
  readonly pluginVersion: string
  readonly reason?: string
}

/** A plugin broke a limit or threw. */
export interface PluginFaulted {
  readonly plugin: string
  readonly pluginVersion: string
  readonly code: string
  readonly text: string
  readonly restartInMs?: number
}

/** A plugin asked for what it was not granted, or beyond its bounds or budget. */
export interface PluginRefused {
  readonly plugin: string
  readonly pluginVersion: string
  readonly operation: string
  readonly code: string
  readonly text: string
}

/** A plugin comes near one of its limits. */
export interface PluginWarned {
  readonly plugin: string
  readonly pluginVersion: string
  readonly code: string
  readonly text: string
}

export interface ChannelAcceptRequest {
  readonly temporaryChannelId: ChannelId
  readonly peer: NodeId
  readonly initiator: 'local' | 'remote'
  readonly fundingSat: Sat
  readonly pushMsat: Msat
  /** Satoshis per 1000 weight units. */
  readonly feerate: FeeratePerKw
  readonly channelType: string
  readonly announce: boolean
  /** Whether the peer asks to use the channel before its funding confirms: only if this node trusts it to fund it. */
  readonly zeroConf: boolean
  readonly dustLimitSat: Sat
  readonly channelReserveSat: Sat
  readonly htlcMinimumMsat: Msat
  readonly maxHtlcValueInFlightMsat: Msat
  readonly maxAcceptedHtlcs: number
  readonly toSelfDelay: number
}

/** Accept, perhaps asking for more than the node would; accept and use the channel before its funding confirms; or reject. */
export type ChannelAcceptVerdict =
  | {
      readonly type: 'accept'
      readonly minimumDepth?: number
      /** The least that the peer must keep in the channel, if that is more than what the node asks for. */
      readonly reserveSat?: Sat
      /** Promises the peer that a close together pays us to one script, fixed now, whoever asks for another later. */
      readonly upfrontShutdown?: boolean
    }
  | {
      readonly type: 'reject'
      /** Told to the peer. */
      readonly reason: string
    }
  | {
      readonly type: 'accept-zero-conf'
      /** The least that the peer must keep in the channel, if that is more than what the node asks for. */
      readonly reserveSat?: Sat
      /** Promises the peer that a close together pays us to one script, fixed now, whoever asks for another later. */
      readonly upfrontShutdown?: boolean
    }

export interface HtlcForwardRequest {
  /** The same in all parts of a payment, in its events, and at every node on its way: tell nobody. */
  readonly paymentHash: PaymentHash
  readonly incoming: {
    readonly channelId: ChannelId
    readonly peer: NodeId
    readonly shortChannelId?: ShortChannelId
    readonly amountMsat: Msat
    readonly cltvExpiry: BlockHeight
    readonly htlcId: number
  }
  /** As things are now: it may go out of another channel with the same peer, if this one cannot carry it. */
  readonly outgoing: {
    readonly channelId: ChannelId
    readonly peer: NodeId
    readonly shortChannelId?: ShortChannelId
    readonly amountMsat: Msat
    readonly cltvExpiry: BlockHeight
  }
  /** What is left for us: of a trampoline relay, of all that comes in for it. */
  readonly feeMsat: Msat
  /** The node finds the way on itself, and there may be more of the payment in other channels. Absent: an ordinary relay. */
  readonly trampoline?: boolean
  readonly blockHeight: BlockHeight
}

/** Let it go on, or give it back with a failure that the sender can read. */
export type HtlcForwardVerdict =
  | {
      readonly type: 'continue'
    }
  | {
      readonly type: 'fail'
      /** What the sender is told: `temporary-channel-failure` where nothing is given. */
      readonly code?: 'temporary-channel-failure' | 'permanent-channel-failure' | 'unknown-next-peer' | 'temporary-node-failure' | 'permanent-node-failure'
    }

/** Every actor that a plugin can be granted. */
export interface Actors {
  readonly node: NodeActor
  readonly peers: PeersActor
  readonly channels: ChannelsActor
  readonly payments: PaymentsActor
  readonly invoices: InvoicesActor
  readonly offers: OffersActor
  readonly refunds: RefundsActor
  readonly router: RouterActor
  readonly wallet: WalletActor
  readonly events: EventsActor
}

/** Every event, by name. */
export interface Events {
  /** A peer is connected and has sent its init. */
  readonly 'peer.connected': PeerConnected
  /** The connection to a peer has ended. */
  readonly 'peer.disconnected': PeerDisconnected
  /** A peer caused more than is told one by one: of each thing the last is told, and how many were not. */
  readonly 'peer.repeated': PeerRepeated
  /** Either side has proposed a channel. */
  readonly 'channel.opening': ChannelOpening
  /** A channel has a funding transaction, signed for by both sides. */
  readonly 'channel.funding-created': ChannelFundingCreated
  /** A channel's funding is deep enough in the chain. */
  readonly 'channel.funding-confirmed': ChannelFundingConfirmed
  /** A channel can carry payments for the first time. */
  readonly 'channel.ready': ChannelReady
  /** A channel has gone offline, come back, or moved on in its life. */
  readonly 'channel.state-changed': ChannelStateChanged
  /** A channel's balance has moved. Moves within one commit are told once. */
  readonly 'channel.balance-changed': ChannelBalanceChanged
  /** The node charges something else to relay out of a channel. */
  readonly 'channel.relay-fees-changed': ChannelRelayFeesChanged
  /** The node takes something else off its fee for what comes in over a channel. */
  readonly 'channel.inbound-discount-changed': ChannelInboundDiscountChanged
  /** A channel has begun to close. */
  readonly 'channel.closing': ChannelClosing
  /** Both sides have signed the transaction that closes a channel, as agreed. */
  readonly 'channel.close-signed': ChannelCloseSigned
  /** A transaction that closes a channel, or takes an output of one, was published, perhaps in the place of one that paid less. */
  readonly 'channel.transaction-published': ChannelTransactionPublished
  /** The wallet cannot pay what a transaction of a closing channel should pay now: it waits, or pays less. */
  readonly 'channel.fees-short': ChannelFeesShort
  /** A channel that opens, closes or stands still waits for something else than before. */
  readonly 'channel.waits-changed': ChannelWaitsChanged
  /** A channel is closed and all that was ours is in our wallet. */
  readonly 'channel.closed': ChannelClosed
  /** A channel broke a rule, or its peer did. */
  readonly 'channel.errored': ChannelErrored
  /** A payment of ours has arrived. */
  readonly 'payment.sent': PaymentSent
  /** A payment of ours has failed for good. Nothing of it is still under way. */
  readonly 'payment.failed': PaymentFailed
  /** A part of a payment of ours has failed: its HTLC has come back, or was never sent. The payment may go on; its end tells of all its parts once more. */
  readonly 'payment.part-failed': PaymentPartFailed
  /** A probe has come back, from its destination or from on the way there. */
  readonly 'router.probed': RouterProbed
  /** An invoice of ours was paid, or somebody paid us without one. */
  readonly 'payment.received': PaymentReceived
  /** A payment of an invoice waits for its preimage. */
  readonly 'invoice.held': InvoiceHeld
  /** Nobody can pay an invoice of ours any more, and what was held for it is given back. */
  readonly 'invoice.cancelled': InvoiceCancelled
  /** A payment went through this node and settled on both sides. */
  readonly 'payment.relayed': PaymentRelayed
  /** A payment could not go through this node. */
  readonly 'payment.relay-failed': PaymentRelayFailed
  /** This node made an invoice. */
  readonly 'invoice.created': InvoiceCreated
  /** A transaction that changes the wallet's balance was seen, or was confirmed. */
  readonly 'wallet.transaction': WalletTransaction
  /** A transaction that was in no block cannot happen any more: another has taken its place, or what it was built on is gone. Its coins are free. */
  readonly 'wallet.transaction-dropped': WalletTransactionDropped
  /** The wallet has looked through all the blocks that it was asked to. */
  readonly 'wallet.rescanned': WalletRescanned
  /** The chain has a new tip, and all that it changed for the node is on the disk. */
  readonly 'chain.block': ChainBlock
  /** The node sees the chain better or worse than before. */
  readonly 'chain.health-changed': ChainHealthChanged
  /** Rows that were older than the operator keeps them are gone from the database. */
  readonly 'node.rows-removed': NodeRowsRemoved
  /** The archive cannot be written. Until it can be again nothing is removed that belongs in it. */
  readonly 'node.archive-failed': NodeArchiveFailed
  /** A plugin runs. */
  readonly 'plugin.started': PluginStarted
  /** A plugin was stopped or removed. */
  readonly 'plugin.stopped': PluginStopped
  /** A plugin broke a limit or threw. */
  readonly 'plugin.faulted': PluginFaulted
  /** A plugin asked for what it was not granted, or beyond its bounds or budget. */
  readonly 'plugin.refused': PluginRefused
  /** A plugin comes near one of its limits. */
  readonly 'plugin.warned': PluginWarned
}

/** Durable or not: durable events can be followed with `events.each`. */
export type DurableEventName =
  | 'peer.connected'
  | 'peer.disconnected'
  | 'peer.repeated'
  | 'channel.opening'
  | 'channel.funding-created'
  | 'channel.funding-confirmed'
  | 'channel.ready'
  | 'channel.state-changed'
  | 'channel.balance-changed'
  | 'channel.relay-fees-changed'
  | 'channel.inbound-discount-changed'
  | 'channel.closing'
  | 'channel.close-signed'
  | 'channel.transaction-published'
  | 'channel.fees-short'
  | 'channel.waits-changed'
  | 'channel.closed'
  | 'channel.errored'
  | 'payment.sent'
  | 'payment.failed'
  | 'router.probed'
  | 'payment.received'
  | 'invoice.held'
  | 'invoice.cancelled'
  | 'payment.relayed'
  | 'payment.relay-failed'
  | 'invoice.created'
  | 'wallet.transaction'
  | 'wallet.transaction-dropped'
  | 'wallet.rescanned'
  | 'chain.health-changed'
  | 'node.rows-removed'
  | 'node.archive-failed'
  | 'plugin.started'
  | 'plugin.stopped'
  | 'plugin.faulted'
  | 'plugin.refused'
  | 'plugin.warned'

/** Every hook, by name. */
export interface Hooks {
  /** A peer wants to open a channel with us. Every plugin must accept it, or it is refused. */
  readonly 'channel.accept': { readonly request: ChannelAcceptRequest; readonly verdict: ChannelAcceptVerdict }
  /** An HTLC that the node would relay. The first plugin that fails it, in the order of install, decides; what is let go on is checked once more. The HTLC waits meanwhile, and costs its channel. Of what the node relays as a trampoline node, a question joins all HTLCs that come in by one channel and go out by one: each such pair is asked about. */
  readonly 'htlc.forward': { readonly request: HtlcForwardRequest; readonly verdict: HtlcForwardVerdict }
}
