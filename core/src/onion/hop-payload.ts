import type { Preimage, PublicKey, ShortChannelId } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { BlockHeight, Msat } from '../lib/units.ts'
import { decodeWith, encodeWith } from '../wire/codec/codec.ts'
import { struct } from '../wire/codec/combinators.ts'
import { bigSize, bytes32, restBytes, tu32, tu64, u64 } from '../wire/codec/primitives.ts'
import { Reader } from '../wire/codec/reader.ts'
import { tlv, tlvStream } from '../wire/codec/tlv-stream.ts'
import type { TlvRecord, WithUnknownTlvs } from '../wire/tlv-record.ts'
import { curvePoint } from './blinded-path.ts'
import type { NextNode } from './encrypted-data.ts'

/** What the origin tells a hop. */
export type HopPayload = RelayPayload | FinalPayload | TrampolineEntryPayload

/** For a hop that relays. */
export interface RelayPayload {
  readonly type: 'relay'
  readonly amtToForward: Msat
  readonly outgoingCltvValue: BlockHeight
  readonly next: NextHop
  /** Odd records that BOLT 4 does not define, in increasing order; absent when there are none. */
  readonly unknownTlvs?: readonly TlvRecord[]
}

/** Whom to relay to, of what there may be: outside a blinded path a hop is told a channel. */
type NextHop = Extract<NextNode, { readonly type: 'channel' }>

/** For the payee. */
export interface FinalPayload {
  readonly type: 'final'
  /** Of this HTLC. */
  readonly amtToForward: Msat
  readonly outgoingCltvValue: BlockHeight
  readonly paymentData?: PaymentData
  readonly paymentMetadata?: Uint8Array
  /** bLIP 3, keysend: what the payer chose, for a payment that nobody has asked for. It proves nothing, and is theirs to hash rightly. */
  readonly keysendPreimage?: Preimage
  /** Odd records that BOLT 4 does not define, in increasing order; absent when there are none. */
  readonly unknownTlvs?: readonly TlvRecord[]
}

/** For the last node of this onion, which finds another onion in it: that one says what is asked of the node (lightning/bolts 836). */
export interface TrampolineEntryPayload {
  readonly type: 'trampoline-entry'
  /** Of this HTLC. */
  readonly amtToForward: Msat
  readonly outgoingCltvValue: BlockHeight
  /** What the parts that reach this node have in common; absent where there is one. */
  readonly paymentData?: PaymentData
  /** Of any length. */
  readonly trampolineOnion: Uint8Array
  /** Within a blinded path of trampoline nodes, from the second node on: the inner onion is for the blinded id. */
  readonly currentPathKey?: PublicKey
  readonly unknownTlvs?: readonly TlvRecord[]
}

export interface PaymentData {
  /** The invoice's. */
  readonly paymentSecret: Uint8Array
  /** Of all the HTLCs of the payment. */
  readonly totalMsat: Msat
}

/** BOLT 4, `invalid_onion_payload`: which record is at fault and where it begins, both 0 when that is not known. */
export interface InvalidHopPayload {
  readonly code: 'invalid-onion-payload'
  readonly tlvType: bigint
  readonly offset: number
}

interface PayloadRecords extends WithUnknownTlvs {
  readonly amtToForward?: Msat
  readonly outgoingCltvValue?: BlockHeight
  readonly shortChannelId?: ShortChannelId
  readonly paymentData?: PaymentData
  readonly currentPathKey?: PublicKey
  readonly paymentMetadata?: Uint8Array
  readonly trampolineOnion?: Uint8Array
  readonly keysendPreimage?: Preimage
}

// The records of blinded paths (10, 12, 18) are read by `blinded-payload.ts`; here they are unknown, even, and fail. A path key beside a
// trampoline onion is for that one.
const TYPES = {
  amtToForward: 2,
  outgoingCltvValue: 4,
  shortChannelId: 6,
  paymentData: 8,
  currentPathKey: 12,
  paymentMetadata: 16,
  trampolineOnion: 20,
  keysendPreimage: 5_482_373_484,
} as const

