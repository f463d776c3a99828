import type { NodeId } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { BlockHeight, Msat } from '../lib/units.ts'
import { decodeWith, encodeWith } from '../wire/codec/codec.ts'
import { restList, struct } from '../wire/codec/combinators.ts'
import { bytes32, restBytes, tu32, tu64 } from '../wire/codec/primitives.ts'
import { tlv, tlvStream } from '../wire/codec/tlv-stream.ts'
import type { FeatureVector } from '../wire/feature-vector.ts'
import type { TlvRecord, WithUnknownTlvs } from '../wire/tlv-record.ts'
import { curvePoint } from './blinded-path.ts'
import { type PaymentBlindedPath, paymentBlindedPath } from './blinded-payinfo.ts'
import type { PaymentData } from './hop-payload.ts'

// lightning/bolts 836, payload format: what the inner onion tells a trampoline node. Payloads of blinded nodes (`isBlindedPayload`) are read
// by `blinded-payload.ts`.

export type TrampolinePayload = TrampolineRelayPayload | ToBlindedPathsPayload | TrampolineFinalPayload

interface Amounts {
  /** All parts together. */
  readonly amtToForward: Msat
  readonly outgoingCltvValue: BlockHeight
  /** Odd records that are not defined, in increasing order; absent when there are none. */
  readonly unknownTlvs?: readonly TlvRecord[]
}

/** To be relayed to another trampoline node, which gets the rest of the inner onion. */
export interface TrampolineRelayPayload extends Amounts {
  readonly type: 'trampoline-relay'
  readonly nextNodeId: NodeId
}

/** To be relayed to a recipient that knows nothing of trampoline: we are the last who do. */
export interface ToBlindedPathsPayload extends Amounts {
  readonly type: 'to-blinded-paths'
  /** At least one. */
  readonly paths: readonly PaymentBlindedPath[]
  /** Of the recipient's invoice; absent if the sender kept them to itself. */
  readonly features?: FeatureVector
}

/** For the recipient. */
export interface TrampolineFinalPayload extends Amounts {
  readonly type: 'trampoline-final'
  /** The invoice's. */
  readonly paymentData?: PaymentData
  readonly paymentMetadata?: Uint8Array
}

interface Records extends WithUnknownTlvs {
  readonly amtToForward?: Msat
  readonly outgoingCltvValue?: BlockHeight
  readonly paymentData?: PaymentData
  readonly nextNodeId?: NodeId
  readonly paymentMetadata?: Uint8Array
  readonly features?: FeatureVector
  readonly paths?: readonly PaymentBlindedPath[]
}

const records = tlvStream<Records>({
  amtToForward: tlv(2, tu64),
  outgoingCltvValue: tlv(4, tu32),
  paymentData: tlv(8, struct<PaymentData>({ paymentSecret: bytes32, totalMsat: tu64 })),
  nextNodeId: tlv(14, curvePoint),
  paymentMetadata: tlv(16, restBytes),
  features: tlv(21, restBytes),
  paths: tlv(22, restList(paymentBlindedPath)),
})

/** The payload's records, without the length that the onion puts before them. */
export const encodeTrampolinePayload = ({ type: _, ...payload }: TrampolinePayload): Uint8Array =>
  encodeWith(records, payload)

/** Reads our payload out of a peeled inner onion. */
export const decodeTrampolinePayload = (
  payload: Uint8Array,
  isFinal: boolean,
): Result<TrampolinePayload, { readonly code: 'invalid-trampoline-payload' }> => {
  const decoded = decodeWith(records, payload)
  if (!decoded.ok) return INVALID
  const { amtToForward, outgoingCltvValue, nextNodeId, features, paths, ...final } = decoded.value
  const { unknownTlvs } = final
  // 836: amount and expiry are required of every hop.
  if (amtToForward === undefined || outgoingCltvValue === undefined) return INVALID
  const amounts = { amtToForward, outgoingCltvValue, ...(unknownTlvs && { unknownTlvs }) }
  // 836: the last trampoline node is the recipient, or is given paths; any other is given the next node.
  if (isFinal && paths !== undefined) {
    if (paths.length === 0 || nextNodeId !== undefined) return INVALID
    return ok({ type: 'to-blinded-paths', ...amounts, paths, ...(features && { features }) })
  }
  if (paths !== undefined || isFinal !== (nextNodeId === undefined)) return INVALID
  if (nextNodeId !== undefined) return ok({ type: 'trampoline-relay', ...amounts, nextNodeId })
  return ok({ type: 'trampoline-final', amtToForward, outgoingCltvValue, ...final })
}

const INVALID = err({ code: 'invalid-trampoline-payload' as const })
