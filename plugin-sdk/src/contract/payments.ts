import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import { actor, command, query } from './define.ts'
import { field, named } from './field.ts'
import { offerPaid } from './invoices.ts'
import { maxParts, routeWishes } from './route-wishes.ts'
import {
  BlockHeight,
  ChannelId,
  Count,
  Flag,
  Hex,
  Invoice,
  integer,
  Msat,
  NodeId,
  Page,
  PaymentHash,
  Preimage,
  page,
  Secret32,
  ShortChannelId,
  Timestamp,
  text,
} from './scalars.ts'

export const PaymentFailure = named(
  'PaymentFailure',
  'Why a payment or one of its parts failed.',
  z.object({
    code: text(64, 'Ours, or the BOLT 4 name that the failing node sent, its words joined by hyphens.'),
    erringNode: NodeId.optional(),
    erringShortChannelId: ShortChannelId.optional(),
    text: text(512).optional(),
  }),
)

export const TriedHop = named(
  'TriedHop',
  'A node on the way of an HTLC that we sent, and what is known of the channel into it.',
  z.object({
    nodeId: NodeId,
    shortChannelId: ShortChannelId.optional(),
    amountMsat: field(Msat, { summary: 'What reaches the node.' }),
    cltvExpiry: BlockHeight,
    outcome: field(z.enum(['carried', 'refused', 'not-tried', 'unknown']), {
      summary:
        'Whether the channel carried it; its node refused, for the reason that the part gives; it came to nothing before; or nothing tells.',
    }),
  }),
)

export const SentPart = named(
  'SentPart',
  'One HTLC of a payment that we sent.',
  z.object({
    channelId: ChannelId,
    shortChannelId: ShortChannelId.optional(),
    amountMsat: field(Msat, { summary: 'What the destination gets of it.' }),
    feesMsat: Msat,
    route: z.array(NodeId).readonly(),
    hops: field(z.array(TriedHop).readonly(), {
      summary: 'The same with what reached each node; in events only of a part that has failed.',
    }).optional(),
    startedAt: Timestamp.optional(),
    status: z.enum(['in-flight', 'settled', 'failed']),
    holdTimesMs: field(z.array(Count).readonly(), {
      summary:
        'For how long each node of the route says that it held the HTLC, the first one first and in steps of 100, as far as they say it; 0 is a node that does not know.',
    }).optional(),
    failure: PaymentFailure.optional(),
  }),
)

export const RelayHtlc = named(
  'RelayHtlc',
  'One HTLC of a relayed payment, on the side it came in or went out.',
  z.object({
    channelId: ChannelId,
    peer: NodeId,
    shortChannelId: ShortChannelId.optional(),
    htlcId: Count,
    amountMsat: Msat,
    cltvExpiry: BlockHeight,
  }),
)

const RelayedPayment = named(
  'RelayedPayment',
  'A payment that went through this node and settled on both sides.',
  z.object({
    paymentHash: PaymentHash,
    feeMsat: field(Msat, { summary: 'What we earned.' }),
    incoming: z.array(RelayHtlc).readonly(),
    outgoing: z.array(RelayHtlc).readonly(),
    startedAt: Timestamp,
    settledAt: Timestamp,
  }),
)

const ReceivedPart = named(
  'ReceivedPart',
  'One HTLC of a payment that we received.',
  z.object({ channelId: ChannelId, htlcId: Count, amountMsat: Msat }),
)

const CustomRecord = named(
  'CustomRecord',
  'What a payer says to the payee besides: a record of the onion that only they know (bLIP 2).',
  z.strictObject({
    type: integer(65_536, Number.MAX_SAFE_INTEGER),
    value: field(Hex, { summary: 'At most 1,000 bytes: more has no room in an onion.' }),
  }),
)

const CustomRecords = field(z.array(CustomRecord).readonly(), {
  summary: 'What the payer said besides: nobody vouches for it.',
})

export const heldFields = {
  paymentHash: PaymentHash,
  amountMsat: Msat,
  parts: z.array(ReceivedPart).readonly(),
  heldAt: Timestamp,
  givenBackAt: field(BlockHeight, { summary: 'The node gives it back at this height, if nobody has decided by then.' }),
  customRecords: CustomRecords.optional(),
}

export const receivedFields = {
  paymentHash: PaymentHash,
  amountMsat: Msat,
  parts: z.array(ReceivedPart).readonly(),
  receivedAt: Timestamp,
  keysend: field(Flag, { summary: 'It came without an invoice.' }).optional(),
  customRecords: CustomRecords.optional(),
  ...offerPaid,
}

const ReceivedPayment = named(
  'ReceivedPayment',
  'A payment that we received.',
  z.object({
    ...receivedFields,
    keysend: field(Flag, { summary: 'It came without an invoice.' }),
    preimage: Preimage,
    invoice: Invoice.optional(),
    description: text(1024).optional(),
  }),
)

export const Payment = named(
  'Payment',
  'A payment that we sent or are sending.',
  z.object({
    paymentHash: PaymentHash,
    status: z.enum(['in-flight', 'settled', 'failed']),
    amountMsat: Msat,
    feesMsat: Msat,
    destination: NodeId.optional(),
    keysend: field(Flag, { summary: 'It was sent without an invoice.' }).optional(),
    invoice: field(Invoice, {
      summary: 'A BOLT 11 invoice; or the offer that was paid, or the id of the refund.',
    }).optional(),
    description: text(1024).optional(),
    parts: z.array(SentPart).readonly(),
    preimage: Preimage.optional(),
    failure: PaymentFailure.optional(),
    startedAt: Timestamp,
    endedAt: Timestamp.optional(),
  }),
)

