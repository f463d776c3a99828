import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { keyOfRequest, type ReadRequest, refundId } from '../../invoice/bolt12/invoice-request.ts'
import type { Bolt12Owner } from '../../invoice/bolt12/own-keys.ts'
import { toHex } from '../../lib/bytes.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { OwnRefund } from '../offers/own-refunds.ts'
import { countOf, shownText } from './describe-offer.ts'

type RefundSummary = ReplyOf<'refunds', 'get'>['refund']

/** A refund of ours in the contract's form. */
export const describeRefund = (refund: OwnRefund, now: TimestampMs): RefundSummary => {
  const { id, request, text, amountMsat, maxFeeMsat, createdAt, expiresAt, state } = refund
  return {
    refundId: toHex(id),
    refund: text,
    status: state.type === 'open' && now > expiresAt ? 'expired' : state.type,
    amountMsat,
    maxFeeMsat,
    ...textsOf(request),
    description: shownText(request.offerDescription ?? ''),
    blinded: request.invreqPaths !== undefined,
    ...(state.type === 'open' || state.paymentHash === undefined ? {} : { paymentHash: toHex(state.paymentHash) }),
    createdAt,
    expiresAt,
    ...(state.type === 'paid' || state.type === 'cancelled' ? { endedAt: state.at } : {}),
  }
}

/** A refund of anybody in the contract's form. */
export const describeDecodedRefund = (
  refund: ReadRequest,
  owner: Bolt12Owner,
): ReplyOf<'refunds', 'decode'>['refund'] => {
  const {
    offerCurrency,
    offerDescription,
    offerAbsoluteExpiry,
    invreqAmount = 0n,
    invreqPayerId,
    invreqPaths = [],
  } = refund
  return {
    refundId: toHex(refundId(refund)),
    amountMsat: invreqAmount,
    ...(offerCurrency === undefined ? {} : { currency: offerCurrency.slice(0, 8).toWellFormed() }),
    ...(offerDescription === undefined ? {} : { description: shownText(offerDescription) }),
    ...textsOf(refund),
    ...(offerAbsoluteExpiry === undefined ? {} : { expiresAt: countOf(offerAbsoluteExpiry * 1_000n) }),
    payerId: toHex(invreqPayerId),
    paths: invreqPaths.length,
    own: keyOfRequest(owner, refund) !== undefined,
  }
}

const textsOf = ({ offerIssuer, invreqPayerNote }: ReadRequest) => ({
  ...(offerIssuer === undefined ? {} : { issuer: shownText(offerIssuer) }),
  ...(invreqPayerNote === undefined ? {} : { payerNote: shownText(invreqPayerNote) }),
})
