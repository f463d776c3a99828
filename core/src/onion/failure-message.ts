import { EMPTY } from '../lib/bytes.ts'
import type { BlockDelta, BlockHeight, Msat, Ppm } from '../lib/units.ts'
import { type Codec, decodeWith, encodeWith } from '../wire/codec/codec.ts'
import { type FieldCodecs, mapped, struct } from '../wire/codec/combinators.ts'
import { bigSize, bytes32, restBytes, u16, u16Bytes, u32, u64 } from '../wire/codec/primitives.ts'
import { decodeMessage, encodeMessage } from '../wire/message-codecs.ts'
import type { ChannelUpdate } from '../wire/messages/gossip.ts'
import { BADONION, INVALID_ONION_BLINDING, NODE, PERM, UPDATE } from './failure-codes.ts'

/** What went wrong with a payment, in BOLT 4's words; `type` is its name there. */
export type FailureMessage = KnownFailure | UnknownFailure

/** A code that we do not know, or a known one whose data are not whole. */
interface UnknownFailure {
  readonly type: 'unknown'
  readonly failureCode: number
  /** What follows the code. */
  readonly data: Uint8Array
}

interface Bare<Type extends string> {
  readonly type: Type
}

interface OfBadOnion<Type extends string> {
  readonly type: Type
  readonly sha256OfOnion: Uint8Array
}

interface WithUpdate {
  /** The relay policy in force; absent where the failing node kept it to itself, or sent something else. */
  readonly channelUpdate?: ChannelUpdate | undefined
}

type KnownFailure =
  | Bare<'temporary_node_failure'>
  | Bare<'permanent_node_failure'>
  | Bare<'required_node_feature_missing'>
  | OfBadOnion<'invalid_onion_version'>
  | OfBadOnion<'invalid_onion_hmac'>
  | OfBadOnion<'invalid_onion_key'>
  | (Bare<'temporary_channel_failure'> & WithUpdate)
  | Bare<'permanent_channel_failure'>
  | Bare<'required_channel_feature_missing'>
  | Bare<'unknown_next_peer'>
  | (Bare<'amount_below_minimum'> & { readonly htlcMsat: Msat } & WithUpdate)
  | (Bare<'fee_insufficient'> & { readonly htlcMsat: Msat } & WithUpdate)
  | (Bare<'incorrect_cltv_expiry'> & { readonly cltvExpiry: BlockHeight } & WithUpdate)
  | (Bare<'expiry_too_soon'> & WithUpdate)
  | (Bare<'incorrect_or_unknown_payment_details'> & { readonly htlcMsat: Msat; readonly height: BlockHeight })
  | (Bare<'final_incorrect_cltv_expiry'> & { readonly cltvExpiry: BlockHeight })
  | (Bare<'final_incorrect_htlc_amount'> & { readonly incomingHtlcAmt: Msat })
  | (Bare<'channel_disabled'> & { readonly disabledFlags: number } & WithUpdate)
  | Bare<'expiry_too_far'>
  | (Bare<'invalid_onion_payload'> & {
      /** The record that was not understood, 0 when it is not known which. */
      readonly tlvType: bigint
      /** Where it begins in the payload. */
      readonly offset: number
    })
  | Bare<'mpp_timeout'>
  | OfBadOnion<'invalid_onion_blinding'>
  // lightning/bolts 836, failure messages.
  | Bare<'temporary_trampoline_failure'>
  | (Bare<'trampoline_fee_or_expiry_insufficient'> & {
      /** With these, all together, the node could have relayed it. */
      readonly feeBaseMsat: number
      readonly feeProportionalMillionths: Ppm
      readonly cltvExpiryDelta: BlockDelta
    })
  | Bare<'unknown_next_trampoline'>

const CHANNEL_UPDATE_NUMBER = Uint8Array.of(1, 2)

/** BOLT 4: the enclosed `channel_update`, with its message type; some nodes leave that out, so both are read. */
const readUpdate = (bytes: Uint8Array): ChannelUpdate | undefined => {
  for (const prefix of [EMPTY, CHANNEL_UPDATE_NUMBER]) {
    const decoded = decodeMessage(Uint8Array.of(...prefix, ...bytes))
    if (decoded.ok && decoded.value.type === 'channel_update') return decoded.value
  }
  return undefined
}

const channelUpdate: Codec<ChannelUpdate | undefined> = {
  encode: (writer, update) => u16Bytes.encode(writer, update === undefined ? EMPTY : encodeMessage(update)),
  // An update that cannot be read is as good as none: the rest of the failure still counts.
  decode: (reader) => readUpdate(u16Bytes.decode(reader)),
}

const offset = mapped(
  u16,
  (value) => value,
  (value: number) => Math.min(value, 0xffff),
)

type FieldsOf<Type extends KnownFailure['type']> = Omit<Extract<KnownFailure, { readonly type: Type }>, 'type'>

interface Definition<Fields> {
  readonly code: number
  readonly fields: FieldCodecs<Fields>
}

const sha256OfOnion = bytes32

