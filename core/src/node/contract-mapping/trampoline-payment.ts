import { freshKey } from '../../crypto/fresh-key.ts'
import type { Invoice } from '../../invoice/invoice.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import { err, type Result } from '../../lib/result.ts'
import type { Rng } from '../../lib/rng.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { PaymentRequest } from '../../payment/send/payment.ts'
import { byTrampoline } from '../../payment/send/trampoline-request.ts'
import { hasFeature } from '../../wire/features.ts'
import type { Refusal } from '../contract-gateway.ts'
import { refusal } from './handlers.ts'

/** The payment of an invoice by way of a trampoline node. */
export const trampolinePayment = (
  { features }: Invoice,
  request: PaymentRequest,
  nodeId: NodeId,
  { rng, height }: { readonly rng: Rng; readonly height: () => BlockHeight },
): Result<PaymentRequest, Refusal<'trampoline-not-possible'>> => {
  const field = { field: 'trampoline' }
  // lightning/bolts 836: a payee that does not understand it cannot be paid by it.
  if (!hasFeature(features, 'trampoline_routing')) {
    return err(
      refusal('trampoline-not-possible', 'the payee does not offer trampoline_routing: pay it directly', field),
    )
  }
  if (equalBytes(request.target.recipient.nodeId, nodeId)) {
    return err(refusal('trampoline-not-possible', 'the trampoline node is the payee: pay it directly', field))
  }
  const paymentSecret = rng.bytes(32)
  const by = byTrampoline(request, { nodeId, height: height(), sessionKey: freshKey(rng), paymentSecret })
  return by.ok ? by : err(refusal('trampoline-not-possible', `no onion can be made of it: ${by.error.code}`, field))
}
