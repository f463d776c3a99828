import { tryUtf8Decode, utf8Encode } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import type { NodeId, PaymentHash, PublicKey, Signature } from '../../lib/ids.ts'
import type { Msat } from '../../lib/units.ts'
import { type BlindedPath, blindedPath, curvePoint } from '../../onion/blinded-path.ts'
import { type BlindedPayinfo, blindedPayinfo } from '../../onion/blinded-payinfo.ts'
import type { Codec } from '../../wire/codec/codec.ts'
import { mapped, restList, struct } from '../../wire/codec/combinators.ts'
import { bytes32, restBytes, signature, tu32, tu64, u8, u16Bytes } from '../../wire/codec/primitives.ts'
import { type TlvFields, tlv, tlvStream } from '../../wire/codec/tlv-stream.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import type { WithUnknownTlvs } from '../../wire/tlv-record.ts'

// BOLT 12's streams, by the names that it gives their fields. A request has the fields of its offer in it, and an invoice those of both: what
// one of them does not know is kept, and goes along. Texts come from strangers: escape them where they are shown.

export interface Offer extends WithUnknownTlvs {
  /** Genesis hashes as BOLT 0 has them. Absent: Bitcoin alone. */
  readonly offerChains?: readonly Uint8Array[]
  /** The issuer's own. */
  readonly offerMetadata?: Uint8Array
  /** ISO 4217. Absent: millisatoshis, or what they are on the offer's chain. */
  readonly offerCurrency?: string
  /** For each item; in the currency's smallest unit. Absent: the payer chooses. */
  readonly offerAmount?: bigint
  readonly offerDescription?: string
  readonly offerFeatures?: FeatureVector
  /** Seconds since the Unix epoch. */
  readonly offerAbsoluteExpiry?: bigint
  readonly offerPaths?: readonly BlindedPath[]
  readonly offerIssuer?: string
  /** How many items one invoice may be for; 0 says that any number is fine. Absent: one, which is not said. */
  readonly offerQuantityMax?: bigint
  readonly offerIssuerId?: NodeId
}

export interface InvoiceRequest extends Offer {
  readonly invreqMetadata?: Uint8Array
  /** Absent: Bitcoin. */
  readonly invreqChain?: Uint8Array
  readonly invreqAmount?: Msat
  readonly invreqFeatures?: FeatureVector
  readonly invreqQuantity?: bigint
  readonly invreqPayerId?: PublicKey
  readonly invreqPayerNote?: string
  readonly invreqPaths?: readonly BlindedPath[]
  readonly invreqBip353Name?: Bip353Name
  /** BIP 340. */
  readonly signature?: Signature
}

export interface Bolt12Invoice extends InvoiceRequest {
  readonly invoicePaths?: readonly BlindedPath[]
  /** One for each path. */
  readonly invoiceBlindedpay?: readonly BlindedPayinfo[]
  /** Seconds since the Unix epoch. */
  readonly invoiceCreatedAt?: bigint
  /** Seconds from then on. Absent: 7200. */
  readonly invoiceRelativeExpiry?: number
  readonly invoicePaymentHash?: PaymentHash
  readonly invoiceAmount?: Msat
  readonly invoiceFallbacks?: readonly Bolt12Fallback[]
  readonly invoiceFeatures?: FeatureVector
  readonly invoiceNodeId?: NodeId
}

/** The two parts of a name such as ₿user@example.com (BIP 353). */
export interface Bip353Name {
  readonly name: string
  readonly domain: string
}

/** An on-chain address: a witness version with its program. */
export interface Bolt12Fallback {
  readonly version: number
  readonly address: Uint8Array
}

/** UTF-8 up to the end of the field. */
export const text: Codec<string> = mapped(restBytes, tryUtf8Decode, (value) => {
  invariant(value.isWellFormed(), 'a text of BOLT 12 has no UTF-8')
  return utf8Encode(value)
})

/** Nothing can be done with a list of none where there is one. */
const someOf = <T>(element: Codec<T>): Codec<readonly T[]> =>
  mapped(
    restList(element),
    (values) => (values.length > 0 ? values : undefined),
    (values) => values,
  )

