import { toHex, utf8Encode } from '../../lib/bytes.ts'
import type { OfferAmountError } from '../../payment/send/offer-amount.ts'
import { printableText } from '../../wire/printable-text.ts'
import type { FetchFailure, RequestRefused } from '../offers/offer-payer.ts'
import { refusal } from './handlers.ts'

export const NO_MESSAGES = refusal(
  'not-supported',
  'this node takes no onion messages, and offers need them: start it without --onion-messages off',
)

export const NO_RELAYING_PEER = refusal(
  'no-relaying-peer',
  'no peer with a channel passes messages on, so that it would name this node: connect to one that does, or leave blinded away',
  { field: 'blinded' },
)

export const unreadableOffer = refusal('offer-invalid', 'this is no offer, or a damaged one: is all of it there?', {
  field: 'offer',
})

/** Why an offer cannot be paid like this, in the contract's terms. */
export const offerAmountRefusal = (error: OfferAmountError) => {
  switch (error.code) {
    case 'amount-required':
      return refusal('amount-required', 'the offer leaves the amount to you: say it', { field: 'amountMsat' })
    case 'amount-too-low':
      return refusal('amount-too-low', `the offer asks for ${error.leastMsat} msat at least`, {
        field: 'amountMsat',
        details: { leastMsat: `${error.leastMsat}` },
      })
    case 'quantity-invalid':
      return refusal(
        'quantity-invalid',
        error.most === undefined ? 'the offer is for one item' : `the offer is for ${error.most} items at most`,
        { field: 'quantity' },
      )
    case 'limit-required':
      return refusal('amount-required', 'the price is in another currency: say the most that it may come to', {
        field: 'amountMsat',
        details: { currency: shown(error.currency) },
      })
    case 'offer-invalid':
      return refusal('offer-invalid', 'nobody can pay what the offer asks for', { field: 'offer' })
  }
}

/** Why no invoice was fetched, in the contract's terms. Nothing was paid. */
export const fetchRefusal = (failure: FetchFailure) => {
  switch (failure.code) {
    case 'expired':
      return refusal('offer-expired', 'the offer has expired', { field: 'offer' })
    case 'wrong-chain':
      return refusal('offer-wrong-network', 'the offer is for another network', { field: 'offer' })
    case 'no-way-to-node':
      return refusal(
        'no-way-to-issuer',
        'no way for messages to the issuer is known: connect to a node that passes them on',
      )
    case 'leads-to-ourselves':
      return refusal('own-offer', 'this node made the offer itself', { field: 'offer' })
    case 'peer-congested':
    case 'no-answer':
      return refusal('issuer-not-answering', 'the issuer has sent no invoice in time: nothing was paid, try again')
    case 'amount-too-high':
      return refusal('amount-too-high', `the issuer asks for ${failure.amountMsat} msat: nothing was paid`, {
        field: 'amountMsat',
        details: { amountMsat: `${failure.amountMsat}` },
      })
    case 'request-refused':
      return invoiceRefused(failure)
    case 'invoice-unsound':
      return refusal('invoice-unsound', 'the invoice that came is not the one that was asked for: nothing was paid', {
        details: { reason: failure.reason },
      })
    default:
      return refusal('offer-unsupported', 'this node cannot ask for what the offer wants', {
        field: 'offer',
        details: { reason: failure.code },
      })
  }
}

/** What the other side says in an `invoice_error`. The record that it names is told by its number in BOLT 12, and what it suggests as bytes. */
export const invoiceRefused = (
  { text: said, erroneousField, suggestedValue }: RequestRefused,
  who = 'the issuer sends no invoice',
) => {
  const text = shown(said)
  return refusal('invoice-refused', `${who}${text === '' ? '' : `, and says “${text}”`}`, {
    details: {
      text,
      ...(erroneousField === undefined ? {} : { erroneousField: `${erroneousField}` }),
      ...(suggestedValue === undefined ? {} : { suggestedValue: toHex(suggestedValue.subarray(0, MAX_SUGGESTED)) }),
    },
  })
}

/** Characters, and bytes. */
const MAX_SHOWN = 200
const MAX_SUGGESTED = 256

/** A stranger's words, if all of them can be shown. */
const shown = (text: string): string => (printableText(utf8Encode(text)) ?? '').slice(0, MAX_SHOWN)
