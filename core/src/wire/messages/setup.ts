import type { ChannelId } from '../../lib/ids.ts'
import { restList } from '../codec/combinators.ts'
import { bytes32, restBytes, u16, u16Bytes } from '../codec/primitives.ts'
import { tlv } from '../codec/tlv-stream.ts'
import type { FeatureVector } from '../feature-vector.ts'
import type { WithUnknownTlvs } from '../tlv-record.ts'
import { messageCodec } from './message-codec.ts'

/** BOLT 1: the first message on a connection. */
export interface Init extends WithUnknownTlvs {
  readonly type: 'init'
  /** For old peers; what a peer offers is `initFeatures`, the two vectors as one. */
  readonly globalFeatures: FeatureVector
  readonly features: FeatureVector
  /** Hashes of the genesis blocks of the chains the sender is on, 32 bytes each, internal byte order. */
  readonly networks?: readonly Uint8Array[]
  /** Where the sender sees us, an address descriptor of BOLT 7, not parsed. */
  readonly remoteAddr?: Uint8Array
}

/** BOLT 1: the channel (or, when `channelId` is all zero, every channel with the sender) has failed. */
export interface ErrorMessage extends WithUnknownTlvs {
  readonly type: 'error'
  readonly channelId: ChannelId
  /** Chosen by the peer: not to be shown unless all of it is printable ASCII (`printableText`). */
  readonly data: Uint8Array
}

/** BOLT 1: as `error`, but nothing has failed. */
export interface WarningMessage extends WithUnknownTlvs {
  readonly type: 'warning'
  readonly channelId: ChannelId
  /** Chosen by the peer: not to be shown unless all of it is printable ASCII (`printableText`). */
  readonly data: Uint8Array
}

/** BOLT 1. */
export interface Ping extends WithUnknownTlvs {
  readonly type: 'ping'
  /** How long a `pong` is asked for; from 65532 on, none is (BOLT 1). */
  readonly numPongBytes: number
  readonly ignored: Uint8Array
}

/** BOLT 1. */
export interface Pong extends WithUnknownTlvs {
  readonly type: 'pong'
  readonly ignored: Uint8Array
}

/** BOLT 1, peer storage: to be kept for the sender, and given back on each connection. Always odd: who does not know it ignores it. */
export interface PeerStorage extends WithUnknownTlvs {
  readonly type: 'peer_storage'
  /** 65,531 bytes at most. */
  readonly blob: Uint8Array
}

/** BOLT 1, peer storage: what the sender keeps for us. */
export interface PeerStorageRetrieval extends WithUnknownTlvs {
  readonly type: 'peer_storage_retrieval'
  readonly blob: Uint8Array
}

export const initCodec = messageCodec<Init>(
  16,
  'init',
  { globalFeatures: u16Bytes, features: u16Bytes },
  { networks: tlv(1, restList(bytes32)), remoteAddr: tlv(3, restBytes) },
)

export const errorCodec = messageCodec<ErrorMessage>(17, 'error', { channelId: bytes32, data: u16Bytes }, {})

export const warningCodec = messageCodec<WarningMessage>(1, 'warning', { channelId: bytes32, data: u16Bytes }, {})

export const pingCodec = messageCodec<Ping>(18, 'ping', { numPongBytes: u16, ignored: u16Bytes }, {})

export const pongCodec = messageCodec<Pong>(19, 'pong', { ignored: u16Bytes }, {})

export const peerStorageCodec = messageCodec<PeerStorage>(7, 'peer_storage', { blob: u16Bytes }, {})

export const peerStorageRetrievalCodec = messageCodec<PeerStorageRetrieval>(
  9,
  'peer_storage_retrieval',
  { blob: u16Bytes },
  {},
)
