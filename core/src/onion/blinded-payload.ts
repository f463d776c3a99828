import type { NodeId, PrivateKey, PublicKey } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { BlockHeight, Msat } from '../lib/units.ts'
import { decodeWith, encodeWith } from '../wire/codec/codec.ts'
import { restBytes, tu32, tu64 } from '../wire/codec/primitives.ts'
import { tlv, tlvStream } from '../wire/codec/tlv-stream.ts'
import type { WithUnknownTlvs } from '../wire/tlv-record.ts'
import { forwardedAmount } from './blinded-fees.ts'
import { type BlindedPath, curvePoint } from './blinded-path.ts'
import { type EncryptedData, type NextNode, nextNodeOf } from './encrypted-data.ts'
import { unblind } from './route-blinding.ts'
import type { OnionHop } from './sphinx.ts'

/** What a payment's onion tells a node of a blinded path, read together with what the recipient tells it. */
export type BlindedPayload = BlindedRelayPayload | BlindedFinalPayload

/** The amount and expiry to relay follow from the recipient's terms: the origin does not know them. */
export interface BlindedRelayPayload {
  readonly type: 'blinded-relay'
  readonly amtToForward: Msat
  readonly outgoingCltvValue: BlockHeight
  readonly next: NextNode
  /** Goes with the next `update_add_htlc`. */
  readonly nextPathKey: PublicKey
}

export interface BlindedFinalPayload {
  readonly type: 'blinded-final'
  /** Of this HTLC. */
  readonly amtToForward: Msat
  readonly outgoingCltvValue: BlockHeight
  /** Of all the HTLCs of the payment. */
  readonly totalMsat: Msat
  /** BOLT 4: the HTLC is ours only if this is what we put into the path that the payment was to take. */
  readonly pathId?: Uint8Array
}

/** Why a payment is not taken within a blinded path. For our own eyes: what is told is the same for all (BOLT 4, `invalid_onion_blinding`). */
export interface InvalidBlindedPayload {
  readonly code: 'invalid-blinded-payload'
  readonly reason:
    | 'malformed-payload'
    | 'path-key-twice'
    | 'no-path-key'
    | 'unreadable-recipient-data'
    | 'route-expired'
    | 'amount-below-minimum'
    | 'unknown-feature'
    | 'two-next-nodes'
    | 'other-records'
    | 'missing-records'
    | 'amount-below-payload'
    | 'expiry-below-payload'
    | 'fee-insufficient'
    | 'expiry-too-soon'
}

interface Records extends WithUnknownTlvs {
  readonly amtToForward?: Msat
  readonly outgoingCltvValue?: BlockHeight
  readonly encryptedRecipientData?: Uint8Array
  readonly currentPathKey?: PublicKey
  readonly totalAmountMsat?: Msat
}

const ENCRYPTED_RECIPIENT_DATA = 10n

const records = tlvStream<Records>({
  amtToForward: tlv(2, tu64),
  outgoingCltvValue: tlv(4, tu32),
  encryptedRecipientData: tlv(ENCRYPTED_RECIPIENT_DATA, restBytes),
  currentPathKey: tlv(12, curvePoint),
  totalAmountMsat: tlv(18, tu64),
})

const anyRecords = tlvStream<WithUnknownTlvs>({}, () => true)

/** Whether the payload is for a node of a blinded path; what is no stream of records is not. */
export const isBlindedPayload = (payload: Uint8Array): boolean => {
  const decoded = decodeWith(anyRecords, payload)
  return decoded.ok && decoded.value.unknownTlvs?.some(({ type }) => type === ENCRYPTED_RECIPIENT_DATA) === true
}

/** What an HTLC brings besides its onion. */
export interface BlindedHtlc {
  readonly amountMsat: Msat
  readonly cltvExpiry: BlockHeight
  /** The record of `update_add_htlc`; the node that a path begins at has the key in its payload instead. */
  readonly pathKey?: PublicKey | undefined
}

/** Reads the payload, and holds the HTLC against what the recipient and the origin ask for. */
export const readBlindedPayload = (
  payload: Uint8Array,
  isFinal: boolean,
  htlc: BlindedHtlc,
  nodeKey: PrivateKey,
): Result<BlindedPayload, InvalidBlindedPayload> => {
  const decoded = decodeWith(records, payload)
  if (!decoded.ok) return invalid('malformed-payload')
  const { encryptedRecipientData, currentPathKey, ...said } = decoded.value
  // BOLT 4, the reader: the key comes with the message or, at the first node, in the payload, and not by both ways.
  if (htlc.pathKey !== undefined && currentPathKey !== undefined) return invalid('path-key-twice')
  const pathKey = htlc.pathKey ?? currentPathKey
  if (pathKey === undefined) return invalid('no-path-key')
  if (encryptedRecipientData === undefined) return invalid('missing-records')
  const unblinded = unblind(nodeKey, pathKey, encryptedRecipientData)
  if (!unblinded.ok) return invalid('unreadable-recipient-data')
  const { data, nextPathKey } = unblinded.value
  const refused = refusalOf(data, htlc)
  if (refused !== undefined) return invalid(refused)
  return isFinal ? finalPayload(said, data, htlc) : relayPayload(said, data, htlc, nextPathKey)
}

