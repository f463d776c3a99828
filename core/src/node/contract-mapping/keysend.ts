import type { RequestOf } from '@fulgurite/plugin-sdk/contract'
import { fromHex } from '../../lib/bytes.ts'
import { err, type Result } from '../../lib/result.ts'
import { type KeysendRequestError, keysendRequest } from '../../payment/send/keysend-request.ts'
import type { PaymentRequest } from '../../payment/send/payment.ts'
import { hasFeature } from '../../wire/features.ts'
import type { Refusal } from '../contract-gateway.ts'
import type { MappingContext } from './context.ts'
import { refusal } from './handlers.ts'

/** What `payments.keysend` comes to. The same key and destination are the same payment. */
export const keysend = (
  { options, signer }: Pick<MappingContext, 'options' | 'signer'>,
  { destination, amountMsat, maxFeeMsat, customRecords = [], maxParts = 1 }: RequestOf<'payments', 'keysend'>,
  key = '',
): Result<PaymentRequest, Refusal<KeysendRequestError['code']>> => {
  const nodeId = fromHex(destination)
  const request = keysendRequest({
    destination: nodeId,
    amountMsat,
    maxFeeMsat,
    customRecords: customRecords.map(({ type, value }) => ({ type: BigInt(type), value: fromHex(value) })),
    preimage: key === '' ? options.rng.bytes(32) : signer.keysendPreimage(nodeId, key),
    inParts: maxParts > 1,
    key,
    ourNodeId: signer.nodeId,
  })
  return request.ok ? request : err(keysendRefusal(request.error))
}

/** Why a keysend that may come in parts is not begun, if the destination does not show that it takes parts (BOLT 9, basic_mpp). */
export const partsRefusal = (
  { peerDirectory, gossip }: Pick<MappingContext, 'peerDirectory' | 'gossip'>,
  { destination, maxParts = 1 }: RequestOf<'payments', 'keysend'>,
): Refusal<'parts-not-supported'> | undefined => {
  const nodeId = fromHex(destination)
  // A peer has told us itself; of others the network has heard.
  const features = peerDirectory.get(nodeId)?.connection?.remoteFeatures ?? gossip?.featuresOf(nodeId)
  if (maxParts === 1 || (features !== undefined && hasFeature(features, 'basic_mpp'))) return undefined
  return refusal('parts-not-supported', 'the destination does not show that it takes parts (basic_mpp)', {
    field: 'maxParts',
  })
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
