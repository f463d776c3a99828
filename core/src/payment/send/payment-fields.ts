import type { RouteHint, RouteHintHop } from '../../invoice/invoice.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { NodeId } from '../../lib/ids.ts'
import { decodeFailure, encodeFailure, type FailureMessage } from '../../onion/failure-message.ts'
import type { Codec } from '../../wire/codec/codec.ts'
import {
  count,
  type FieldCodecs,
  mapped,
  oneOf,
  optional,
  struct,
  u16List,
  union,
} from '../../wire/codec/combinators.ts'
import { bigSize, bytes32, point, u16, u16Bytes, u16Text, u32, u64 } from '../../wire/codec/primitives.ts'
import { timestamp } from '../row-codecs.ts'
import type { Attempt, AttemptFailure, PaymentFailure, Route, RouteHop, SentPayment } from './payment.ts'

// What all versions of a payment's row have in common.

/** How amounts are written, and numbers that are small as a rule. */
interface Numbers {
  readonly amount: Codec<bigint>
  readonly count: Codec<number>
}
export const FIXED: Numbers = { amount: u64, count: u32 }
export const SHORT: Numbers = { amount: bigSize, count }

const hopFields: FieldCodecs<RouteHop> = {
  nodeId: point,
  shortChannelId: optional(u64),
  amountMsat: u64,
  cltvExpiry: u32,
}

export const route = struct<Route>({ channelId: bytes32, hops: u16List(struct<RouteHop>(hopFields)) })

/** A hop that is the recipient is not named once more. */
interface BriefHop extends Omit<RouteHop, 'nodeId'> {
  readonly nodeId?: RouteHop['nodeId']
}
export type BriefRoute = Omit<Route, 'hops'> & { readonly hops: readonly BriefHop[] }

export const briefRoute = struct<BriefRoute>({
  channelId: bytes32,
  hops: u16List(struct<BriefHop>({ ...hopFields, nodeId: optional(point), amountMsat: SHORT.amount })),
})

export const routeHint: Codec<RouteHint> = u16List(
  struct<RouteHintHop>({
    nodeId: point,
    shortChannelId: u64,
    feeBaseMsat: u32,
    feeProportionalMillionths: u32,
    cltvExpiryDelta: u16,
  }),
)

const failureMessage: Codec<FailureMessage> = mapped(u16Bytes, decodeFailure, encodeFailure)

const attemptFailure = union<AttemptFailure, 'type'>('type', {
  local: { number: 0, fields: { error: u16Text } },
  remote: { number: 1, fields: { hop: u16, message: failureMessage } },
  unreadable: { number: 2, fields: {} },
  'on-chain': { number: 3, fields: {} },
  beyond: { number: 4, fields: { reason: u16Bytes } },
})

/** As the first version wrote them, but for the id and the route. */
export const attemptFields: FieldCodecs<Omit<Attempt, 'id' | 'route' | 'firstHtlcId' | 'attribution'>> = {
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
    'route-search-failed',
  ]),
  attempt: optional(u32),
})

/** A payment with its parts in the form of some version. */
export interface RowOf<Target, OneAttempt> extends Omit<SentPayment, 'target' | 'attempts'> {
  readonly target: Target
  readonly attempts: readonly OneAttempt[]
}

export const rowOf = <Target, OneAttempt>(
  target: Codec<Target>,
  attempt: Codec<OneAttempt>,
  numbers: Numbers,
): Codec<RowOf<Target, OneAttempt>> =>
  struct<RowOf<Target, OneAttempt>>({
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

export const inFull = ({ hops, ...briefly }: BriefRoute, recipient: NodeId): Route => ({
  ...briefly,
  hops: hops.map((hop) => ({ ...hop, nodeId: hop.nodeId ?? recipient })),
})

export const inBrief = ({ hops, ...fully }: Route, recipient: NodeId): BriefRoute => ({
  ...fully,
  hops: hops.map(({ nodeId, ...hop }) => (equalBytes(nodeId, recipient) ? hop : { ...hop, nodeId })),
})