const invalid = (reason: InvalidBlindedPayload['reason']) => err({ code: 'invalid-blinded-payload' as const, reason })

/** What BOLT 4 has every node of the path check. */
const refusalOf = (data: EncryptedData, htlc: BlindedHtlc): InvalidBlindedPayload['reason'] | undefined => {
  const { paymentConstraints: constraints, allowedFeatures, shortChannelId, nextNodeId } = data
  // BOLT 4, `payment_constraints`: the path is used too late, or for too little.
  if (constraints !== undefined && htlc.cltvExpiry > constraints.maxCltvExpiry) return 'route-expired'
  if (constraints !== undefined && htlc.amountMsat < constraints.htlcMinimumMsat) return 'amount-below-minimum'
  // BOLT 4, `allowed_features`: no feature is defined for blinded payments, so that each bit, odd ones too, is unknown. A payment can use none.
  if (allowedFeatures?.some((byte) => byte !== 0) === true) return 'unknown-feature'
  return shortChannelId !== undefined && nextNodeId !== undefined ? 'two-next-nodes' : undefined
}

const relayPayload = (
  said: Records,
  data: EncryptedData,
  { amountMsat, cltvExpiry }: BlindedHtlc,
  nextPathKey: PublicKey,
): Result<BlindedRelayPayload, InvalidBlindedPayload> => {
  // BOLT 4, not the final node: the origin says nothing beside the recipient's data.
  if (Object.keys(said).length > 0) return invalid('other-records')
  const { paymentRelay } = data
  const next = nextNodeOf(data)
  if (next === undefined || paymentRelay === undefined) return invalid('missing-records')
  const amtToForward = forwardedAmount(paymentRelay, amountMsat)
  if (amtToForward === undefined) return invalid('fee-insufficient')
  const outgoingCltvValue = cltvExpiry - paymentRelay.cltvExpiryDelta
  if (outgoingCltvValue < 0) return invalid('expiry-too-soon')
  return ok({ type: 'blinded-relay', amtToForward, outgoingCltvValue, next, nextPathKey })
}

const finalPayload = (
  { amtToForward, outgoingCltvValue, totalAmountMsat, unknownTlvs }: Records,
  { pathId }: EncryptedData,
  { amountMsat, cltvExpiry }: BlindedHtlc,
): Result<BlindedFinalPayload, InvalidBlindedPayload> => {
  // BOLT 4, the final node: three records beside the recipient's data, all of them, and no other.
  if (unknownTlvs !== undefined) return invalid('other-records')
  if (amtToForward === undefined || outgoingCltvValue === undefined || totalAmountMsat === undefined) {
    return invalid('missing-records')
  }
  if (amountMsat < amtToForward) return invalid('amount-below-payload')
  if (cltvExpiry < outgoingCltvValue) return invalid('expiry-below-payload')
  return ok({
    type: 'blinded-final',
    amtToForward,
    outgoingCltvValue,
    totalMsat: totalAmountMsat,
    ...(pathId === undefined ? {} : { pathId }),
  })
}

/** What the recipient of a payment over a blinded path is told by the origin. */
export interface BlindedPaymentPart {
  readonly amtToForward: Msat
  readonly outgoingCltvValue: BlockHeight
  readonly totalAmountMsat: Msat
}

/**
 * The hops of a payment's onion along a blinded path. BOLT 4: the first is for the node itself, which is told the path key; the others are
 * for blinded ids.
 */
export const blindedHops = (
  { firstPathKey, path }: Pick<BlindedPath, 'firstPathKey' | 'path'>,
  firstNodeId: NodeId,
  part: BlindedPaymentPart,
): readonly OnionHop[] =>
  path.map(({ blindedNodeId, encryptedRecipientData }, at) => ({
    nodeId: at === 0 ? firstNodeId : blindedNodeId,
    payload: encodeWith(records, {
      ...(at === path.length - 1 ? part : {}),
      encryptedRecipientData,
      ...(at === 0 ? { currentPathKey: firstPathKey } : {}),
    }),
  }))
