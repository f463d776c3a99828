import type { RouteHintHop } from '../../invoice/invoice.ts'
import type { Result } from '../../lib/result.ts'
import { decodeFailure, encodeFailure, type FailureMessage } from '../../onion/failure-message.ts'
import { type Codec, decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import {
  type FieldCodecs,
  mapped,
  oneOf,
  optional,
  struct,
  u16List,
  union,
  versioned,
} from '../../wire/codec/combinators.ts'
import { bool, bytes32, point, u16, u16Bytes, u16Text, u32, u64 } from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import { invoiceText, timestamp } from '../row-codecs.ts'
import type { Attempt, AttemptFailure, PaymentFailure, PaymentTarget, Route, RouteHop, SentPayment } from './payment.ts'

const route = struct<Route>({
  channelId: bytes32,
  hops: u16List(struct<RouteHop>({ nodeId: point, shortChannelId: optional(u64), amountMsat: u64, cltvExpiry: u32 })),
})

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

const attemptFields: FieldCodecs<Attempt> = {
  id: u32,
  route,
  sessionKey: bytes32,
  startedAt: timestamp,
  status: oneOf(['pending', 'settled', 'failed']),
  failure: optional(attemptFailure),
}

const paymentFailure = struct<PaymentFailure>({
  // New ones come last: a number once written keeps its meaning.
  code: oneOf([
    'insufficient-balance',
    'no-route',
    'fee-limit-exceeded',
    'expiry-too-far',
    'payment-failed',
    'peer-limit-reached',
  ]),
  attempt: optional(u32),
})

const sentPaymentFields = (target: Codec<PaymentTarget>, attempt: Codec<Attempt>): FieldCodecs<SentPayment> => ({
  target,
  maxFeeMsat: u64,
  key: u16Text,
  startedAt: timestamp,
  status: oneOf(['in-flight', 'settled', 'failed']),
  attempts: u16List(attempt),
  nextAttemptId: u32,
  preimage: optional(bytes32),
  failure: optional(paymentFailure),
  endedAt: optional(timestamp),
})

/** Version 2: secrets may be forgotten, and an invoice takes the bits that it has. */
const sentPayment = versioned(
  struct<SentPayment>(sentPaymentFields(struct<PaymentTarget>(targetFields), struct<Attempt>(attemptFields))),
  struct<SentPayment>(
    sentPaymentFields(
      struct<PaymentTarget>({ ...targetFields, paymentSecret: u16Bytes, invoice: optional(invoiceText) }),
      struct<Attempt>({ ...attemptFields, sessionKey: u16Bytes }),
    ),
  ),
)

export const encodeSentPayment = (payment: SentPayment): Uint8Array => encodeWith(sentPayment, payment)

export const decodeSentPayment = (bytes: Uint8Array): Result<SentPayment, WireError> => decodeWith(sentPayment, bytes)
