import type { RequestOf } from '@fulgurite/plugin-sdk/contract'
import { fromHex } from '../../lib/bytes.ts'
import { err, type Result } from '../../lib/result.ts'
import { type KeysendRequestError, keysendRequest } from '../../payment/send/keysend-request.ts'
import type { PaymentRequest } from '../../payment/send/payment.ts'
import type { Refusal } from '../contract-gateway.ts'
import type { MappingContext } from './context.ts'
import { refusal } from './handlers.ts'

/** What `payments.keysend` comes to. The same key and destination are the same payment. */
export const keysend = (
  { options, signer }: Pick<MappingContext, 'options' | 'signer'>,
  { destination, amountMsat, maxFeeMsat, customRecords = [] }: RequestOf<'payments', 'keysend'>,
  key = '',
): Result<PaymentRequest, Refusal<KeysendRequestError['code']>> => {
  const nodeId = fromHex(destination)
  const request = keysendRequest({
    destination: nodeId,
    amountMsat,
    maxFeeMsat,
    customRecords: customRecords.map(({ type, value }) => ({ type: BigInt(type), value: fromHex(value) })),
    preimage: key === '' ? options.rng.bytes(32) : signer.keysendPreimage(nodeId, key),
    key,
    ourNodeId: signer.nodeId,
  })
  return request.ok ? request : err(keysendRefusal(request.error))
}

const keysendRefusal = (error: KeysendRequestError) => {
  switch (error.code) {
    case 'own-node':
      return refusal('own-node', 'this is the node itself', { field: 'destination' })
    case 'amount-out-of-bounds':
      return refusal('amount-out-of-bounds', 'expected at least 1 msat', { field: 'amountMsat' })
    case 'invalid-records':
      return refusal('invalid-records', error.problem, { field: 'customRecords' })
  }
}
