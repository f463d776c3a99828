import type { HtlcOutcome } from '../../channel/index.ts'
import { readAttribution } from '../../onion/attribution-data.ts'
import { failureOfMalformed } from '../../onion/failure-message.ts'
import { decryptFailureOnion, unwrapFailureOnion } from '../../onion/failure-onion.ts'
import type { Attempt, AttemptFailure, PaymentTarget } from './payment.ts'
import { onionFor } from './route.ts'

type Outcome<Type extends HtlcOutcome['type']> = Extract<HtlcOutcome, { readonly type: Type }>

/** What an attempt that has ended shows. */
type Shown = Pick<Attempt, 'attribution'>

/** What came back with the preimage. Whatever it is, the attempt has paid. */
export const readFulfilled = (
  attempt: Attempt,
  target: PaymentTarget,
  { attribution }: Outcome<'fulfilled'>,
  known?: readonly Uint8Array[],
): Shown => {
  if (attribution === undefined) return {}
  const sharedSecrets = known ?? secretsOf(attempt, target)
  return sharedSecrets === undefined ? {} : { attribution: readAttribution(sharedSecrets, attribution) }
}

/** Why an attempt failed, as what came back has it. */
export const readFailed = (
  attempt: Attempt,
  target: PaymentTarget,
  { failure, attribution }: Outcome<'failed'>,
  known?: readonly Uint8Array[],
): Shown & { readonly failure: AttemptFailure } => {
  if (failure.type === 'malformed') {
    const message = failureOfMalformed(failure.failureCode, failure.sha256OfOnion)
    return { failure: message === undefined ? { type: 'unreadable' } : { type: 'remote', hop: 0, message } }
  }
  const sharedSecrets = known ?? secretsOf(attempt, target)
  if (sharedSecrets === undefined) return { failure: { type: 'unreadable' } }
  const { recipient } = target
  const inner = recipient.type === 'trampoline' ? recipient.innerSecrets : []
  const read = decryptFailureOnion([...sharedSecrets, ...inner], failure.reason)
  const failed = { failurePacket: failure.reason, originIndex: read.ok ? read.value.originIndex : undefined }
  const shown: Shown = {
    ...(attribution && { attribution: readAttribution(sharedSecrets, attribution, failed) }),
  }
  if (!read.ok) {
    // lightning/bolts 836, returning errors: what a trampoline node cannot read is for the node before it.
    if (recipient.type !== 'trampoline' || inner.length > 0) return { failure: { type: 'unreadable' }, ...shown }
    return { failure: { type: 'beyond', reason: unwrapFailureOnion(sharedSecrets, failure.reason) }, ...shown }
  }
  const { originIndex: origin, failure: message } = read.value
  // A trampoline node that we told of an inner onion, after those of the route.
  if (origin >= sharedSecrets.length) return { failure: { type: 'remote', hop: origin, message }, ...shown }
  // BOLT 4, failure messages: what fails within a blinded path is told by its first node, and counts against the path. The recipient may be
  // that node, and alone in the path.
  const end = attempt.route.hops.length - 1
  const hop = origin === sharedSecrets.length - 1 ? end : Math.min(origin, end - 1)
  return { failure: { type: 'remote', hop, message }, ...shown }
}

const secretsOf = ({ route, sessionKey }: Attempt, target: PaymentTarget): readonly Uint8Array[] | undefined => {
  const onion = onionFor(route, target, sessionKey)
  return onion.ok ? onion.value.sharedSecrets : undefined
}
