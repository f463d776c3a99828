import { freshKey } from '../../crypto/fresh-key.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import { err, type Result } from '../../lib/result.ts'
import type { PaymentRequest } from '../../payment/send/payment.ts'
import { byTrampoline } from '../../payment/send/trampoline-request.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import { hasFeature } from '../../wire/features.ts'
import type { Refusal } from '../contract-gateway.ts'
import type { MappingContext } from './context.ts'
import { refusal } from './handlers.ts'
import { shownFeatures } from './shown-features.ts'

type World = Pick<MappingContext, 'height' | 'peerDirectory' | 'gossip'> & {
  readonly options: Pick<MappingContext['options'], 'rng'>
}
type NotPossible = Refusal<'trampoline-not-possible'>

const FIELD = { field: 'trampoline' }

const notPossible = (text: string): NotPossible => refusal('trampoline-not-possible', text, FIELD)

/** lightning/bolts 836, a sending node: each hop of the inner onion has to support it. Undefined: the trampoline node says that it does. */
export const trampolineProblem = (
  nodeId: NodeId,
  world: Pick<World, 'peerDirectory' | 'gossip'>,
): NotPossible | undefined => {
  const features = shownFeatures(nodeId, world)
  if (features === undefined) {
    return notPossible('nothing is known of what the trampoline node offers: connect to it, or name another')
  }
  return hasFeature(features, 'trampoline_routing')
    ? undefined
    : notPossible('it is no trampoline node: it does not offer trampoline_routing')
}

/** The same of the payee of an invoice of BOLT 11, by the features that the invoice shows. */
export const payeeProblem = (features: FeatureVector): NotPossible | undefined =>
  hasFeature(features, 'trampoline_routing')
    ? undefined
    : notPossible('the payee does not offer trampoline_routing: pay it directly')

/** The payment by way of a trampoline node. */
export const trampolinePayment = (
  request: PaymentRequest,
  nodeId: NodeId,
  world: World,
): Result<PaymentRequest, NotPossible> => {
  if (equalBytes(request.target.recipient.nodeId, nodeId)) {
    return err(notPossible('the trampoline node is the payee: pay it directly'))
  }
  const problem = trampolineProblem(nodeId, world)
  if (problem !== undefined) return err(problem)
  const { height, options } = world
  const { rng } = options
  const paymentSecret = rng.bytes(32)
  const by = byTrampoline(request, { nodeId, height: height(), sessionKey: freshKey(rng), paymentSecret })
  return by.ok ? by : err(notPossible(`no onion can be made of it: ${by.error.code}`))
}