const paths = someOf(blindedPath)

const offerFields: TlvFields<Offer> = {
  offerChains: tlv(2, someOf(bytes32)),
  offerMetadata: tlv(4, restBytes),
  offerCurrency: tlv(6, text),
  offerAmount: tlv(8, tu64),
  offerDescription: tlv(10, text),
  offerFeatures: tlv(12, restBytes),
  offerAbsoluteExpiry: tlv(14, tu64),
  offerPaths: tlv(16, paths),
  offerIssuer: tlv(18, text),
  offerQuantityMax: tlv(20, tu64),
  offerIssuerId: tlv(22, curvePoint),
}

/** The fields of an offer, which go along in requests and invoices. */
export const OFFER_FIELDS = Object.keys(offerFields) as readonly (keyof typeof offerFields)[]

// BOLT 12, the reader of a request: a name of other characters is refused. It goes into a lookup, and before a person.
const NAME = /^[0-9a-zA-Z._-]{0,255}$/

/** Whether a name can be said in a request. */
export const isBip353Name = ({ name, domain }: Bip353Name): boolean => NAME.test(name) && NAME.test(domain)

const nameText: Codec<string> = {
  encode(writer, value) {
    writer.u8(value.length)
    writer.bytes(utf8Encode(value))
  },
  decode(reader) {
    const value = String.fromCharCode(...reader.take(u8.decode(reader)))
    if (!NAME.test(value)) reader.fail('invalid-value')
    return value
  },
}

const requestFields: TlvFields<InvoiceRequest> = {
  ...offerFields,
  invreqMetadata: tlv(0, restBytes),
  invreqChain: tlv(80, bytes32),
  invreqAmount: tlv(82, tu64),
  invreqFeatures: tlv(84, restBytes),
  invreqQuantity: tlv(86, tu64),
  invreqPayerId: tlv(88, curvePoint),
  invreqPayerNote: tlv(89, text),
  invreqPaths: tlv(90, paths),
  invreqBip353Name: tlv(91, struct<Bip353Name>({ name: nameText, domain: nameText })),
  signature: tlv(240, signature),
}

const fallback = struct<Bolt12Fallback>({ version: u8, address: u16Bytes })

/** The fields of a request, which go along in invoices, without its signature. */
export const REQUEST_FIELDS = (Object.keys(requestFields) as readonly (keyof typeof requestFields)[]).filter(
  (field) => field !== 'signature',
)

const invoiceFields: TlvFields<Bolt12Invoice> = {
  ...requestFields,
  invoicePaths: tlv(160, paths),
  invoiceBlindedpay: tlv(162, restList(blindedPayinfo)),
  invoiceCreatedAt: tlv(164, tu64),
  invoiceRelativeExpiry: tlv(166, tu32),
  invoicePaymentHash: tlv(168, bytes32),
  invoiceAmount: tlv(170, tu64),
  invoiceFallbacks: tlv(172, restList(fallback)),
  invoiceFeatures: tlv(174, restBytes),
  invoiceNodeId: tlv(176, curvePoint),
}

/** The number of a field's record. */
export const typeOf = (field: Exclude<keyof Bolt12Invoice, 'unknownTlvs'>): bigint => invoiceFields[field].type

export const offerStream = tlvStream<Offer>(offerFields)
export const requestStream = tlvStream<InvoiceRequest>(requestFields)
export const invoiceStream = tlvStream<Bolt12Invoice>(invoiceFields)

/** These fields of a stream, and its unknown records of these types. */
export const part = <Field extends keyof Bolt12Invoice>(
  stream: Bolt12Invoice,
  names: readonly Field[],
  isIn: (type: bigint) => boolean,
): Pick<Bolt12Invoice, Field | 'unknownTlvs'> => {
  const unknownTlvs = stream.unknownTlvs?.filter(({ type }) => isIn(type)) ?? []
  const fields = names.flatMap((name) => (stream[name] === undefined ? [] : [[name, stream[name]]]))
  return { ...Object.fromEntries(fields), ...(unknownTlvs.length === 0 ? {} : { unknownTlvs }) }
}
