import type { Result } from '../../lib/result.ts'
import type { Attribution } from '../../onion/attribution-data.ts'
import type { BlindedPathHop } from '../../onion/blinded-path.ts'
import { type Codec, decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { mapped, optional, struct, u16List, union, versioned } from '../../wire/codec/combinators.ts'
import { extended, type LaterFields } from '../../wire/codec/extended.ts'
import {
  bigSize,
  bool,
  bytes32,
  point,
  u16,
  u16Bytes,
  u16Text,
  u32,
  u32Bytes,
  u64,
} from '../../wire/codec/primitives.ts'
import type { WireError } from '../../wire/wire-error.ts'
import { customRecord, invoiceText, timestamp } from '../row-codecs.ts'
import type { BlindedRecipient, RecipientPath } from './blinded-recipient.ts'
import { EARLIER_PAYMENT_ROWS } from './earlier-payment-rows.ts'
import type { ExpiryWindow } from './expiry-window.ts'
import type { Attempt, PaymentTarget, SentPayment } from './payment.ts'
import {
  attemptFields,
  type BriefRoute,
  briefRoute,
  inBrief,
  inFull,
  type RowOf,
  route,
  routeHint,
  rowOf,
  SHORT,
} from './payment-fields.ts'
import type { Recipient } from './recipient.ts'
import type { Payee } from './trampoline-recipient.ts'
import type { RouteWishes } from './wishes.ts'
import { routeWishes } from './wishes-codec.ts'

const recipientPath = struct<RecipientPath>({
  introductionNodeId: point,
  firstPathKey: point,
  path: u16List(struct<BlindedPathHop>({ blindedNodeId: point, encryptedRecipientData: u16Bytes })),
  feeBaseMsat: u32,
  feeProportionalMillionths: u32,
  cltvExpiryDelta: u16,
  htlcMinimumMsat: SHORT.amount,
  htlcMaximumMsat: SHORT.amount,
})

/** A blinded recipient with heights came later, and has a number of its own. */
type RecipientRow =
  | Exclude<Recipient, BlindedRecipient>
  | Omit<BlindedRecipient, 'expires'>
  | (Omit<BlindedRecipient, 'type' | 'expires'> & { readonly type: 'blinded-between' } & ExpiryWindow)

const recipientRow = union<RecipientRow, 'type'>('type', {
  node: {
    number: 0,
    fields: {
      nodeId: point,
      paymentSecret: optional(bytes32),
      paymentMetadata: optional(u16Bytes),
      minFinalCltvExpiryDelta: SHORT.count,
      routeHints: u16List(routeHint),
    },
  },
  keysend: {
    number: 2,
    fields: {
      nodeId: point,
      preimage: optional(bytes32),
      customRecords: u16List(customRecord),
      minFinalCltvExpiryDelta: SHORT.count,
      routeHints: u16List(routeHint),
    },
  },
  blinded: { number: 1, fields: { nodeId: point, paths: u16List(recipientPath) } },
  'blinded-between': {
    number: 4,
    fields: { nodeId: point, paths: u16List(recipientPath), finalExpiry: u32, latestExpiry: u32 },
  },
  trampoline: {
    number: 3,
    fields: {
      nodeId: point,
      paymentSecret: optional(bytes32),
      trampolineOnion: optional(u16Bytes),
      innerSecrets: u16List(bytes32),
      payee: optional(struct<Payee>({ nodeId: point, amountMsat: u64 })),
      finalExpiry: u32,
      latestExpiry: u32,
      minFinalCltvExpiryDelta: SHORT.count,
      routeHints: u16List(routeHint),
    },
  },
})

const recipient = mapped<RecipientRow, Recipient>(
  recipientRow,
  (row) => {
    if (row.type !== 'blinded-between') return row
    const { nodeId, paths, finalExpiry, latestExpiry } = row
    return { type: 'blinded', nodeId, paths, expires: { finalExpiry, latestExpiry } }
  },
  (value) => {
    if (value.type !== 'blinded' || value.expires === undefined) return value
    const { nodeId, paths, expires } = value
    return { type: 'blinded-between', nodeId, paths, ...expires }
  },
)

type TargetRow = Omit<PaymentTarget, 'wishes'>

const target = struct<TargetRow>({
  recipient,
  paymentHash: bytes32,
  amountMsat: SHORT.amount,
  multiPart: bool,
  expiresAt: optional(timestamp),
  route: optional(route),
  invoice: optional(invoiceText),
  description: optional(u16Text),
})

type BriefAttempt = Omit<Attempt, 'route' | 'attribution'> & { readonly route: BriefRoute }

const attempt = struct<BriefAttempt>({
  id: SHORT.count,
  route: briefRoute,
  ...attemptFields,
  sessionKey: u16Bytes,
  firstHtlcId: optional(bigSize),
})

interface Attributed extends Attribution {
  readonly attempt: number
}

/** What came after version 5 was first written, and is there only in rows that have it. */
interface Later {
  readonly attributed?: readonly Attributed[]
  readonly wishes?: RouteWishes
}

const later: LaterFields<Later> = {
  attributed: {
    number: 1,
    codec: u16List(
      struct<Attributed>({ attempt: SHORT.count, holdTimes: u16List(SHORT.count), brokenAt: optional(SHORT.count) }),
    ),
  },
  wishes: { number: 2, codec: routeWishes },
}

type Row = RowOf<TargetRow, BriefAttempt>

/** The row is written twice, and as it was first it takes up its room: what is long is named once. */
const current: Codec<SentPayment> = mapped<Row & Later, SentPayment>(
  extended<Row, Later>(rowOf(target, attempt, SHORT), later),
  ({ attempts, attributed = [], wishes, ...payment }) => ({
    ...payment,
    target: { ...payment.target, ...(wishes && { wishes }) },
    attempts: attempts.map((each) => ({
      ...each,
      route: inFull(each.route, payment.target.recipient.nodeId),
      ...attributionOf(each.id, attributed),
    })),
  }),
  ({ attempts, target: { wishes, ...target }, ...payment }) => {
    const attributed = attempts.flatMap(({ id, attribution }) =>
      attribution === undefined ? [] : [{ attempt: id, ...attribution }],
    )
    return {
      ...payment,
      target,
      attempts: attempts.map((each) => ({ ...each, route: inBrief(each.route, target.recipient.nodeId) })),
      ...(wishes && { wishes }),
      ...(attributed.length === 0 ? {} : { attributed }),
    }
  },
)

const attributionOf = (id: number, attributed: readonly Attributed[]): Pick<Attempt, 'attribution'> => {
  const found = attributed.find(({ attempt }) => attempt === id)
  if (found === undefined) return {}
  const { attempt: _, ...attribution } = found
  return { attribution }
}

/** Version 5: who is paid is one of a union. */
const sentPayment = versioned(...EARLIER_PAYMENT_ROWS, current)

export const encodeSentPayment = (payment: SentPayment): Uint8Array => encodeWith(sentPayment, payment)

export const decodeSentPayment = (bytes: Uint8Array): Result<SentPayment, WireError> => decodeWith(sentPayment, bytes)

/** Within another row: in the form, and the version, of a payment's own. */
export const paymentRow = mapped<Uint8Array, SentPayment>(
  u32Bytes,
  (bytes) => {
    const decoded = decodeSentPayment(bytes)
    return decoded.ok ? decoded.value : undefined
  },
  encodeSentPayment,
)
