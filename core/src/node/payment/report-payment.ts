import { toHex } from '../../lib/bytes.ts'
import { formatShortChannelId, type NodeId, type ShortChannelId } from '../../lib/ids.ts'
import { HOLD_TIME_UNIT_MS } from '../../onion/attribution-data.ts'
import { brokenHop } from '../../payment/send/lessons.ts'
import {
  type Attempt,
  type AttemptFailure,
  partAmounts,
  payeeOf,
  type RouteHop,
  type SentPayment,
} from '../../payment/send/payment.ts'
import type { Recipient } from '../../payment/send/recipient.ts'
import { triedHops } from '../../payment/send/tried-hops.ts'
import type { EventLog } from '../events/event-log.ts'

/** Tells the event log how a payment of ours ended. */
export const reportPaymentEnded = (log: EventLog, payment: SentPayment): void => {
  const { target, startedAt, endedAt = startedAt } = payment
  const common = {
    paymentHash: toHex(target.paymentHash),
    destination: toHex(payeeOf(target).nodeId),
    parts: describeAttempts(payment, true),
    startedAt: startedAt,
  }
  if (payment.status === 'settled') {
    const { amountMsat, feesMsat } = settledAmounts(payment)
    log.append('payment.sent', { ...common, amountMsat, feesMsat, settledAt: endedAt })
  } else {
    log.append('payment.failed', {
      ...common,
      amountMsat: payeeOf(target).amountMsat,
      failure: describeFailure(payment),
      failedAt: endedAt,
    })
  }
}

/** Tells the event log which parts of a payment have failed since it was as `before`. */
export const reportFailedParts = (log: EventLog, before: SentPayment | undefined, payment: SentPayment): void => {
  const { paymentHash, recipient } = payment.target
  const told = new Set(failedOf(before).map(({ id }) => id))
  for (const attempt of failedOf(payment))
    if (!told.has(attempt.id))
      log.append('payment.part-failed', {
        paymentHash: toHex(paymentHash),
        part: describeAttempt(attempt, recipient, true),
      })
}

const failedOf = (payment: SentPayment | undefined): readonly Attempt[] =>
  payment?.attempts.filter(({ status }) => status === 'failed') ?? []

/** What arrived and what relays charged, of the parts that are settled or, before the end, under way. */
export const settledAmounts = ({
  target,
  attempts,
}: SentPayment): { readonly amountMsat: bigint; readonly feesMsat: bigint } => {
  let amountMsat = 0n
  let feesMsat = 0n
  for (const { status, route } of attempts) {
    if (status === 'failed') continue
    const part = partAmounts(route)
    amountMsat += part.amountMsat
    feesMsat += part.feesMsat
  }
  // A trampoline node keeps what it does not pay on.
  const kept = target.amountMsat - payeeOf(target).amountMsat
  return amountMsat > kept ? { amountMsat: amountMsat - kept, feesMsat: feesMsat + kept } : { amountMsat, feesMsat }
}

/** The attempts as the contract's `SentPart`. */
export const describeAttempts = ({ attempts, target: { recipient } }: SentPayment, isEvent = false) =>
  attempts.map((attempt) => describeAttempt(attempt, recipient, isEvent))

/** In an event only what has failed tells how far it came: of what has arrived nobody asks. */
const describeAttempt = (attempt: Attempt, recipient: Recipient, isEvent: boolean) => {
  const { route, status, startedAt, attribution } = attempt
  const { amountMsat, feesMsat } = partAmounts(route)
  const scid = route.hops[0]?.shortChannelId
  return {
    channelId: toHex(route.channelId),
    ...(scid === undefined ? {} : { shortChannelId: formatShortChannelId(scid) }),
    amountMsat: amountMsat,
    feesMsat: feesMsat,
    route: route.hops.map(({ nodeId }) => toHex(nodeId)),
    ...(isEvent && status !== 'failed' ? {} : { hops: describeHops(attempt, recipient), startedAt }),
    status: status === 'pending' ? ('in-flight' as const) : status,
    ...(attribution === undefined
      ? {}
      : { holdTimesMs: attribution.holdTimes.slice(0, route.hops.length).map((units) => units * HOLD_TIME_UNIT_MS) }),
    ...describeFailedAttempt(attempt, recipient),
  }
}

/** Why an attempt failed, if it did. */
export const describeFailedAttempt = (attempt: Attempt, recipient: Recipient) =>
  attempt.failure === undefined ? {} : { failure: describeAttemptFailure(attempt, recipient, attempt.failure) }

/** What an attempt went over, as the contract's `TriedHop`. */
export const describeHops = (attempt: Attempt, recipient: Recipient) => {
  const outcomes = triedHops(attempt)
  return channelsOf(attempt.route, recipient).map(({ nodeId, shortChannelId, amountMsat, cltvExpiry }, at) => ({
    nodeId: toHex(nodeId),
    ...(shortChannelId === undefined ? {} : { shortChannelId: formatShortChannelId(shortChannelId) }),
    amountMsat,
    cltvExpiry,
    outcome: outcomes[at] ?? 'unknown',
  }))
}

/** Why the whole payment failed, as the contract's `PaymentFailure`. */
export const describeFailure = ({ failure, attempts, target: { recipient } }: SentPayment) => {
  if (failure === undefined) return { code: 'payment-failed' }
  const decisive = attempts.find(({ id }) => id === failure.attempt)
  if (decisive?.failure === undefined) return { code: failure.code }
  return describeAttemptFailure(decisive, recipient, decisive.failure)
}

/** The hops of a route, without what stands for a channel and is none. */
const channelsOf = ({ hops }: Attempt['route'], recipient: Recipient): readonly RouteHop[] =>
  recipient.type === 'blinded' ? hops.with(-1, withoutChannel(hops.at(-1) as RouteHop)) : hops

const withoutChannel = ({ shortChannelId: _, ...hop }: RouteHop): RouteHop => hop

const describeAttemptFailure = (attempt: Attempt, recipient: Recipient, failure: AttemptFailure) => {
  const hops = channelsOf(attempt.route, recipient)
  switch (failure.type) {
    case 'local':
      return { code: failure.error }
    case 'remote': {
      const next = hops[failure.hop + 1]?.shortChannelId
      return { code: failure.message.type.replaceAll('_', '-'), ...erring(hops[failure.hop]?.nodeId, next) }
    }
    case 'unreadable': {
      const broken = hops[brokenHop(attempt) ?? -1]
      return { code: 'unreadable-failure', ...erring(broken?.nodeId, broken?.shortChannelId) }
    }
    case 'beyond':
      return { code: 'unreadable-failure' }
    case 'on-chain':
      return { code: 'timed-out-on-chain' }
  }
}

const erring = (nodeId: NodeId | undefined, shortChannelId: ShortChannelId | undefined) => ({
  ...(nodeId === undefined ? {} : { erringNode: toHex(nodeId) }),
  ...(shortChannelId === undefined ? {} : { erringShortChannelId: formatShortChannelId(shortChannelId) }),
})
