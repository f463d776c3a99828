import { secp256k1 } from '../../crypto/secp256k1.ts'
import { EMPTY, equalBytes } from '../../lib/bytes.ts'
import { invariant } from '../../lib/errors.ts'
import type { PaymentHash, PrivateKey } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { Msat, TimestampMs } from '../../lib/units.ts'
import type { PathCosts } from '../../onion/blinded-fees.ts'
import type { BlindedPath } from '../../onion/blinded-path.ts'
import { encodeWith } from '../../wire/codec/codec.ts'
import { vectorOfBits } from '../../wire/features.ts'
import type { Bolt12Error } from './bolt12-error.ts'
import { invalid, isChain, missing } from './checks.ts'
import { type Bolt12Fallback, type Bolt12Invoice, type InvoiceRequest, invoiceStream } from './fields.ts'
import { DEFAULT_RELATIVE_EXPIRY, isWitnessProgram, MPP_COMPULSORY, MPP_OPTIONAL } from './invoice.ts'
import { checkRequest, type ReadRequest, requestIn } from './invoice-request.ts'
import { keyOfOffer } from './issue-offer.ts'
import { signStream } from './merkle.ts'
import { type ConvertCurrency, expectedAmount, isForOffer, offerIn, offerRefusal } from './offer.ts'
import { type Bolt12Owner, cameBy, type OwnKey, ownPathId } from './own-keys.ts'

export interface RequestEnv {
  readonly chainHash: Uint8Array
  readonly now: TimestampMs
  /** Of the blinded path that the request came by; absent if it came by none. */
  readonly pathId?: Uint8Array | undefined
  readonly convert?: ConvertCurrency
}

export type RequestRefusal = Bolt12Error | UnansweredRequest

/** Why whoever asks gets no answer at all. */
export type UnansweredRequest =
  /** No offer of ours, or one that was changed on its way. */
  | { readonly code: 'unknown-offer' }
  /** BOLT 12: ignored, so that nobody learns that the offer is ours. */
  | { readonly code: 'wrong-path' }

/** What a request is to be answered with: an invoice for this amount, signed by this key. */
export interface AcceptedRequest {
  readonly amountMsat: Msat
  readonly key: OwnKey
}

/** The key of the offer of ours that a request is for. The request may be wrong in anything else. */
const keyToAnswer = (
  owner: Bolt12Owner,
  request: InvoiceRequest,
  pathId: Uint8Array | undefined,
): Result<OwnKey, UnansweredRequest> => {
  const offer = offerIn(request)
  // BOLT 12: the offer's fields are exactly those of an offer of ours.
  const key = keyOfOffer(owner, offer)
  if (key === undefined || offer.offerMetadata === undefined) return err({ code: 'unknown-offer' })
  // BOLT 12: by one of the offer's paths if it has any, and by no path if it has none.
  const expectedPath = offer.offerPaths === undefined ? undefined : ownPathId(owner, 'offer', offer.offerMetadata)
  return cameBy(expectedPath, pathId) ? ok(key) : err({ code: 'wrong-path' })
}

/** Checks a request, and holds it against the offer of ours that it answers. Nothing of the offer has to be kept. */
export const acceptRequest = (
  owner: Bolt12Owner,
  request: InvoiceRequest,
  { chainHash, now, pathId, convert }: RequestEnv,
): Result<AcceptedRequest, RequestRefusal> => {
  const offer = offerIn(request)
  const key = keyToAnswer(owner, request, pathId)
  if (!key.ok) return key
  const checked = checkRequest(request)
  if (!checked.ok) return checked
  if (!isChain(request.invreqChain, chainHash)) return err({ code: 'wrong-chain' })
  const refusal = offerRefusal(offer, chainHash, now)
  if (refusal !== undefined) return err(refusal)
  const expected = expectedAmount(request, convert)
  if (!expected.ok) return expected
  const amountMsat = request.invreqAmount ?? expected.value
  if (amountMsat === undefined) return err(missing('invreqAmount'))
  if (expected.value !== undefined && amountMsat < expected.value) return err(invalid('invreqAmount'))
  return ok({ amountMsat, key: key.value })
}

/** What we can fetch by a refund, if it is for this chain and still valid. */
export const acceptRefund = (
  refund: ReadRequest,
  { chainHash, now }: Pick<RequestEnv, 'chainHash' | 'now'>,
): Result<Msat, Bolt12Error> => {
  if (isForOffer(refund)) return err(invalid('offerIssuerId'))
  if (!isChain(refund.invreqChain, chainHash)) return err({ code: 'wrong-chain' })
  const { offerAbsoluteExpiry, invreqAmount } = refund
  if (offerAbsoluteExpiry !== undefined && BigInt(now) > offerAbsoluteExpiry * 1000n) return err({ code: 'expired' })
  return invreqAmount === undefined ? err(missing('invreqAmount')) : ok(invreqAmount)
}

export interface InvoiceTerms {
  readonly amountMsat: Msat
  readonly paymentHash: PaymentHash
  readonly now: TimestampMs
  readonly relativeExpirySeconds: number
  /** The ways to us, the best first; at least one. */
  readonly paths: readonly { readonly path: BlindedPath; readonly costs: PathCosts }[]
  /** Whether the payment may come in parts, or has to. */
  readonly multiPart: 'no' | 'optional' | 'compulsory'
  readonly fallbacks: readonly Bolt12Fallback[]
}

/** The invoice that answers a request, signed by the key that the offer names; for a refund by any. `auxiliary`: 32 fresh random bytes. */
export const answerRequest = (
  request: InvoiceRequest,
  { amountMsat, paymentHash, now, relativeExpirySeconds, paths, multiPart, fallbacks }: InvoiceTerms,
  privateKey: PrivateKey,
  auxiliary: Uint8Array,
): Bolt12Invoice => {
  const invoiceNodeId = secp256k1.publicKey(privateKey)
  const { offerIssuerId, invreqAmount } = request
  invariant(offerIssuerId === undefined || equalBytes(offerIssuerId, invoiceNodeId), 'the offer names who signs')
  invariant(invreqAmount === undefined || invreqAmount === amountMsat, 'the invoice is for what was asked for')
  invariant(paths.length > 0, 'some path leads to us')
  invariant(fallbacks.every(isWitnessProgram), 'a fallback address is a witness program')
  const unsigned: Bolt12Invoice = {
    // BOLT 12, the writer: all fields of the request go along, those too that we do not know, and no signature.
    ...requestIn(request),
    invoicePaths: paths.map(({ path }) => path),
    // BOLT 12: one for each path; without features, as the paths are.
    invoiceBlindedpay: paths.map(({ costs }) => ({ ...costs, features: EMPTY })),
    invoiceCreatedAt: BigInt(Math.floor(now / 1000)),
    ...(relativeExpirySeconds === DEFAULT_RELATIVE_EXPIRY ? {} : { invoiceRelativeExpiry: relativeExpirySeconds }),
    invoicePaymentHash: paymentHash,
    invoiceAmount: amountMsat,
    ...(fallbacks.length === 0 ? {} : { invoiceFallbacks: fallbacks }),
    ...(multiPart === 'no'
      ? {}
      : { invoiceFeatures: vectorOfBits([multiPart === 'compulsory' ? MPP_COMPULSORY : MPP_OPTIONAL]) }),
    invoiceNodeId,
  }
  const signature = signStream('invoice', encodeWith(invoiceStream, unsigned), privateKey, auxiliary)
  return { ...unsigned, signature }
}
