import type { ChannelId } from '../../lib/ids.ts'
import type { Sat } from '../../lib/units.ts'
import { struct } from '../codec/combinators.ts'
import { bytes32, u16Bytes, u64 } from '../codec/primitives.ts'
import { tlv } from '../codec/tlv-stream.ts'
import { type FundingSignature, fundingSignature } from '../funding-signature.ts'
import type { WithUnknownTlvs } from '../tlv-record.ts'
import { messageCodec } from './message-codec.ts'

/** BOLT 2: the sender will add no more HTLCs, and wants its funds paid to the script. */
export interface Shutdown extends WithUnknownTlvs {
  readonly type: 'shutdown'
  readonly channelId: ChannelId
  readonly scriptpubkey: Uint8Array
}

/** BOLT 2: the fees between which the sender of `closing_signed` will agree, both included. */
export interface FeeRange {
  readonly minFeeSatoshis: Sat
  readonly maxFeeSatoshis: Sat
}

/** BOLT 2, legacy closing negotiation. */
export interface ClosingSigned extends WithUnknownTlvs {
  readonly type: 'closing_signed'
  readonly channelId: ChannelId
  readonly feeSatoshis: Sat
  readonly signature: FundingSignature
  readonly feeRange?: FeeRange
}

export const shutdownCodec = messageCodec<Shutdown>(38, 'shutdown', { channelId: bytes32, scriptpubkey: u16Bytes }, {})

export const closingSignedCodec = messageCodec<ClosingSigned>(
  39,
  'closing_signed',
  { channelId: bytes32, feeSatoshis: u64, signature: fundingSignature },
  { feeRange: tlv(1, struct<FeeRange>({ minFeeSatoshis: u64, maxFeeSatoshis: u64 })) },
)
