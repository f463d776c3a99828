import type { RouteHint } from '../../invoice/invoice.ts'
import type { NodeId } from '../../lib/ids.ts'
import type { BlockDelta } from '../../lib/units.ts'
import type { Codec } from '../../wire/codec/codec.ts'
import { type FieldCodecs, optional, readOnly, struct, u16List } from '../../wire/codec/combinators.ts'
import { bigSize, bool, bytes32, point, u16Bytes, u16Text, u32, u64 } from '../../wire/codec/primitives.ts'
import { invoiceText, timestamp } from '../row-codecs.ts'
import type { Attempt, PaymentTarget, SentPayment } from './payment.ts'
import {
  attemptFields,
  type BriefRoute,
  briefRoute,
  FIXED,
  inFull,
  type RowOf,
  route,
  routeHint,
  rowOf,
  SHORT,
} from './payment-fields.ts'

/** Until version 5 a recipient was always a node with a secret, which was empty once the payment had ended. */
interface EarlierTarget extends Omit<PaymentTarget, 'recipient' | 'wishes'> {
  readonly destination: NodeId
  readonly paymentSecret: Uint8Array
  readonly paymentMetadata?: Uint8Array
  readonly minFinalCltvExpiryDelta: BlockDelta
  readonly routeHints: readonly RouteHint[]
}

const targetOf = ({
  destination: nodeId,
  paymentSecret,
  paymentMetadata,
  minFinalCltvExpiryDelta,
  routeHints,
  ...target
}: EarlierTarget): PaymentTarget => ({
  recipient: {
    type: 'node',
    nodeId,
    ...(paymentSecret.length === 0 ? {} : { paymentSecret }),
    ...(paymentMetadata === undefined ? {} : { paymentMetadata }),
    minFinalCltvExpiryDelta,
    routeHints,
  },
  ...target,
})

const targetFields: FieldCodecs<EarlierTarget> = {
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
const lastingFields: FieldCodecs<EarlierTarget> = {
  ...targetFields,
  paymentSecret: u16Bytes,
  invoice: optional(invoiceText),
}
const shortFields: FieldCodecs<EarlierTarget> = {
  ...lastingFields,
  amountMsat: SHORT.amount,
  minFinalCltvExpiryDelta: SHORT.count,
}

type FullAttempt = Omit<Attempt, 'firstHtlcId' | 'attribution'>
type BriefAttempt = Omit<Attempt, 'route' | 'attribution'> & { readonly route: BriefRoute }

const fullAttemptFields: FieldCodecs<FullAttempt> = { id: u32, route, ...attemptFields }
const briefAttemptFields: FieldCodecs<Omit<BriefAttempt, 'firstHtlcId'>> = {
  id: SHORT.count,
  route: briefRoute,
  ...attemptFields,
  sessionKey: u16Bytes,
}

const fully = (target: FieldCodecs<EarlierTarget>, attempt: FieldCodecs<FullAttempt>): Codec<SentPayment> =>
  readOnly(
    rowOf(struct<EarlierTarget>(target), struct<FullAttempt>(attempt), FIXED),
    ({ target: earlier, ...payment }) => ({ ...payment, target: targetOf(earlier) }),
  )

const briefly = <A extends Omit<BriefAttempt, 'firstHtlcId'>>(attempt: Codec<A>): Codec<SentPayment> =>
  readOnly(
    rowOf(struct<EarlierTarget>(shortFields), attempt, SHORT),
    ({ target, attempts, ...payment }: RowOf<EarlierTarget, A>) => ({
      ...payment,
      target: targetOf(target),
      attempts: attempts.map((each) => ({ ...each, route: inFull(each.route, target.destination) })),
    }),
  )

/**
 * The rows of versions 1 to 4, which stay readable. Version 2: secrets may be forgotten, and an invoice takes the bits that it has. Version
 * 3: the recipient is named once, and a number takes the bytes that it has. Version 4: an attempt says from which id on its HTLC can be.
 */
export const EARLIER_PAYMENT_ROWS = [
  fully(targetFields, fullAttemptFields),
  fully(lastingFields, { ...fullAttemptFields, sessionKey: u16Bytes }),
  briefly(struct<Omit<BriefAttempt, 'firstHtlcId'>>(briefAttemptFields)),
  briefly(struct<BriefAttempt>({ ...briefAttemptFields, firstHtlcId: optional(bigSize) })),
] as const
