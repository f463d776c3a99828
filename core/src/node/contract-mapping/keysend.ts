import type { RequestOf } from '@fulgurite/plugin-sdk/contract'
import { fromHex } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import { err, type Result } from '../../lib/result.ts'
import { type KeysendRequestError, keysendRequest } from '../../payment/send/keysend-request.ts'
import type { PaymentRequest } from '../../payment/send/payment.ts'
import { hasFeature } from '../../wire/features.ts'
import type { Refusal } from '../contract-gateway.ts'
import type { MappingContext } from './context.ts'
import { refusal } from './handlers.ts'
import { shownFeatures } from './shown-features.ts'

type World = Pick<MappingContext, 'options' | 'signer' | 'peerDirectory' | 'gossip'>

/** What `payments.keysend` comes to. The same key and destination are the same payment. */
export const keysend = (
  world: World,
  { destination, amountMsat, maxFeeMsat, customRecords = [], maxParts = 1 }: RequestOf<'payments', 'keysend'>,
  key = '',
): Result<PaymentRequest, Refusal<KeysendRequestError['code']>> => {
  const nodeId = fromHex(destination)
  const { options, signer } = world
  const request = keysendRequest({
    destination: nodeId,
    amountMsat,
    maxFeeMsat,
    customRecords: customRecords.map(({ type, value }) => ({ type: BigInt(type), value: fromHex(value) })),
    preimage: key === '' ? options.rng.bytes(32) : signer.keysendPreimage(nodeId, key),
    inParts: maxParts > 1 && takesParts(nodeId, world) === true,
    key,
    ourNodeId: signer.nodeId,
  })
  return request.ok ? request : err(keysendRefusal(request.error))
}

/** Why a keysend that may come in parts is not begun, if the destination shows that it takes none. */
export const partsRefusal = (
  world: World,
  { destination, maxParts = 1 }: RequestOf<'payments', 'keysend'>,
): Refusal<'parts-not-supported'> | undefined => {
  if (maxParts === 1 || takesParts(fromHex(destination), world) !== false) return undefined
  return refusal('parts-not-supported', 'the destination shows that it does not take parts (basic_mpp)', {
    field: 'maxParts',
  })
}

/** BOLT 9, basic_mpp. Undefined: nothing is known of it. */
const takesParts = (nodeId: NodeId, world: World): boolean | undefined => {
  const features = shownFeatures(nodeId, world)
  return features && hasFeature(features, 'basic_mpp')
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