const payloadCodec = tlvStream<PayloadRecords>({
  amtToForward: tlv(TYPES.amtToForward, tu64),
  outgoingCltvValue: tlv(TYPES.outgoingCltvValue, tu32),
  shortChannelId: tlv(TYPES.shortChannelId, u64),
  paymentData: tlv(TYPES.paymentData, struct<PaymentData>({ paymentSecret: bytes32, totalMsat: tu64 })),
  currentPathKey: tlv(TYPES.currentPathKey, curvePoint),
  paymentMetadata: tlv(TYPES.paymentMetadata, restBytes),
  trampolineOnion: tlv(TYPES.trampolineOnion, restBytes),
  keysendPreimage: tlv(TYPES.keysendPreimage, bytes32),
})

/** The payload's records, without the length that the onion puts before them. */
export const encodeHopPayload = (payload: HopPayload): Uint8Array => encodeWith(payloadCodec, recordsOf(payload))

const recordsOf = (payload: HopPayload): PayloadRecords => {
  if (payload.type !== 'relay') return payload
  const { next, ...records } = payload
  return { ...records, shortChannelId: next.shortChannelId }
}

/** Reads our payload out of a peeled onion. */
export const decodeHopPayload = (payload: Uint8Array, isFinal: boolean): Result<HopPayload, InvalidHopPayload> => {
  const decoded = decodeWith(payloadCodec, payload)
  if (!decoded.ok) return err(culprit(payload, decoded.error.path))
  const { amtToForward, outgoingCltvValue, shortChannelId, unknownTlvs } = decoded.value
  const { paymentData, paymentMetadata, keysendPreimage, trampolineOnion, currentPathKey } = decoded.value
  const others = unknownTlvs === undefined ? undefined : { unknownTlvs }
  // BOLT 4, payload format: both are required of every hop outside a blinded route.
  if (amtToForward === undefined) return err(missing('amtToForward'))
  if (outgoingCltvValue === undefined) return err(missing('outgoingCltvValue'))
  if (trampolineOnion === undefined && currentPathKey !== undefined) return err(culprit(payload, 'currentPathKey'))
  if (!isFinal) {
    // A relay has no use for these: as for any other even record that it does not know.
    if (trampolineOnion !== undefined) return err(culprit(payload, 'trampolineOnion'))
    if (keysendPreimage !== undefined) return err(culprit(payload, 'keysendPreimage'))
    if (shortChannelId === undefined) return err(missing('shortChannelId'))
    return ok({
      type: 'relay',
      amtToForward,
      outgoingCltvValue,
      next: { type: 'channel', shortChannelId },
      ...others,
    })
  }
  if (trampolineOnion !== undefined) {
    return ok({
      type: 'trampoline-entry',
      amtToForward,
      outgoingCltvValue,
      ...(paymentData === undefined ? undefined : { paymentData }),
      trampolineOnion,
      ...(currentPathKey === undefined ? undefined : { currentPathKey }),
      ...others,
    })
  }
  return ok({
    type: 'final',
    amtToForward,
    outgoingCltvValue,
    ...(paymentData === undefined ? undefined : { paymentData }),
    ...(paymentMetadata === undefined ? undefined : { paymentMetadata }),
    ...(keysendPreimage === undefined ? undefined : { keysendPreimage }),
    ...others,
  })
}

const missing = (name: keyof typeof TYPES): InvalidHopPayload => ({
  code: 'invalid-onion-payload',
  tlvType: BigInt(TYPES[name]),
  offset: 0,
})

/** Finds the record that a decoding error's path names. */
const culprit = (payload: Uint8Array, path: string): InvalidHopPayload => {
  const [name = ''] = path.split('.')
  const unknown = /^tlv\[(\d+)\]$/.exec(name)?.[1]
  const known: Readonly<Record<string, number>> = TYPES
  const tlvType = unknown === undefined ? BigInt(known[name] ?? 0) : BigInt(unknown)
  const reader = new Reader(payload)
  while (reader.remaining > 0 && !reader.failed) {
    const { offset } = reader
    if (bigSize.decode(reader) === tlvType && !reader.failed) return { code: 'invalid-onion-payload', tlvType, offset }
    reader.take(Number(bigSize.decode(reader)))
  }
  return { code: 'invalid-onion-payload', tlvType: 0n, offset: 0 }
}
