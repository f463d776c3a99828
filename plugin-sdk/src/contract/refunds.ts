import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import { actor, command, query } from './define.ts'
import { field, named } from './field.ts'
import { InvoiceSummary } from './invoices.ts'
import {
  Count,
  Flag,
  integer,
  Msat,
  NodeId,
  Page,
  PaymentHash,
  page,
  Refund,
  RefundId,
  Timestamp,
  text,
  utf8Text,
} from './scalars.ts'

const RefundStatus = z.enum(['open', 'paying', 'paid', 'expired', 'cancelled'])

const RefundSummary = named(
  'RefundSummary',
  'Money that this node pays to the first who sends an invoice for it, once.',
  z.object({
    refundId: RefundId,
    refund: Refund,
    status: RefundStatus,
    amountMsat: Msat,
    maxFeeMsat: field(Msat, { summary: 'The most that relays may charge.' }),
    description: text(1024),
    issuer: text(1024).optional(),
    payerNote: text(1024).optional(),
    blinded: field(Flag, { summary: 'It is reached through peers, and does not name this node.' }),
    paymentHash: field(PaymentHash, {
      summary:
        'Of the payment that it is paid with. One that was taken back as the database was put back names the payment that may have paid it.',
    }).optional(),
    createdAt: Timestamp,
    expiresAt: Timestamp,
    endedAt: field(Timestamp, { summary: 'When it was paid, or taken back.' }).optional(),
  }),
)

const DecodedRefund = named(
  'DecodedRefund',
  'What a refund says. Its texts come from whoever made it.',
  z.object({
    refundId: RefundId,
    amountMsat: field(Msat, { summary: 'What can be fetched by it.' }),
    currency: text(8, 'The currency from which the amount was reckoned, as its maker says.').optional(),
    description: text(1024).optional(),
    issuer: text(1024).optional(),
    payerNote: text(1024).optional(),
    expiresAt: Timestamp.optional(),
    payerId: NodeId,
    paths: field(Count, { summary: 'Blinded paths to whoever pays; 0 where it is reached by its id.' }),
    own: field(Flag, { summary: 'This node made it.' }),
  }),
)

const { maxFee } = DEFAULTS

export const refunds = actor(
  'refunds',
  'Refunds of BOLT 12, invoice requests without an offer: this node pays its own, and fetches those of others.',
  {
    list: query({
      summary:
        'Refunds of this node, the newest first, a page at a time. A plugin sees its own alone, as the text of one is worth its amount.',
      request: z.strictObject({ status: RefundStatus.optional(), page: Page.optional() }),
      reply: page(RefundSummary),
      commandLine: { isDefault: true },
    }),
    get: query({
      summary: 'One refund of this node. A plugin sees its own alone.',
      request: z.strictObject({ refundId: RefundId }),
      reply: z.object({ refund: RefundSummary }),
      errors: ['refund-not-found'],
      positional: ['refundId'],
    }),
    create: command({
      summary:
        'Promises an amount to the first who sends an invoice for it: whoever has the text can. All of it counts as spent at once, whether or not somebody comes for it.',
      request: z.strictObject({
        amountMsat: Msat,
        description: utf8Text(1024, 'What is paid for.'),
        maxFeeMsat: field(Msat, {
          summary: `The most that relays may charge; ${maxFee.percent} % and at least ${maxFee.leastSat} sat if not said.`,
        }).optional(),
        expirySeconds: integer(1, 31_536_000, 'A week if not said.').optional(),
        issuer: utf8Text(256, 'Who you are, for people.').optional(),
        payerNote: utf8Text(512, 'What the payee is told.').optional(),
        blinded: field(Flag, {
          summary:
            'Through peers with channels, so that it does not name this node: where none of them passes messages on, it is not made. A node that the network does not know does so anyway where it can.',
        }).optional(),
      }),
      reply: z.object({ refund: RefundSummary }),
      errors: ['amount-out-of-bounds', 'too-many-refunds', 'no-relaying-peer'],
      effects: ['pays-out', 'fees', 'reveals', 'keeps'],
      bounds: ['amountMsat', 'maxFeeMsat'],
      positional: ['amountMsat', 'description'],
    }),
    cancel: command({
      summary: 'Takes a refund back: nobody is paid by it any more. A plugin takes back its own.',
      request: z.strictObject({ refundId: RefundId }),
      reply: z.object({ refund: RefundSummary }),
      errors: ['refund-not-found', 'refund-paid'],
      effects: ['keeps'],
      positional: ['refundId'],
    }),
    decode: query({
      summary: 'Reads a refund of anybody. Nothing is sent.',
      request: z.strictObject({ refund: Refund }),
      reply: z.object({ refund: DecodedRefund }),
      errors: ['refund-invalid'],
      positional: ['refund'],
    }),
    claim: command({
      summary:
        'Fetches the money of somebody’s refund: makes an invoice for it, and sends it, more than once if nothing comes of it. Answers when it is paid or refused, or after half a minute or so; it may be paid later. A refusal that names its paymentHash left the invoice open, which may still be paid.',
      request: z.strictObject({ refund: Refund }),
      reply: z.object({ invoice: InvoiceSummary }),
      errors: [
        'refund-invalid',
        'refund-expired',
        'refund-wrong-network',
        'own-refund',
        'no-way-to-payer',
        'invoice-refused',
      ],
      effects: ['reveals', 'keeps', 'connects'],
      positional: ['refund'],
    }),
  },
)
