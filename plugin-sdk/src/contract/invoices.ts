import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import { actor, command, query } from './define.ts'
import { field, named } from './field.ts'
import {
  Invoice,
  integer,
  Msat,
  Page,
  PaymentHash,
  Preimage,
  page,
  Secret32,
  Timestamp,
  text,
  utf8Text,
} from './scalars.ts'

const InvoiceStatus = z.enum(['open', 'paid', 'expired'])

const InvoiceSummary = named(
  'InvoiceSummary',
  'An invoice that we made.',
  z.object({
    paymentHash: PaymentHash,
    invoice: Invoice,
    status: InvoiceStatus,
    amountMsat: Msat.optional(),
    receivedMsat: Msat.optional(),
    description: text(1024),
    preimage: Preimage.optional(),
    paymentSecret: Secret32.optional(),
    createdAt: Timestamp,
    expiresAt: Timestamp,
    paidAt: Timestamp.optional(),
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
  create: command({
    summary: 'Makes a BOLT 11 invoice, with hints to our channels.',
    request: z.strictObject({
      amountMsat: field(Msat, { summary: 'Any amount if not said.' }).optional(),
      description: utf8Text(639, 'At most 639 bytes of UTF-8, which is what an invoice has room for.').optional(),
      expirySeconds: integer(1, 31_536_000, `${DEFAULTS.invoiceExpirySeconds} if not said: an hour.`).optional(),
      minFinalCltvExpiryDelta: integer(18, 2016).optional(),
    }),
    reply: z.object({ invoice: InvoiceSummary }),
    errors: ['amount-out-of-bounds'],
    effects: ['reveals', 'keeps'],
    unbounded: { amountMsat: 'It asks for money and spends none.' },
    positional: ['amountMsat', 'description'],
  }),
})
