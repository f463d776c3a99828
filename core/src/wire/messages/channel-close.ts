import type { ChannelId } from '../../lib/ids.ts'
import type { Sat } from '../../lib/units.ts'
import { struct } from '../codec/combinators.ts'
import { bytes32, u16Bytes, u32, u64 } from '../codec/primitives.ts'
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

/** BOLT 2, option_simple_close: the signatures of the variants of one closing transaction, by the outputs that it has. */
export interface ClosingSignatures {
  readonly closerOutputOnly?: FundingSignature
  readonly closeeOutputOnly?: FundingSignature
  readonly closerAndCloseeOutputs?: FundingSignature
}

/** What both messages of `option_simple_close` say: the sender of `closing_complete` is the closer, and pays the fee. */
export interface ClosingTerms {
  readonly channelId: ChannelId
  readonly closerScriptpubkey: Uint8Array
  readonly closeeScriptpubkey: Uint8Array
  readonly feeSatoshis: Sat
  /** u32. */
  readonly locktime: number
}

/** BOLT 2, option_simple_close: the closer's own closing transaction, signed by it. */
export interface ClosingComplete extends WithUnknownTlvs, ClosingTerms, ClosingSignatures {
  readonly type: 'closing_complete'
}

/** BOLT 2, option_simple_close: the closee's signature of one variant, under the same record as the closer's. */
export interface ClosingSig extends WithUnknownTlvs, ClosingTerms, ClosingSignatures {
  readonly type: 'closing_sig'
}

export const shutdownCodec = messageCodec<Shutdown>(38, 'shutdown', { channelId: bytes32, scriptpubkey: u16Bytes }, {})

export const closingSignedCodec = messageCodec<ClosingSigned>(
  39,
  'closing_signed',
  { channelId: bytes32, feeSatoshis: u64, signature: fundingSignature },
  { feeRange: tlv(1, struct<FeeRange>({ minFeeSatoshis: u64, maxFeeSatoshis: u64 })) },
)

const closingTerms = {
  channelId: bytes32,
  closerScriptpubkey: u16Bytes,
  closeeScriptpubkey: u16Bytes,
  feeSatoshis: u64,
  locktime: u32,
}
const closingSignatures = {
  closerOutputOnly: tlv(1, fundingSignature),
  closeeOutputOnly: tlv(2, fundingSignature),
  closerAndCloseeOutputs: tlv(3, fundingSignature),
}

export const closingCompleteCodec = messageCodec<ClosingComplete>(
  40,
  'closing_complete',
  closingTerms,
  closingSignatures,
)
export const closingSigCodec = messageCodec<ClosingSig>(41, 'closing_sig', closingTerms, closingSignatures)
