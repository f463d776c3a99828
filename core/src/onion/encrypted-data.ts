import type { NodeId, PublicKey, ShortChannelId } from '../lib/ids.ts'
import type { BlockDelta, BlockHeight, Msat, Ppm } from '../lib/units.ts'
import { encodeWith } from '../wire/codec/codec.ts'
import { struct } from '../wire/codec/combinators.ts'
import { restBytes, tu32, tu64, u16, u32, u64 } from '../wire/codec/primitives.ts'
import { tlv, tlvStream } from '../wire/codec/tlv-stream.ts'
import type { FeatureVector } from '../wire/feature-vector.ts'
import type { WithUnknownTlvs } from '../wire/tlv-record.ts'
import { curvePoint } from './blinded-path.ts'

/** BOLT 4, `encrypted_data_tlv`: what the recipient tells a node of its blinded path. */
export interface EncryptedData extends WithUnknownTlvs {
  /** Says nothing: makes the data of all nodes equally long. */
  readonly padding?: Uint8Array
  /** The channel to the next node: real or alias. */
  readonly shortChannelId?: ShortChannelId
  readonly nextNodeId?: NodeId
  /** For the recipient: what it recognizes its path by. */
  readonly pathId?: Uint8Array
  /** Replaces the path key that would follow: another path is joined on here. */
  readonly nextPathKeyOverride?: PublicKey
  readonly paymentRelay?: PaymentRelay
  readonly paymentConstraints?: PaymentConstraints
  readonly allowedFeatures?: FeatureVector
}

/** What a node asks to relay a payment along the path. */
export interface PaymentRelay {
  readonly cltvExpiryDelta: BlockDelta
  readonly feeProportionalMillionths: Ppm
  readonly feeBaseMsat: number
}

/** What the recipient demands of a payment at this node. */
export interface PaymentConstraints {
  readonly maxCltvExpiry: BlockHeight
  readonly htlcMinimumMsat: Msat
}

/** The node that a blinded path goes on to: at the other end of a channel, or by its id. */
export type NextNode =
  | { readonly type: 'channel'; readonly shortChannelId: ShortChannelId }
  | { readonly type: 'node'; readonly nodeId: NodeId }

export const encryptedData = tlvStream<EncryptedData>({
  padding: tlv(1, restBytes),
  shortChannelId: tlv(2, u64),
  nextNodeId: tlv(4, curvePoint),
  pathId: tlv(6, restBytes),
  nextPathKeyOverride: tlv(8, curvePoint),
  paymentRelay: tlv(
    10,
    struct<PaymentRelay>({ cltvExpiryDelta: u16, feeProportionalMillionths: u32, feeBaseMsat: tu32 }),
  ),
  paymentConstraints: tlv(12, struct<PaymentConstraints>({ maxCltvExpiry: u32, htlcMinimumMsat: tu64 })),
  allowedFeatures: tlv(14, restBytes),
})

/** Where the path goes on to; BOLT 4 has an onion message go by the node's id if it has both. */
export const nextNodeOf = ({ shortChannelId, nextNodeId }: EncryptedData): NextNode | undefined => {
  if (nextNodeId !== undefined) return { type: 'node', nodeId: nextNodeId }
  return shortChannelId === undefined ? undefined : { type: 'channel', shortChannelId }
}

/** BOLT 4, route blinding: all as long as the longest, so that their lengths do not tell the nodes apart. */
export const padded = (path: readonly EncryptedData[]): readonly EncryptedData[] => {
  const lengths = path.map((data) => encodeWith(encryptedData, data).length)
  let target = Math.max(...lengths)
  // A record adds two bytes at least, and its length takes two more from 253 on: where one node's data cannot be filled up, all get longer.
  while (!lengths.every((length) => paddingFor(target - length) !== undefined)) target++
  return path.map((data, at) => {
    const length = target - (lengths[at] as number)
    return length === 0 ? data : { ...data, padding: new Uint8Array(paddingFor(length) ?? 0) }
  })
}

/** How many bytes of padding make up `length` with their record's type and length; none are needed for nothing. */
const paddingFor = (length: number): number | undefined => {
  if (length === 0) return 0
  const short = length - 2
  const long = length - 4
  return short >= 0 && short < 0xfd ? short : long >= 0xfd ? long : undefined
}
