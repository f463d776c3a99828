import { MAX_CLTV_EXPIRY_DELTA } from '../../graph/paths/path-question.ts'
import { relayFee } from '../../graph/relay-fee.ts'
import { EMPTY } from '../../lib/bytes.ts'
import type { Preimage } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlockDelta, BlockHeight, Msat, Ppm } from '../../lib/units.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import { hasFeature, unknownEvenBits } from '../../wire/features.ts'
import type { RelayedHtlc } from '../relay/relay-protocol.ts'
import type { BlindedRecipient } from '../send/blinded-recipient.ts'
import type { ExpiryWindow } from '../send/expiry-window.ts'
import { type PaymentRequest, partAmounts, type RouteHop, type SentPayment } from '../send/payment.ts'
import { windowOf } from '../send/recipient.ts'
import type { TrampolineRecipient } from '../send/trampoline-recipient.ts'
import type { UpstreamFailure } from '../upstream-failure.ts'
import type {
  ToRecipientPaths,
  TrampolineEnv,
  TrampolineOrder,
  TrampolinePart,
  TrampolinePolicy,
  TrampolineRelayRecord,
} from './trampoline-protocol.ts'

/** BOLT 4, basic multi-part payments: so long may parts wait for each other at the next node, and so long further attempts are made. */
const ATTEMPTS_MS = 60_000

/**
 * The payment that takes on what has come in. It may cost what came in, less our own fee and what is to arrive; and its HTLCs expire before
 * ours do, by the blocks that the operator asks for.
 */
export const onwardPayment = (
  parts: readonly TrampolinePart[],
  env: TrampolineEnv,
): Result<PaymentRequest, FailureMessage> => {
  const { paymentHash, order } = parts[0] as TrampolinePart
  const { policy, height, now, minCltvExpiryDelta } = env
  if (policy === undefined) return err({ type: 'temporary_trampoline_failure' })
  const { amountMsat, cltvExpiry } = order
  const budgetMsat = sumOf(parts) - amountMsat - relayFee(policy, amountMsat)
  const latestExpiry = earliestOf(parts) - policy.cltvExpiryDelta
  const recipient = recipientOf(order, { finalExpiry: cltvExpiry, latestExpiry }, env)
  if (recipient === undefined) return err({ type: 'unknown_next_trampoline' })
  // Ours expires no earlier: a path asks for blocks besides those of its recipient.
  const leastExpiry = cltvExpiry + leastDelta(recipient)
  // lightning/bolts 836, failure messages.
  const isTooSoon = leastExpiry > latestExpiry || leastExpiry < height + minCltvExpiryDelta
  if (amountMsat <= 0n || budgetMsat < 0n || isTooSoon)
    return err(insufficient(policy, { cltvExpiryDelta: policy.cltvExpiryDelta + leastDelta(recipient) }))
  // A trampoline node joins parts, as it has to; a recipient that the sender says nothing of gets one.
  const multiPart = order.type === 'node' || hasFeature(order.features ?? EMPTY, 'basic_mpp')
  return ok({
    target: { recipient, paymentHash, amountMsat, multiPart, expiresAt: now + ATTEMPTS_MS },
    maxFeeMsat: budgetMsat,
    key: '',
  })
}

const leastDelta = (recipient: BlindedRecipient | TrampolineRecipient): BlockDelta =>
  recipient.type === 'blinded' ? Math.min(...recipient.paths.map(({ cltvExpiryDelta }) => cltvExpiryDelta)) : 0

/** Undefined: there is no way that we could take. */
const recipientOf = (
  order: TrampolineOrder,
  window: ExpiryWindow,
  env: TrampolineEnv,
): BlindedRecipient | TrampolineRecipient | undefined => {
  if (order.type === 'paths') return pathsRecipient(order, window, env)
  const { nextNodeId: nodeId, nextOnion: trampolineOnion } = order
  const asked = { minFinalCltvExpiryDelta: 0, routeHints: [], innerSecrets: [] }
  return { type: 'trampoline', nodeId, paymentSecret: env.paymentSecret(), trampolineOnion, ...window, ...asked }
}

/** lightning/bolts 836: the payment goes on by the recipient's paths, of which it has one at least. It is named by the end of the first. */
const pathsRecipient = (
  { paths }: ToRecipientPaths,
  expires: ExpiryWindow,
  { recipientPaths }: TrampolineEnv,
): BlindedRecipient | undefined => {
  // BOLT 12, the reader of an invoice: a path that asks for what we do not know is not used.
  const usable = recipientPaths(paths.filter(({ payinfo }) => unknownEvenBits(payinfo.features).length === 0))
  const nodeId = usable[0]?.path.at(-1)?.blindedNodeId
  return nodeId === undefined ? undefined : { type: 'blinded', nodeId, paths: usable, expires }
}

