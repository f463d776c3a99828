import type { RouteHintHop } from '../../invoice/invoice.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { Result } from '../../lib/result.ts'
import { decodeFailure, encodeFailure, type FailureMessage } from '../../onion/failure-message.ts'
import { type Codec, decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import {
  count,
  type FieldCodecs,
  mapped,
  oneOf,
  optional,
  struct,
  u16List,
  union,
  versioned,
} from '../../wire/codec/combinators.ts'
import { bigSize, bool, bytes32, point, u16, u16Bytes, u16Text, u32, u64 } from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import { invoiceText, timestamp } from '../row-codecs.ts'
import type { Attempt, AttemptFailure, PaymentFailure, PaymentTarget, Route, RouteHop, SentPayment } from './payment.ts'

/** How amounts are written, and numbers that are small as a rule. */
interface Numbers {
  readonly amount: Codec<bigint>
  readonly count: Codec<number>
}
const FIXED: Numbers = { amount: u64, count: u32 }
const SHORT: Numbers = { amount: bigSize, count }

const hopFields: FieldCodecs<RouteHop> = {
  nodeId: point,
  shortChannelId: optional(u64),
  amountMsat: u64,
  cltvExpiry: u32,
}

const route = struct<Route>({ channelId: bytes32, hops: u16List(struct<RouteHop>(hopFields)) })

const routeHint = u16List(
  struct<RouteHintHop>({
    nodeId: point,
    shortChannelId: u64,
    feeBaseMsat: u32,
    feeProportionalMillionths: u32,
    cltvExpiryDelta: u16,
  }),
)

const targetFields: FieldCodecs<PaymentTarget> = {
  destination: point,
  paymentHash: bytes32,
  amountMsat: u64,
  paymentSecret: bytes32,
  paymentMetadata: optional(u16Bytes),
  minFinalCltvExpiryDelta: u32,
  routeHints: u16List(routeHint),
  multiPart: bool,
  expiresAt: optional(timestamp),
  route: optional(route),
  invoice: optional(u16Text),
  description: optional(u16Text),
}

const failureMessage: Codec<FailureMessage> = mapped(u16Bytes, decodeFailure, encodeFailure)

const attemptFailure = union<AttemptFailure, 'type'>('type', {
  local: { number: 0, fields: { error: u16Text } },
  remote: { number: 1, fields: { hop: u16, message: failureMessage } },
  unreadable: { number: 2, fields: {} },
  'on-chain': { number: 3, fields: {} },
})

const attemptFields: FieldCodecs<Omit<Attempt, 'firstHtlcId'>> = {
  id: u32,
  route,
  sessionKey: bytes32,
  startedAt: timestamp,
  status: oneOf(['pending', 'settled', 'failed']),
  failure: optional(attemptFailure),
}

const withoutFirstId = <A extends { readonly firstHtlcId?: bigint }>(
  fields: FieldCodecs<Omit<A, 'firstHtlcId'>>,
): Codec<A> => struct<Omit<A, 'firstHtlcId'>>(fields) as Codec<A>

const paymentFailure = struct<PaymentFailure>({
  // New ones come last: a number once written keeps its meaning.
  code: oneOf([
    'insufficient-balance',
    'no-route',
    'fee-limit-exceeded',
    'expiry-too-far',
    'payment-failed',
    'peer-limit-reached',
    'route-search-failed',
  ]),
  attempt: optional(u32),
})

const sentPaymentFields = <A extends Attempt | BriefAttempt>(
  target: Codec<PaymentTarget>,
  attempt: Codec<A>,
  numbers: Numbers = FIXED,
): FieldCodecs<Omit<SentPayment, 'attempts'> & { readonly attempts: readonly A[] }> => ({
  target,
  maxFeeMsat: numbers.amount,
  key: u16Text,
  startedAt: timestamp,
  status: oneOf(['in-flight', 'settled', 'failed']),
  attempts: u16List(attempt),
  nextAttemptId: numbers.count,
  preimage: optional(bytes32),
  failure: optional(paymentFailure),
  endedAt: optional(timestamp),
})

const lastingFields: FieldCodecs<PaymentTarget> = {
  ...targetFields,
  paymentSecret: u16Bytes,
  invoice: optional(invoiceText),
}

/** A hop that is the destination is not named once more. */
interface BriefHop extends Omit<RouteHop, 'nodeId'> {
  readonly nodeId?: RouteHop['nodeId']
}
interface BriefAttempt extends Omit<Attempt, 'route'> {
  readonly route: Omit<Route, 'hops'> & { readonly hops: readonly BriefHop[] }
}
interface BriefPayment extends Omit<SentPayment, 'attempts'> {
  readonly attempts: readonly BriefAttempt[]
}

const briefTarget = struct<PaymentTarget>({
  ...lastingFields,
  amountMsat: SHORT.amount,
  minFinalCltvExpiryDelta: SHORT.count,
})

const briefAttemptFields: FieldCodecs<Omit<BriefAttempt, 'firstHtlcId'>> = {
  ...attemptFields,
  id: SHORT.count,
  sessionKey: u16Bytes,
  route: struct<BriefAttempt['route']>({
    channelId: bytes32,
    hops: u16List(struct<BriefHop>({ ...hopFields, nodeId: optional(point), amountMsat: SHORT.amount })),
  }),
}

const briefly = (attempt: Codec<BriefAttempt>): Codec<SentPayment> =>
  mapped(
    struct<BriefPayment>(sentPaymentFields(briefTarget, attempt, SHORT)),
    (payment): SentPayment => ({
      ...payment,
      attempts: payment.attempts.map((attempt) => ({
        ...attempt,
        route: {
          ...attempt.route,
          hops: attempt.route.hops.map((hop) => ({ ...hop, nodeId: hop.nodeId ?? payment.target.destination })),
        },
      })),
    }),
    (payment): BriefPayment => ({
      ...payment,
      attempts: payment.attempts.map((attempt) => ({
        ...attempt,
        route: {
          ...attempt.route,
          hops: attempt.route.hops.map(({ nodeId, ...hop }) =>
            equalBytes(nodeId, payment.target.destination) ? hop : { ...hop, nodeId },
          ),
        },
      })),
    }),
  )

/**
 * Version 2: secrets may be forgotten, and an invoice takes the bits that it has. Version 3: the destination is named once, and a
 * number takes the bytes that it has. The row is written twice, and as it was first it takes up its room. Version 4: an attempt says from
 * which id on its HTLC can be.
 */
const sentPayment = versioned(
  struct<SentPayment>(sentPaymentFields(struct<PaymentTarget>(targetFields), withoutFirstId<Attempt>(attemptFields))),
  struct<SentPayment>(
    sentPaymentFields(
      struct<PaymentTarget>(lastingFields),
      withoutFirstId<Attempt>({ ...attemptFields, sessionKey: u16Bytes }),
    ),
  ),
  briefly(withoutFirstId<BriefAttempt>(briefAttemptFields)),
  briefly(struct<BriefAttempt>({ ...briefAttemptFields, firstHtlcId: optional(bigSize) })),
)

export const encodeSentPayment = (payment: SentPayment): Uint8Array => encodeWith(sentPayment, payment)

export const decodeSentPayment = (bytes: Uint8Array): Result<SentPayment, WireError> => decodeWith(sentPayment, bytes)
