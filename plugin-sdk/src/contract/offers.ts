import { z } from 'zod'
import { DEFAULTS } from './defaults.ts'
import { actor, command, query } from './define.ts'
import { field, named } from './field.ts'
import { Payment, paying } from './payments.ts'
import { maxParts, routeWishes } from './route-wishes.ts'
import {
  Count,
  Flag,
  Hex,
  integer,
  Msat,
  NodeId,
  Offer,
  OfferId,
  Page,
  PaymentHash,
  Preimage,
  page,
  Timestamp,
  text,
  utf8Text,
} from './scalars.ts'

const OfferStatus = z.enum(['active', 'expired', 'disabled'])

const OfferSummary = named(
  'OfferSummary',
  'An offer that this node made: whoever has it can ask for an invoice, any number of times.',
  z.object({
    offerId: OfferId,
    offer: Offer,
    status: OfferStatus,
    amountMsat: field(Msat, { summary: 'For each item; absent where the payer chooses.' }).optional(),
    description: text(1024).optional(),
    issuer: text(1024).optional(),
    quantityMax: field(Count, {
      summary: 'How many items one invoice may be for; 0 for any number, absent for one.',
    }).optional(),
    blinded: field(Flag, { summary: 'It is reached through peers, and does not name this node.' }),
    createdAt: Timestamp,
    expiresAt: Timestamp.optional(),
    disabledAt: Timestamp.optional(),
  }),
)

const DecodedOffer = named(
  'DecodedOffer',
  'What an offer says. Its texts come from whoever made it.',
  z.object({
    offerId: OfferId,
    amountMsat: field(Msat, {
      summary: 'For each item; absent where the payer chooses, or in another currency.',
    }).optional(),
    currency: text(8, 'The price is in this currency: its issuer says at the payment what it comes to.').optional(),
    currencyAmount: field(Count, {
      summary: 'For each item, in the smallest unit of the currency, such as a cent.',
    }).optional(),
    description: text(1024).optional(),
    issuer: text(1024).optional(),
    quantityMax: field(Count, {
      summary: 'How many items one invoice may be for; 0 for any number, absent for one.',
    }).optional(),
    expiresAt: Timestamp.optional(),
    issuerId: field(NodeId, { summary: 'Whose key signs its invoices.' }).optional(),
    paths: field(Count, { summary: 'Blinded paths to the issuer; 0 where it is reached by its id.' }),
    own: field(Flag, { summary: 'This node made it.' }),
  }),
)

const PaymentName = text(512, 'A name of BIP 353, such as ₿user@example.com.')
const NameProof = field(Hex, {
  summary:
    'What proves where the name leads: an AuthenticationChain of RFC 9102, from the root of the DNS to the name.',
})

const { maxFee } = DEFAULTS