/** The row of a relay that begins. */
export const beginRecord = (parts: readonly TrampolinePart[], payment: SentPayment): TrampolineRelayRecord => ({
  paymentHash: payment.target.paymentHash,
  incoming: parts.map(({ channelId, htlcId, amountMsat, cltvExpiry }) => ({
    channelId,
    htlcId,
    amountMsat,
    cltvExpiry,
  })),
  payment,
  paid: [],
})

/** How all that came in is to be settled. */
export type TrampolineEnding =
  | { readonly type: 'fulfil'; readonly preimage: Preimage }
  | { readonly type: 'fail'; readonly failure: UpstreamFailure }

/**
 * What came in is fulfilled as soon as the preimage is known, though parts may still be out. It is given back only once nothing is out, and
 * nothing more will be sent: until then a part may still be taken. Undefined: it is to be held.
 */
export const endingOf = (
  record: TrampolineRelayRecord,
  policy: TrampolinePolicy | undefined,
): TrampolineEnding | undefined => {
  const { payment } = record
  if (payment.preimage !== undefined) return { type: 'fulfil', preimage: payment.preimage }
  if (payment.endedAt === undefined) return undefined
  return { type: 'fail', failure: failureFor(record, policy) }
}

/** lightning/bolts 836, returning errors: what a payment that has failed is told the sender by. */
export const failureFor = (
  { payment, incoming }: TrampolineRelayRecord,
  policy: TrampolinePolicy | undefined,
): UpstreamFailure => {
  const { failure, attempts, target } = payment
  const decisive = attempts.find(({ id }) => id === failure?.attempt)?.failure
  // Of the next trampoline node, or one after it: not ours to read.
  if (decisive?.type === 'beyond') return { type: 'downstream', reason: decisive.reason }
  if (failure?.code === 'no-route' && attempts.length === 0)
    return { type: 'own', failure: { type: 'unknown_next_trampoline' } }
  const lacksFee = failure?.code === 'fee-limit-exceeded'
  const lacksBlocks = failure?.code === 'expiry-too-far'
  if (!(lacksFee || lacksBlocks) || policy === undefined)
    return { type: 'own', failure: { type: 'temporary_trampoline_failure' } }
  // How much more it would take is not known: the sender may try with twice what it offered, and is to offer no less of the other.
  const fee = ((sumOf(incoming) - target.amountMsat) * 1_000_000n) / target.amountMsat
  const blocks = earliestOf(incoming) - (windowOf(target.recipient)?.finalExpiry ?? 0)
  const asked = {
    feeProportionalMillionths: Number(fee) * (lacksFee ? 2 : 1),
    cltvExpiryDelta: Math.min(blocks * (lacksBlocks ? 2 : 1), MAX_CLTV_EXPIRY_DELTA),
  }
  return { type: 'own', failure: insufficient(policy, asked) }
}

const MOST = 0xffff_ffff

/** What we ask for ourselves at least, and what it takes besides. */
const insufficient = (
  { feeBaseMsat, ...own }: TrampolinePolicy,
  { feeProportionalMillionths = 0, cltvExpiryDelta }: { feeProportionalMillionths?: Ppm; cltvExpiryDelta: BlockDelta },
): FailureMessage => ({
  type: 'trampoline_fee_or_expiry_insufficient',
  feeBaseMsat: Number(feeBaseMsat),
  feeProportionalMillionths: Math.min(Math.max(own.feeProportionalMillionths, feeProportionalMillionths), MOST),
  cltvExpiryDelta: Math.max(own.cltvExpiryDelta, cltvExpiryDelta),
})

/** What we have earned, once what came in is ours: that, less what went out and was taken, or may still be. */
export const earnedMsat = ({ incoming, payment }: TrampolineRelayRecord): Msat =>
  payment.attempts.reduce((left, { status, route }) => {
    const { amountMsat, feesMsat } = partAmounts(route)
    return status === 'failed' ? left : left - amountMsat - feesMsat
  }, sumOf(incoming))

/** The outgoing HTLCs of attempts that were taken, as far as their ids are known. */
export const outgoingOf = ({ payment, paid }: TrampolineRelayRecord): readonly RelayedHtlc[] =>
  payment.attempts.flatMap(({ id, status, route }) => {
    const htlcId = paid.find(({ attempt }) => attempt === id)?.htlcId
    if (status !== 'settled' || htlcId === undefined) return []
    const { amountMsat, cltvExpiry } = route.hops[0] as RouteHop
    return [{ channelId: route.channelId, htlcId, amountMsat, cltvExpiry }]
  })

const sumOf = (htlcs: readonly { readonly amountMsat: Msat }[]): Msat =>
  htlcs.reduce((sum, { amountMsat }) => sum + amountMsat, 0n)

const earliestOf = (htlcs: readonly { readonly cltvExpiry: BlockHeight }[]): BlockHeight =>
  Math.min(...htlcs.map(({ cltvExpiry }) => cltvExpiry))
