import { invariant } from '../../lib/errors.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Msat, TimestampMs } from '../../lib/units.ts'
import type { Bolt12Error } from './bolt12-error.ts'
import { invalid, isAmount, isBitcoin, missing } from './checks.ts'
import { type Bip353Name, type InvoiceRequest, isBip353Name, type Offer } from './fields.ts'
import { encodeInvoiceRequest, quantityFault, saidBy } from './invoice-request.ts'
import { signStream } from './merkle.ts'
import { type ConvertCurrency, expectedAmount, offerFault, offerRefusal } from './offer.ts'
import { type Bolt12Owner, ownIdentity } from './own-keys.ts'
import { encodeBolt12 } from './strings.ts'

/** What a payer wants of an offer. */
export interface RequestTerms {
  /** The chain to pay on, by the hash of its genesis block. */
  readonly chainHash: Uint8Array
  /** Where the offer leaves it to the payer; otherwise at least what the offer asks for. */
  readonly amountMsat?: Msat
  /** Where the offer has room for one. */
  readonly quantity?: bigint
  readonly payerNote?: string
  /** By which the offer was found. */
  readonly bip353Name?: Bip353Name
}

/** What is fresh and random about a request: 16 bytes, and 32. */
export interface RequestRandomness {
  readonly nonce: Uint8Array
  readonly auxiliary: Uint8Array
}

/** A signed request for an invoice. It names a key of its own, which `keyOfRequest` finds again. */
export const requestInvoice = (
  owner: Bolt12Owner,
  offer: Offer,
  terms: RequestTerms,
  { nonce, auxiliary }: RequestRandomness,
  now: TimestampMs,
  convert?: ConvertCurrency,
): Result<InvoiceRequest, Bolt12Error> => {
  const { chainHash, amountMsat, quantity, payerNote, bip353Name } = terms
  // BOLT 12, the writer: all fields of the offer go along, those too that we do not know; Bitcoin is not said.
  const said: InvoiceRequest = {
    ...offer,
    ...(isBitcoin(chainHash) ? {} : { invreqChain: chainHash }),
    ...(amountMsat === undefined ? {} : { invreqAmount: amountMsat }),
    ...(quantity === undefined ? {} : { invreqQuantity: quantity }),
    ...(payerNote === undefined ? {} : { invreqPayerNote: payerNote }),
    ...(bip353Name === undefined ? {} : { invreqBip353Name: bip353Name }),
  }
  const fault =
    offerFault(offer) ?? offerRefusal(offer, chainHash, now) ?? quantityFault(said) ?? amountFault(said, convert)
  if (fault !== undefined) return err(fault)
  if (bip353Name !== undefined && !isBip353Name(bip353Name)) return err(invalid('invreqBip353Name'))

  const { metadata, id, key } = ownIdentity(owner, 'invoice_request', nonce, saidBy(said), false)
  invariant(key.type === 'derived', 'a request for an offer has a key of its own')
  const unsigned = { ...said, invreqMetadata: metadata, invreqPayerId: id }
  const signature = signStream('invoice_request', encodeInvoiceRequest(unsigned), key.privateKey, auxiliary)
  return ok({ ...unsigned, signature })
}

/** BOLT 12, the writer: the amount is said if the offer says none, and is at least what the offer asks for. */
const amountFault = (request: InvoiceRequest, convert: ConvertCurrency | undefined): Bolt12Error | undefined => {
  const { offerAmount, offerCurrency, invreqAmount } = request
  if (invreqAmount === undefined) {
    if (offerAmount === undefined) return missing('invreqAmount')
    // In another currency it is the issuer who names the amount.
    if (offerCurrency !== undefined) return undefined
  } else if (!isAmount(invreqAmount)) return invalid('invreqAmount')
  const expected = expectedAmount(request, convert)
  if (!expected.ok) return expected.error
  const isLess = invreqAmount !== undefined && expected.value !== undefined && invreqAmount < expected.value
  return isLess ? invalid('invreqAmount') : undefined
}

/** What we want to send to whoever answers; paths are to be made with `ownPathId`. */
export type RefundTerms = Pick<
  InvoiceRequest,
  'offerAbsoluteExpiry' | 'offerIssuer' | 'invreqPaths' | 'invreqPayerNote'
> & {
  readonly chainHash: Uint8Array
  readonly description: string
  readonly amountMsat: Msat
}

/**
 * A request that answers no offer: an invoice by which money can be fetched from us. With paths it names a key of its own, without them our
 * node's id, as an offer does. `nonce`: 16 fresh random bytes.
 */
export const createRefund = (
  owner: Bolt12Owner,
  nonce: Uint8Array,
  { chainHash, description, amountMsat, ...others }: RefundTerms,
): InvoiceRequest => {
  invariant(isAmount(amountMsat), 'a refund is of some amount')
  const said: InvoiceRequest = {
    ...others,
    offerDescription: description,
    ...(isBitcoin(chainHash) ? {} : { invreqChain: chainHash }),
    invreqAmount: amountMsat,
  }
  const { metadata, id } = ownIdentity(owner, 'invoice_request', nonce, saidBy(said), said.invreqPaths === undefined)
  return { ...said, invreqMetadata: metadata, invreqPayerId: id }
}

/** The refund as a string. */
export const encodeRefund = (refund: InvoiceRequest): string => encodeBolt12('lnr', encodeInvoiceRequest(refund))
