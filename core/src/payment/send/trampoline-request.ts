import { MAX_CLTV_EXPIRY_DELTA } from '../../graph/paths/path-question.ts'
import type { NodeId, PrivateKey } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { CreateOnionFailure } from '../../onion/sphinx.ts'
import { createTrampolineOnion } from '../../onion/trampoline-onion.ts'
import { encodeTrampolinePayload } from '../../onion/trampoline-payload.ts'
import type { PaymentRequest } from './payment.ts'
import { FINAL_CLTV_MARGIN } from './route.ts'

/** Blocks that a trampoline node gets for its way, and for its own safety: what the field's wallets give. */
const TRAMPOLINE_CLTV_DELTA = 576

export interface TrampolineOptions {
  readonly nodeId: NodeId
  readonly height: BlockHeight
  /** Fresh: of the inner onion alone. */
  readonly sessionKey: PrivateKey
  /** 32 fresh random bytes, which join the parts that reach the trampoline node: it must not learn the invoice's. */
  readonly paymentSecret: Uint8Array
}

export type TrampolineRequestError =
  /** lightning/bolts 836: the payee has to understand it, or to be paid over blinded paths. */
  { readonly code: 'recipient-not-supported' } | CreateOnionFailure

/** The same payment by a trampoline node, which finds the way to the payee. Half of the fees that are allowed are for it. */
export const byTrampoline = (
  request: PaymentRequest,
  { nodeId, height, sessionKey, paymentSecret }: TrampolineOptions,
): Result<PaymentRequest, TrampolineRequestError> => {
  const { target, maxFeeMsat } = request
  const { recipient, paymentHash, amountMsat } = target
  if (recipient.type !== 'node' || recipient.paymentSecret === undefined)
    return err({ code: 'recipient-not-supported' })
  const outgoingCltvValue = height + recipient.minFinalCltvExpiryDelta + FINAL_CLTV_MARGIN
  const amounts = { amtToForward: amountMsat, outgoingCltvValue }
  const paymentData = { paymentSecret: recipient.paymentSecret, totalMsat: amountMsat }
  const { paymentMetadata } = recipient
  const payloads = [
    {
      nodeId,
      payload: encodeTrampolinePayload({ type: 'trampoline-relay', ...amounts, nextNodeId: recipient.nodeId }),
    },
    {
      nodeId: recipient.nodeId,
      payload: encodeTrampolinePayload({
        type: 'trampoline-final',
        ...amounts,
        paymentData,
        ...(paymentMetadata && { paymentMetadata }),
      }),
    },
  ]
  const onion = createTrampolineOnion({ sessionKey, hops: payloads, paymentHash })
  if (!onion.ok) return onion
  const feeMsat = maxFeeMsat / 2n
  return ok({
    ...request,
    target: {
      ...target,
      recipient: {
        type: 'trampoline',
        nodeId,
        paymentSecret,
        trampolineOnion: onion.value.packet,
        innerSecrets: onion.value.sharedSecrets,
        payee: { nodeId: recipient.nodeId, amountMsat },
        finalExpiry: outgoingCltvValue + TRAMPOLINE_CLTV_DELTA,
        latestExpiry: height + MAX_CLTV_EXPIRY_DELTA,
        minFinalCltvExpiryDelta: recipient.minFinalCltvExpiryDelta,
        routeHints: [],
      },
      amountMsat: amountMsat + feeMsat,
      multiPart: true,
    },
    maxFeeMsat: maxFeeMsat - feeMsat,
  })
}