export const RouteHop = named(
  'RouteHop',
  'A node on the route and the HTLC that reaches it.',
  z.strictObject({
    nodeId: NodeId,
    shortChannelId: field(ShortChannelId, { summary: 'The channel into that node, or an alias of it.' }),
    amountMsat: Msat,
    cltvExpiryDelta: integer(1, 2016, 'Blocks from now until the HTLC to that node expires.'),
  }),
)

export const GivenRoute = z.array(RouteHop).min(1).max(20).readonly()

const { maxFee, parts: PARTS } = DEFAULTS

export const paying = [
  'already-paid',
  'payment-in-flight',
  'insufficient-balance',
  'peer-limit-reached',
  'no-route',
  'fee-limit-exceeded',
  'expiry-too-far',
  'route-search-failed',
  'payment-failed',
] as const

export const payments = actor('payments', 'Payments that this node sends.', {
  list: query({
    summary: 'Payments sent, the newest first, a page at a time.',
    request: z.strictObject({ status: z.enum(['in-flight', 'settled', 'failed']).optional(), page: Page.optional() }),
    reply: page(Payment),
    commandLine: { isDefault: true },
  }),
  get: query({
    summary: 'One payment.',
    request: z.strictObject({ paymentHash: PaymentHash }),
    reply: z.object({ payment: Payment }),
    errors: ['payment-not-found', 'payment-archived'],
    positional: ['paymentHash'],
  }),
  received: query({
    summary: 'Payments received, with an invoice or without, the newest first, a page at a time.',
    request: z.strictObject({ page: Page.optional() }),
    reply: page(ReceivedPayment),
  }),
  relays: query({
    summary:
      'Payments that went through this node, the newest first, a page at a time, for as long as the event log has them.',
    request: z.strictObject({
      since: field(Timestamp, { summary: 'Only those that settled at this time or later.' }).optional(),
      until: field(Timestamp, { summary: 'Only those that settled before this time.' }).optional(),
      page: Page.optional(),
    }),
    reply: page(RelayedPayment),
  }),
  payInvoice: command({
    summary: 'Pays a BOLT 11 invoice. Answers when the payment is settled or has failed for good.',
    request: z.strictObject({
      invoice: Invoice,
      amountMsat: field(Msat, { summary: 'Only for an invoice that names no amount, or the same.' }).optional(),
      maxFeeMsat: field(Msat, {
        summary: `The most that relays may charge; ${maxFee.percent} % and at least ${maxFee.leastSat} sat if not said.`,
      }).optional(),
      trampoline: field(NodeId, {
        summary: 'A trampoline node that is to find the way to the payee; half of the fees are for it.',
      }).optional(),
      maxParts: maxParts(`${PARTS}, where the invoice allows it,`),
      ...routeWishes,
    }),
    reply: z.object({ payment: Payment }),
    errors: [
      'invoice-invalid',
      'invoice-expired',
      'invoice-wrong-network',
      'invoice-unsupported',
      'amount-required',
      'amount-mismatch',
      'own-invoice',
      'trampoline-not-possible',
      ...paying,
    ],
    effects: ['pays-out', 'fees'],
    bounds: ['amountMsat', 'maxFeeMsat'],
    counted: ['invoice'],
    positional: ['invoice'],
    commandLine: { alias: 'pay' },
  }),
  keysend: command({
    summary:
      'Pays a node that has made no invoice (bLIP 3): in one part, unless more are allowed and the node shows that it takes them, which not every such node puts together. Answers when the payment is settled or has failed for good.',
    request: z.strictObject({
      destination: NodeId,
      amountMsat: Msat,
      maxFeeMsat: field(Msat, {
        summary: `The most that relays may charge; ${maxFee.percent} % and at least ${maxFee.leastSat} sat if not said.`,
      }).optional(),
      customRecords: field(z.array(CustomRecord).min(1).max(32).readonly(), {
        summary:
          'What the destination is told besides, each type once. One with an even type fails where it is not known.',
      }).optional(),
      maxParts: maxParts('1'),
      ...routeWishes,
    }),
    reply: z.object({ payment: Payment }),
    errors: ['own-node', 'amount-out-of-bounds', 'invalid-records', 'parts-not-supported', ...paying],
    effects: ['pays-out', 'fees'],
    bounds: ['amountMsat', 'maxFeeMsat'],
    positional: ['destination', 'amountMsat'],
  }),
  sendToRoute: command({
    summary: 'Sends a payment over exactly these routes. Answers when it is settled or has failed.',
    request: z.strictObject({
      paymentHash: PaymentHash,
      paymentSecret: Secret32,
      totalAmountMsat: field(Msat, {
        summary: 'Of all parts together, where some come from elsewhere; the sum of these if not said.',
      }).optional(),
      paymentMetadata: Hex.optional(),
      route: field(GivenRoute, { summary: 'From the first peer to the destination.' }),
      moreRoutes: field(z.array(GivenRoute).min(1).max(15).readonly(), {
        summary: 'Of further parts of the same payment: all are sent at once, and none is made up for.',
      }).optional(),
    }),
    reply: z.object({ payment: Payment }),
    errors: ['channel-not-found', 'invalid-route', ...paying],
    effects: ['pays-out', 'fees'],
    counted: ['route', 'moreRoutes'],
    unbounded: {
      totalAmountMsat: 'It only tells the destination what to wait for: what leaves the node is in the routes.',
    },
  }),
})
