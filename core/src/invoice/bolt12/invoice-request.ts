import { concat } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import type { Bolt12Error } from './bolt12-error.ts'
import { invalid, isAmount, missing, outOfRange, unknownFeature } from './checks.ts'
import { type Bolt12Invoice, type InvoiceRequest, part, REQUEST_FIELDS, requestStream } from './fields.ts'
import { merkleRoot, verifyStream } from './merkle.ts'
import { isForOffer, offerFault, offerIn } from './offer.ts'
import { type Bolt12Owner, type OwnKey, ownKey } from './own-keys.ts'
import { isRequestType, isSignatureType, rawRecords } from './records.ts'
import { decodeBolt12 } from './strings.ts'

/** A request whose signature is that of its payer, and that says all it has to. */
export interface ReadRequest extends InvoiceRequest {
  readonly invreqMetadata: Uint8Array
  readonly invreqPayerId: Uint8Array
}

/** Reads a request that came by an onion message, and checks all that BOLT 12 has a reader check of what it says. */
export const decodeInvoiceRequest = (stream: Uint8Array): Result<ReadRequest, Bolt12Error> => {
  const decoded = parseInvoiceRequest(stream)
  return decoded.ok ? checkRequest(decoded.value) : decoded
}

/** Its records, whatever they say. */
export const parseInvoiceRequest = (stream: Uint8Array): Result<InvoiceRequest, Bolt12Error> => {
  const decoded = decodeWith(requestStream, stream)
  return decoded.ok ? decoded : err({ code: 'malformed', error: decoded.error })
}

/** All that BOLT 12 has a reader check of what the records say. */
export const checkRequest = (said: InvoiceRequest): Result<ReadRequest, Bolt12Error> => {
  const { invreqMetadata, invreqPayerId } = said
  if (invreqMetadata === undefined) return err(missing('invreqMetadata'))
  if (invreqPayerId === undefined) return err(missing('invreqPayerId'))
  const request = { ...said, invreqMetadata, invreqPayerId }
  const fault = requestFault(request)
  return fault === undefined ? ok(request) : err(fault)
}

/** Reads a request that was published as a string: money that its maker wants to send to whoever answers. */
export const decodeRefund = (text: string): Result<ReadRequest, Bolt12Error> => {
  const stream = decodeBolt12('lnr', text)
  if (!stream.ok) return stream
  const request = decodeInvoiceRequest(stream.value)
  // BOLT 12: what names an issuer answers an offer, and is for that issuer alone.
  return request.ok && isForOffer(request.value) ? err(invalid('offerIssuerId')) : request
}

const requestFault = (request: ReadRequest): Bolt12Error | undefined => {
  const { signature, invreqPayerId, invreqAmount } = request
  const isAllowed = (type: bigint) => isRequestType(type) || isSignatureType(type)
  const fault = outOfRange(request, isAllowed) ?? unknownFeature('invreqFeatures', request.invreqFeatures)
  if (fault !== undefined) return fault
  // BOLT 12: one that answers an offer is signed; one that does not has no signature, or a valid one.
  if (signature === undefined && isForOffer(request)) return missing('signature')
  const stream = encodeWith(requestStream, request)
  if (signature !== undefined && !verifyStream('invoice_request', stream, signature, invreqPayerId)) {
    return { code: 'invalid-signature' }
  }
  if (invreqAmount !== undefined && !isAmount(invreqAmount)) return invalid('invreqAmount')
  return isForOffer(request) ? (offerFault(offerIn(request)) ?? quantityFault(request)) : refundFault(request)
}

/** BOLT 12: a quantity is said if the offer has room for one, and within that room. */
export const quantityFault = ({ offerQuantityMax, invreqQuantity }: InvoiceRequest): Bolt12Error | undefined => {
  if (offerQuantityMax === undefined) return invreqQuantity === undefined ? undefined : invalid('invreqQuantity')
  if (invreqQuantity === undefined) return missing('invreqQuantity')
  const isTooMany = offerQuantityMax !== 0n && invreqQuantity > offerQuantityMax
  return invreqQuantity === 0n || isTooMany ? invalid('invreqQuantity') : undefined
}

/** BOLT 12, a request that answers no offer: it says what it is worth, and has none of an offer's choices. */
const refundFault = ({ invreqAmount, ...request }: InvoiceRequest): Bolt12Error | undefined => {
  const forbidden = (['offerChains', 'offerFeatures', 'offerQuantityMax'] as const).find(
    (field) => request[field] !== undefined,
  )
  if (forbidden !== undefined) return invalid(forbidden)
  return invreqAmount === undefined ? missing('invreqAmount') : undefined
}

/** What tells a refund from all others, also as an invoice mirrors it: the root over its records, 32 bytes. */
export const refundId = (refund: Bolt12Invoice): Uint8Array => merkleRoot(encodeWith(requestStream, requestIn(refund)))

/** The request as an onion message carries it. */
export const encodeInvoiceRequest = (request: InvoiceRequest): Uint8Array => encodeWith(requestStream, request)

/** The request that an invoice answers, without its signature. */
export const requestIn = (invoice: Bolt12Invoice): InvoiceRequest => part(invoice, REQUEST_FIELDS, isRequestType)

/** The key of a request that we have made and nobody has changed, also of one that an invoice holds. */
export const keyOfRequest = (owner: Bolt12Owner, request: Bolt12Invoice): OwnKey | undefined => {
  const { invreqMetadata, invreqPayerId } = request
  if (invreqMetadata === undefined || invreqPayerId === undefined) return undefined
  return ownKey(owner, 'invoice_request', invreqMetadata, saidBy(requestIn(request)), invreqPayerId)
}

const METADATA = 0n
const PAYER_ID = 88n

/** All records but those that follow from the others. */
export const saidBy = (request: InvoiceRequest): Uint8Array =>
  concat(
    ...rawRecords(encodeWith(requestStream, request))
      .filter(({ type }) => type !== METADATA && type !== PAYER_ID && !isSignatureType(type))
      .map(({ bytes }) => bytes),
  )
