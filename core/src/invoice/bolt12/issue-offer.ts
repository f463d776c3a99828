import { concat } from '../../lib/bytes.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { BlindedPath } from '../../onion/blinded-path.ts'
import { encodeWith } from '../../wire/codec/codec.ts'
import type { Bolt12Error } from './bolt12-error.ts'
import { invalid, isBitcoin } from './checks.ts'
import { type Offer, offerStream } from './fields.ts'
import { offerFault } from './offer.ts'
import { type Bolt12Owner, type OwnKey, ownIdentity, ownKey } from './own-keys.ts'
import { rawRecords } from './records.ts'

/** What an issuer chooses of an offer. */
export interface OfferTerms {
  /** The chain to be paid on, by the hash of its genesis block. */
  readonly chainHash: Uint8Array
  /** For each item: in millisatoshis, or in the smallest unit of an ISO 4217 currency. Absent: the payer chooses. */
  readonly price?: { readonly amount: bigint; readonly currency?: string }
  /** What is paid for; where there is a price it has to be said. */
  readonly description?: string
  readonly issuer?: string
  /** Seconds since the Unix epoch. */
  readonly absoluteExpiry?: bigint
  /** How many items one invoice may be for. Absent: one. */
  readonly quantityMax?: bigint | 'any'
  /** The ways to us, made with `ownPathId`. */
  readonly paths?: readonly BlindedPath[]
}

/**
 * A new offer of ours. With paths it names a key of its own, so that it does not tell whose it is; without them our node's id, the only
 * thing that leads to us. `nonce`: 16 fresh random bytes.
 */
export const issueOffer = (owner: Bolt12Owner, nonce: Uint8Array, terms: OfferTerms): Result<Offer, Bolt12Error> => {
  const { chainHash, price, description, issuer, absoluteExpiry, quantityMax, paths } = terms
  // BOLT 12, the writer: Bitcoin alone is not said.
  const said: Offer = {
    ...(isBitcoin(chainHash) ? {} : { offerChains: [chainHash] }),
    ...(price?.currency === undefined ? {} : { offerCurrency: price.currency }),
    ...(price === undefined ? {} : { offerAmount: price.amount }),
    ...(description === undefined ? {} : { offerDescription: description }),
    ...(absoluteExpiry === undefined ? {} : { offerAbsoluteExpiry: absoluteExpiry }),
    ...(paths === undefined ? {} : { offerPaths: paths }),
    ...(issuer === undefined ? {} : { offerIssuer: issuer }),
    ...(quantityMax === undefined ? {} : { offerQuantityMax: quantityMax === 'any' ? 0n : quantityMax }),
  }
  // BOLT 12, the writer: an ISO 4217 code of three letters; a known maximum is not 0, which says that there is none.
  if (price?.currency !== undefined && !/^[A-Z]{3}$/.test(price.currency)) return err(invalid('offerCurrency'))
  if (quantityMax === 0n) return err(invalid('offerQuantityMax'))
  const { metadata, id } = ownIdentity(owner, 'offer', nonce, saidBy(said), paths === undefined)
  const offer = { ...said, offerMetadata: metadata, offerIssuerId: id }
  const fault = offerFault(offer)
  return fault === undefined ? ok(offer) : err(fault)
}

/** The key of an offer that we have issued and nobody has changed. */
export const keyOfOffer = (owner: Bolt12Owner, offer: Offer): OwnKey | undefined => {
  const { offerMetadata, offerIssuerId } = offer
  if (offerMetadata === undefined || offerIssuerId === undefined) return undefined
  return ownKey(owner, 'offer', offerMetadata, saidBy(offer), offerIssuerId)
}

const METADATA = 4n
const ISSUER_ID = 22n

/** All records but those that follow from the others. */
const saidBy = (offer: Offer): Uint8Array =>
  concat(
    ...rawRecords(encodeWith(offerStream, offer))
      .filter(({ type }) => type !== METADATA && type !== ISSUER_ID)
      .map(({ bytes }) => bytes),
  )
