import type { Codec } from '../../wire/codec/codec.ts'
import { type FieldCodecs, optional, struct } from '../../wire/codec/combinators.ts'
import { bytes32, u16Bytes, u16Text, u32, u64 } from '../../wire/codec/primitives.ts'
import { invoiceText, timestamp } from '../row-codecs.ts'
import type { Bolt11Record, Bolt12Record, ReceivedHtlc } from './invoice-record.ts'

// What all versions of an invoice's row have in common.

/** A record with its state in the form of some version, by fields that follow its type. */
export type FieldsOf<Row, State> = Omit<Row, 'type' | 'state'> & { readonly state: State }

const commonFields: FieldCodecs<Omit<Bolt12Record, 'type' | 'state' | 'pathId' | 'offer'>> = {
  paymentHash: bytes32,
  preimage: bytes32,
  amountMsat: optional(u64),
  description: u16Text,
  invoice: invoiceText,
  minFinalCltvExpiryDelta: u32,
  createdAt: timestamp,
  expiresAt: timestamp,
}

export const bolt11Fields = <State>(state: Codec<State>): FieldCodecs<FieldsOf<Bolt11Record, State>> => {
  const { paymentHash, preimage, ...others } = commonFields
  return { paymentHash, preimage, paymentSecret: bytes32, paymentMetadata: optional(u16Bytes), ...others, state }
}

export const bolt12Fields = <State>(
  state: Codec<State>,
): FieldCodecs<FieldsOf<Omit<Bolt12Record, 'offer'>, State>> => ({
  pathId: bytes32,
  ...commonFields,
  state,
})

export const receivedHtlc = struct<ReceivedHtlc>({ channelId: bytes32, htlcId: u64, amountMsat: u64 })
