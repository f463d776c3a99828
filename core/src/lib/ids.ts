import type { Flavor } from './flavor.ts'

/** A compressed secp256k1 point, 33 bytes. */
export type PublicKey = Flavor<Uint8Array, 'public-key'>
/** A secp256k1 scalar, 32 bytes, big-endian. Never logged, never sent to a plugin. */
export type PrivateKey = Flavor<Uint8Array, 'private-key'>
/** A node's public identity: a compressed point, 33 bytes. It is also a `PublicKey`. */
export type NodeId = PublicKey
/** An ECDSA signature in the 64-byte compact form of BOLT 1, low S. */
export type Signature = Flavor<Uint8Array, 'signature'>
/** 32 bytes (BOLT 2, deriving the channel id). */
export type ChannelId = Flavor<Uint8Array, 'channel-id'>
/** A transaction id in internal byte order (as hashed; the reverse of how it is displayed), 32 bytes. */
export type TxId = Flavor<Uint8Array, 'txid'>
/** A block hash in internal byte order, 32 bytes. */
export type BlockHash = Flavor<Uint8Array, 'block-hash'>
/** SHA-256 of a payment's preimage, 32 bytes. */
export type PaymentHash = Flavor<Uint8Array, 'payment-hash'>
/** 32 bytes, secret until the payment is settled. */
export type Preimage = Flavor<Uint8Array, 'preimage'>
/** Block height (24 bits), transaction index (24 bits), output index (16 bits) of a funding output (BOLT 7), or an alias. */
export type ShortChannelId = Flavor<bigint, 'short-channel-id'>
/** Names one of our channel's HTLCs in one direction. */
export type HtlcId = Flavor<bigint, 'htlc-id'>

/** An output of a transaction. */
export interface OutPoint {
  readonly txid: TxId
  readonly index: number
}

/** The parts of a real short channel id. */
export interface ShortChannelIdParts {
  readonly blockHeight: number
  readonly txIndex: number
  readonly outputIndex: number
}

/** BOLT 7, definition of `short_channel_id`: the top 3 bytes are the height, the next 3 the transaction, the last 2 the output. */
export const shortChannelId = ({ blockHeight, txIndex, outputIndex }: ShortChannelIdParts): ShortChannelId =>
  (BigInt(blockHeight) << 40n) | (BigInt(txIndex) << 16n) | BigInt(outputIndex)

const shortChannelIdParts = (scid: ShortChannelId): ShortChannelIdParts => {
  const value = scid
  return {
    blockHeight: Number(value >> 40n),
    txIndex: Number((value >> 16n) & 0xffffffn),
    outputIndex: Number(value & 0xffffn),
  }
}

/** The form `539268x845x1` (BOLT 7). */
export const formatShortChannelId = (scid: ShortChannelId): string => {
  const { blockHeight, txIndex, outputIndex } = shortChannelIdParts(scid)
  return `${blockHeight}x${txIndex}x${outputIndex}`
}

/** Reads `539268x845x1`; `undefined` if the text has another form or a part is out of range. */
export const parseShortChannelId = (text: string): ShortChannelId | undefined => {
  const match = /^(\d{1,8})x(\d{1,8})x(\d{1,5})$/.exec(text)
  if (match === null) return undefined
  const [blockHeight = 0, txIndex = 0, outputIndex = 0] = match.slice(1).map(Number)
  if (blockHeight > 0xffffff || txIndex > 0xffffff || outputIndex > 0xffff) return undefined
  return shortChannelId({ blockHeight, txIndex, outputIndex })
}