const DEFINITIONS: { readonly [Type in KnownFailure['type']]: Definition<FieldsOf<Type>> } = {
  temporary_node_failure: { code: NODE | 2, fields: {} },
  permanent_node_failure: { code: PERM | NODE | 2, fields: {} },
  required_node_feature_missing: { code: PERM | NODE | 3, fields: {} },
  invalid_onion_version: { code: BADONION | PERM | 4, fields: { sha256OfOnion } },
  invalid_onion_hmac: { code: BADONION | PERM | 5, fields: { sha256OfOnion } },
  invalid_onion_key: { code: BADONION | PERM | 6, fields: { sha256OfOnion } },
  temporary_channel_failure: { code: UPDATE | 7, fields: { channelUpdate } },
  permanent_channel_failure: { code: PERM | 8, fields: {} },
  required_channel_feature_missing: { code: PERM | 9, fields: {} },
  unknown_next_peer: { code: PERM | 10, fields: {} },
  amount_below_minimum: { code: UPDATE | 11, fields: { htlcMsat: u64, channelUpdate } },
  fee_insufficient: { code: UPDATE | 12, fields: { htlcMsat: u64, channelUpdate } },
  incorrect_cltv_expiry: { code: UPDATE | 13, fields: { cltvExpiry: u32, channelUpdate } },
  expiry_too_soon: { code: UPDATE | 14, fields: { channelUpdate } },
  incorrect_or_unknown_payment_details: { code: PERM | 15, fields: { htlcMsat: u64, height: u32 } },
  final_incorrect_cltv_expiry: { code: 18, fields: { cltvExpiry: u32 } },
  final_incorrect_htlc_amount: { code: 19, fields: { incomingHtlcAmt: u64 } },
  channel_disabled: { code: UPDATE | 20, fields: { disabledFlags: u16, channelUpdate } },
  expiry_too_far: { code: 21, fields: {} },
  invalid_onion_payload: { code: PERM | 22, fields: { tlvType: bigSize, offset } },
  mpp_timeout: { code: 23, fields: {} },
  invalid_onion_blinding: { code: INVALID_ONION_BLINDING, fields: { sha256OfOnion } },
  temporary_trampoline_failure: { code: NODE | 25, fields: {} },
  trampoline_fee_or_expiry_insufficient: {
    code: NODE | 26,
    fields: { feeBaseMsat: u32, feeProportionalMillionths: u32, cltvExpiryDelta: u16 },
  },
  unknown_next_trampoline: { code: PERM | 27, fields: {} },
}

interface KnownCodec {
  readonly type: KnownFailure['type']
  readonly code: number
  readonly fields: Codec<object>
}

const KNOWN: readonly KnownCodec[] = (
  Object.entries(DEFINITIONS) as [KnownFailure['type'], Definition<Record<string, unknown>>][]
).map(([type, { code, fields }]) => ({ type, code, fields: struct(fields) as Codec<object> }))
const BY_CODE = new Map(KNOWN.map((known) => [known.code, known]))
const BY_TYPE = new Map(KNOWN.map((known) => [known.type, known]))

/** The failure's number, flags included. */
export const failureCodeOf = (failure: FailureMessage): number =>
  failure.type === 'unknown' ? failure.failureCode : DEFINITIONS[failure.type].code

/** BOLT 4's flags of a failure, for its origin to act upon. */
export const failureFlags = (failure: FailureMessage) => {
  const code = failureCodeOf(failure)
  return {
    badOnion: (code & BADONION) !== 0,
    permanent: (code & PERM) !== 0,
    node: (code & NODE) !== 0,
    update: (code & UPDATE) !== 0,
  }
}

const anyFailure: Codec<FailureMessage> = {
  encode(writer, failure) {
    writer.u16(failureCodeOf(failure))
    if (failure.type === 'unknown') writer.bytes(failure.data)
    else BY_TYPE.get(failure.type)?.fields.encode(writer, failure)
  },
  decode(reader) {
    const known = BY_CODE.get(reader.u16())
    if (known === undefined) {
      reader.fail('invalid-value')
      return { type: 'unknown', failureCode: 0, data: EMPTY }
    }
    const fields = known.fields.decode(reader)
    // BOLT 4: bytes beyond the known fields are ignored.
    if (!reader.failed) restBytes.decode(reader)
    return { type: known.type, ...fields } as FailureMessage
  },
}

/** The code and its data, as they go into a failure onion. */
export const encodeFailure = (failure: FailureMessage): Uint8Array => encodeWith(anyFailure, failure)

/** Reads a code and its data; `undefined` if there is not even a code. */
export const decodeFailure = (bytes: Uint8Array): FailureMessage | undefined => {
  if (bytes.length < 2) return undefined
  const decoded = decodeWith(anyFailure, bytes)
  if (decoded.ok) return decoded.value
  return { type: 'unknown', failureCode: ((bytes[0] as number) << 8) | (bytes[1] as number), data: bytes.slice(2) }
}

/**
 * BOLT 2, `update_fail_malformed_htlc`: the failure to send to the upstream link for one that came from downstream, its data
 * being the onion's hash. `undefined` if the code lacks BADONION, for which the channel has to be failed.
 */
export const failureOfMalformed = (failureCode: number, onionHash: Uint8Array): FailureMessage | undefined => {
  if ((failureCode & BADONION) === 0) return undefined
  return decodeFailure(Uint8Array.of(failureCode >>> 8, failureCode & 0xff, ...onionHash))
}
