import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import { actor, command, query } from './define.ts'
import { field, named } from './field.ts'
import {
  Address,
  BlockHeight,
  Count,
  Flag,
  Hash32,
  Invoice,
  integer,
  Msat,
  NodeId,
  OfferId,
  Page,
  PaymentHash,
  Ppm,
  Preimage,
  page,
  Secret32,
  ShortChannelId,
  Timestamp,
  text,
  utf8Text,
} from './scalars.ts'

const InvoiceStatus = z.enum(['open', 'paid', 'expired', 'held'])

/** What is told of an invoice for an offer. */
export const offerPaid = {
  offerId: field(OfferId, { summary: 'The offer that it is for.' }).optional(),
  quantity: field(Count, { summary: 'How many items of the offer.' }).optional(),
  payerNote: text(512, 'What the payer has said to it: the beginning, from a stranger.').optional(),
}

export const InvoiceSummary = named(
  'InvoiceSummary',
  'An invoice that we made. One for an offer is listed once a payment for it comes.',
  z.object({
    paymentHash: PaymentHash,
    invoice: field(Invoice, { summary: 'A BOLT 11 invoice; or the offer that it is for, or the id of the refund.' }),
    status: InvoiceStatus,
    amountMsat: Msat.optional(),
    receivedMsat: Msat.optional(),
    hold: field(Flag, { summary: 'Its payment is held until the preimage is told.' }).optional(),
    givenBackAt: field(BlockHeight, {
      summary: 'Of a payment that is held: the node gives it back at this height.',
    }).optional(),
    description: text(1024, 'Empty where the invoice has the hash of one instead.'),
    preimage: Preimage.optional(),
    paymentSecret: Secret32.optional(),
    createdAt: Timestamp,
    expiresAt: Timestamp,
    paidAt: Timestamp.optional(),
    ...offerPaid,
  }),
)

const Description = utf8Text(639, 'At most 639 bytes of UTF-8, which is what an invoice has room for.')
const ADDRESS_ERRORS = ['address-invalid', 'address-wrong-network'] as const
const moreTerms = {
  descriptionHash: field(Hash32, {
    summary: 'SHA-256 of a description of any length, instead of the description. The payer has to get that elsewhere.',
  }).optional(),
  fallbackAddress: field(Address, {
    summary:
      'On chain, for a payer who cannot pay over Lightning. The node does not look whether anything comes there.',
  }).optional(),
}
const unbounded = {
  amountMsat: 'It asks for money and spends none.',
  fallbackAddress: 'A payer may pay there, and nothing of ours goes there.',
}
const ExpirySeconds = integer(1, 31_536_000, `${DEFAULTS.invoiceExpirySeconds} if not said: an hour.`)

const DecodedInvoice = named(
  'DecodedInvoice',
  'What a BOLT 11 invoice says. Its description comes from whoever made it.',
  z.object({
    paymentHash: PaymentHash,
    payeeNodeId: field(NodeId, { summary: 'Who has signed it.' }),
    amountMsat: field(Msat, { summary: 'Absent where the payer chooses.' }).optional(),
    description: text(1024).optional(),
    descriptionHash: field(Hash32, { summary: 'SHA-256 of the description, which is not in the invoice.' }).optional(),
    createdAt: Timestamp,
    expiresAt: Timestamp,
    minFinalCltvExpiryDelta: Count,
    fallbackAddresses: z
      .array(field(Address, { summary: 'On chain, for a payer who cannot pay over Lightning.' }))
      .readonly(),
    routeHints: z
      .array(
        z
          .array(
            named(
              'RouteHintHop',
              'A channel on the way to the payee, and what the node before it charges.',
              z.object({
                nodeId: NodeId,
                shortChannelId: ShortChannelId,
                feeBaseMsat: Msat,
                feeProportionalMillionths: Ppm,
                cltvExpiryDelta: Count,
              }),
            ),
          )
          .readonly(),
      )
      .readonly(),
  }),
)

export const invoices = actor('invoices', 'Invoices that this node makes.', {
  list: query({
    summary: 'Invoices, the newest first, a page at a time.',
    request: z.strictObject({ status: InvoiceStatus.optional(), page: Page.optional() }),
    reply: page(InvoiceSummary),
    commandLine: { isDefault: true },
  }),
  get: query({
    summary: 'One invoice.',
    request: z.strictObject({ paymentHash: PaymentHash }),
    reply: z.object({ invoice: InvoiceSummary }),
    errors: ['invoice-not-found'],
    positional: ['paymentHash'],
  }),
  decode: query({
    summary: 'Reads a BOLT 11 invoice of anybody. Nothing is sent.',
    request: z.strictObject({ invoice: Invoice }),
    reply: z.object({ invoice: DecodedInvoice }),
    errors: ['invoice-invalid', 'invoice-wrong-network', 'invoice-unsupported'],
    positional: ['invoice'],
  }),
  create: command({
    summary: 'Makes a BOLT 11 invoice, with hints to our channels.',
    request: z.strictObject({
      amountMsat: field(Msat, { summary: 'Any amount if not said.' }).optional(),
      description: Description.optional(),
      ...moreTerms,
      expirySeconds: ExpirySeconds.optional(),
      minFinalCltvExpiryDelta: integer(18, 2016).optional(),
    }),
    reply: z.object({ invoice: InvoiceSummary }),
    errors: ['amount-out-of-bounds', ...ADDRESS_ERRORS],
    effects: ['reveals', 'keeps'],
    unbounded,
    positional: ['amountMsat', 'description'],
  }),
  createHold: command({
    summary:
      'Makes a BOLT 11 invoice for a payment hash. Its payment is held until invoices.settle tells the preimage, or until invoices.cancel or the node gives it back.',
    request: z.strictObject({
      paymentHash: field(PaymentHash, { summary: 'Of a preimage that nobody has used before.' }),
      amountMsat: field(Msat, { summary: 'Any amount if not said.' }).optional(),
      description: Description.optional(),
      ...moreTerms,
      expirySeconds: ExpirySeconds.optional(),
      minFinalCltvExpiryDelta: integer(
        48,
        2016,
        `${DEFAULTS.holdCltvExpiryDelta} if not said. A payment is given back 24 blocks before it expires.`,
      ).optional(),
    }),
    reply: z.object({ invoice: InvoiceSummary }),
    errors: ['amount-out-of-bounds', 'payment-hash-used', ...ADDRESS_ERRORS],
    effects: ['reveals', 'keeps'],
    unbounded,
    positional: ['paymentHash', 'amountMsat', 'description'],
  }),
  settle: command({
    summary: 'Claims a payment that is held. A plugin claims those of its own invoices alone.',
    request: z.strictObject({ preimage: Preimage }),
    reply: z.object({ invoice: InvoiceSummary }),
    errors: ['invoice-not-found', 'invoice-not-held', 'not-claimable'],
    effects: [],
    positional: ['preimage'],
  }),
  cancel: command({
    summary:
      'Ends an invoice: nobody can pay it any more, and a payment that is held is given back. A plugin ends its own hold invoices alone.',
    request: z.strictObject({ paymentHash: PaymentHash }),
    reply: z.object({ invoice: InvoiceSummary }),
    errors: ['invoice-not-found', 'invoice-paid'],
    effects: [],
    positional: ['paymentHash'],
  }),
})
