import { sha256 } from '../crypto/hashes.ts'
import type { PaymentHash, PrivateKey } from '../lib/ids.ts'
import { err, ok, type Result } from '../lib/result.ts'
import {
  type BlindedHtlc,
  type BlindedPayload,
  type InvalidBlindedPayload,
  isBlindedPayload,
  readBlindedPayload,
} from './blinded-payload.ts'
import { INVALID_ONION_BLINDING } from './failure-codes.ts'
import type { FailureMessage } from './failure-message.ts'
import { decodeHopPayload, type HopPayload } from './hop-payload.ts'
import { blindedPrivateKey } from './route-blinding.ts'
import { type PeeledOnion, peelOnion } from './sphinx.ts'

/** The onion of a received HTLC, opened: outside of a blinded path, or within one. */
export interface PaymentOnion extends Omit<PeeledOnion, 'payload'> {
  readonly payload: HopPayload | BlindedPayload
}

/** An HTLC that is to be given back, and how. */
export type PaymentOnionFault =
  /** By `update_fail_malformed_htlc`. */
  | {
      readonly type: 'malformed'
      readonly sha256OfOnion: Uint8Array
      readonly failureCode: number
      readonly reason?: BlindingFault
    }
  /** By `update_fail_htlc`, encrypted for the origin. */
  | {
      readonly type: 'own'
      readonly failure: FailureMessage
      readonly sharedSecret: Uint8Array
      readonly isFinal: boolean
      readonly reason?: BlindingFault
    }

/** What is wrong within a blinded path. For our own eyes: it is told to nobody. */
type BlindingFault = InvalidBlindedPayload['reason'] | 'invalid-path-key' | 'invalid-onion' | 'payload-not-blinded'

/** Opens the onion of a received HTLC. */
export const readPaymentOnion = (
  packet: Uint8Array,
  paymentHash: PaymentHash,
  htlc: BlindedHtlc,
  nodeKey: PrivateKey,
): Result<PaymentOnion, PaymentOnionFault> => {
  // BOLT 4, failure messages: with a path key in the message, whatever is wrong is `invalid_onion_blinding`, and BOLT 2 has it be malformed.
  const withinPath = (reason: BlindingFault) => {
    const malformed = { sha256OfOnion: sha256(packet), failureCode: INVALID_ONION_BLINDING, reason }
    return err({ type: 'malformed' as const, ...malformed })
  }
  // BOLT 4, route blinding: with a path key, the onion is for our blinded id.
  const isWithin = htlc.pathKey !== undefined
  const privateKey = htlc.pathKey === undefined ? nodeKey : blindedPrivateKey(nodeKey, htlc.pathKey)
  if (privateKey === undefined) return withinPath('invalid-path-key')
  const peeled = peelOnion({ privateKey, packet, associatedData: paymentHash })
  if (!peeled.ok) {
    const { error } = peeled
    if (isWithin) return withinPath('invalid-onion')
    if (error.code !== 'invalid-onion-payload') {
      return err({ type: 'malformed', sha256OfOnion: error.sha256OfOnion, failureCode: error.failureCode })
    }
    const failure = { type: 'invalid_onion_payload', tlvType: 0n, offset: 0 } as const
    return err({ type: 'own', failure, sharedSecret: error.sharedSecret, isFinal: false })
  }
  const { payload: bytes, ...rest } = peeled.value
  const { sharedSecret, isFinal } = rest

  if (isBlindedPayload(bytes)) {
    const payload = readBlindedPayload(bytes, isFinal, htlc, nodeKey)
    if (payload.ok) return ok({ ...rest, payload: payload.value })
    const { reason } = payload.error
    if (isWithin) return withinPath(reason)
    // BOLT 4: the first node of the path says no more than that to the origin.
    const failure = { type: 'invalid_onion_blinding', sha256OfOnion: sha256(packet) } as const
    return err({ type: 'own', failure, sharedSecret, isFinal, reason })
  }
  // BOLT 4, the reader: a path key in the message has to have its data in the payload. A key in the payload alone is an unknown even record.
  if (isWithin) return withinPath('payload-not-blinded')
  const payload = decodeHopPayload(bytes, isFinal)
  if (payload.ok) return ok({ ...rest, payload: payload.value })
  const { tlvType, offset } = payload.error
  return err({ type: 'own', failure: { type: 'invalid_onion_payload', tlvType, offset }, sharedSecret, isFinal })
}