export const offers = actor('offers', 'Offers of BOLT 12: those that this node makes, and those that it pays.', {
  list: query({
    summary: 'Offers of this node, the newest first, a page at a time.',
    request: z.strictObject({ status: OfferStatus.optional(), page: Page.optional() }),
    reply: page(OfferSummary),
    commandLine: { isDefault: true },
  }),
  get: query({
    summary: 'One offer of this node.',
    request: z.strictObject({ offerId: OfferId }),
    reply: z.object({ offer: OfferSummary }),
    errors: ['offer-not-found'],
    positional: ['offerId'],
  }),
  create: command({
    summary:
      'Makes an offer. Invoices for it are made as they are asked for, and what they bring in is told with the id of the offer.',
    request: z.strictObject({
      amountMsat: field(Msat, { summary: 'For each item; the payer chooses if not said.' }).optional(),
      description: utf8Text(1024, 'What is paid for: it has to be said if there is an amount.').optional(),
      issuer: utf8Text(256, 'Who you are, for people.').optional(),
      expirySeconds: integer(1, 3_153_600_000, 'It does not expire if not said.').optional(),
      quantityMax: field(Count, {
        summary: 'How many items one invoice may be for; 0 for any number, one if not said.',
      }).optional(),
      blinded: field(Flag, {
        summary:
          'Through peers with channels, so that it does not name this node: where none of them passes messages on, it is not made. A node that the network does not know does so anyway where it can.',
      }).optional(),
    }),
    reply: z.object({ offer: OfferSummary }),
    errors: ['description-required', 'amount-out-of-bounds', 'too-many-offers', 'no-relaying-peer'],
    effects: ['reveals', 'keeps'],
    unbounded: { amountMsat: 'It asks for money and spends none.' },
    positional: ['amountMsat', 'description'],
  }),
  disable: command({
    summary:
      'Takes an offer back: no more invoices are made for it. Those that were made can still be paid until they expire. A plugin takes back its own.',
    request: z.strictObject({ offerId: OfferId }),
    reply: z.object({ offer: OfferSummary }),
    errors: ['offer-not-found'],
    effects: ['keeps'],
    positional: ['offerId'],
  }),
  decode: query({
    summary: 'Reads an offer of anybody. Nothing is sent.',
    request: z.strictObject({ offer: Offer }),
    reply: z.object({ offer: DecodedOffer }),
    errors: ['offer-invalid'],
    positional: ['offer'],
  }),
  resolveName: query({
    summary:
      'Reads the payment instructions of a name such as ₿user@example.com (BIP 353) in a given proof, and checks it from the root of the DNS on. Nothing is sent.',
    request: z.strictObject({ name: PaymentName, proof: NameProof }),
    reply: z.object({
      name: PaymentName,
      uri: text(32_768, 'A `bitcoin:` URI, from whoever has the name.'),
      offer: field(Offer, { summary: 'The offer in it, if there is one.' }).optional(),
      expiresAt: field(Timestamp, { summary: 'From then on the proof does not hold.' }),
      ttlSeconds: field(Count, { summary: 'For no longer may it be remembered.' }),
    }),
    errors: ['name-invalid', 'proof-invalid'],
    positional: ['name', 'proof'],
  }),
  pay: command({
    summary:
      'Pays an offer: asks whoever made it for an invoice, checks that it is the one that was asked for, and pays it. Answers when the payment is settled or has failed for good.',
    request: z.strictObject({
      offer: field(Offer, { summary: 'It has to be said, unless a name is said with its proof.' }).optional(),
      name: PaymentName.optional(),
      proof: NameProof.optional(),
      amountMsat: field(Msat, {
        summary:
          'Of all items together: for an offer that names no amount, or to pay more than it asks for. Of an offer in another currency, the most that it may come to.',
      }).optional(),
      maxFeeMsat: field(Msat, {
        summary: `The most that relays may charge; ${maxFee.percent} % and at least ${maxFee.leastSat} sat if not said.`,
      }).optional(),
      quantity: integer(1, Number.MAX_SAFE_INTEGER, 'How many items; one if not said.').optional(),
      payerNote: utf8Text(512, 'What the payee is told.').optional(),
      trampoline: field(NodeId, {
        summary: 'A trampoline node that is to find the way to the payee; half of the fees are for it.',
      }).optional(),
      maxParts: maxParts(`${DEFAULTS.parts}, where the invoice allows it,`),
      ...routeWishes,
    }),
    reply: z.object({ payment: Payment }),
    errors: [
      'trampoline-not-possible',
      'offer-invalid',
      'offer-expired',
      'offer-wrong-network',
      'offer-unsupported',
      'own-offer',
      'amount-required',
      'amount-too-low',
      'amount-too-high',
      'quantity-invalid',
      'name-invalid',
      'proof-invalid',
      'no-way-to-issuer',
      'issuer-not-answering',
      'invoice-refused',
      'invoice-unsound',
      'invoice-unsupported',
      ...paying,
    ],
    effects: ['pays-out', 'fees', 'connects'],
    bounds: ['amountMsat', 'maxFeeMsat'],
    counted: ['offer', 'name', 'quantity'],
    positional: ['offer'],
  }),
  proof: query({
    summary: 'What shows that an offer was paid: the invoice that its issuer has signed, and the preimage.',
    request: z.strictObject({ paymentHash: PaymentHash }),
    reply: z.object({
      offerId: OfferId,
      offer: Offer,
      invoice: field(Hex, { summary: 'The records of BOLT 12, as they came.' }),
      preimage: Preimage.optional(),
    }),
    errors: ['payment-not-found'],
    positional: ['paymentHash'],
  }),
})
