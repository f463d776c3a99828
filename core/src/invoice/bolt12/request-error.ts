import { encodeWith } from '../../wire/codec/codec.ts'
import { bytes32, tu64 } from '../../wire/codec/primitives.ts'
import type { Bolt12Error, Bolt12Field } from './bolt12-error.ts'
import { type InvoiceRequest, typeOf } from './fields.ts'
import type { InvoiceError } from './invoice-error.ts'
import { expectedAmount } from './offer.ts'

type SaidError = InvoiceError & { readonly error: string }

/** What a payer is told of a request for an offer of ours that is wrong. `request`: absent where its records cannot be read. */
export const requestError = (
  error: Bolt12Error,
  request: InvoiceRequest | undefined,
  chainHash: Uint8Array,
): SaidError => {
  switch (error.code) {
    case 'missing-field':
    case 'invalid-field':
      return about(error.field, textOf(error.field, error.code), request && suggestion(error.field, request))
    case 'unknown-even-feature':
      return about(error.field, `feature ${error.bit} is not known here`)
    case 'type-out-of-range':
      return { error: 'a record of this type has no place in a request', erroneousField: error.type }
    case 'invalid-signature':
      return about('signature', 'the signature is not that of the payer id')
    case 'wrong-chain':
      return about('invreqChain', 'the offer is for another chain', encodeWith(bytes32, chainHash))
    case 'expired':
      return about('offerAbsoluteExpiry', 'the offer has expired')
    case 'unknown-currency':
      return about('offerCurrency', 'this node does not convert the currency')
    default:
      return { error: 'the request cannot be read' }
  }
}

const about = (field: Bolt12Field, error: string, suggestedValue?: Uint8Array): SaidError => ({
  error,
  erroneousField: typeOf(field),
  // BOLT 12, the writer: a value that is valid for the field.
  ...(suggestedValue === undefined ? {} : { suggestedValue }),
})

const textOf = (field: Bolt12Field, code: 'missing-field' | 'invalid-field'): string => {
  if (field === 'invreqAmount') return 'the amount is not enough, or missing'
  if (field === 'invreqQuantity') return 'the offer is not for so many items'
  return code === 'missing-field' ? 'a record is missing' : 'the request does not fit the offer'
}

/** What the offer would have taken. */
const suggestion = (field: Bolt12Field, request: InvoiceRequest): Uint8Array | undefined => {
  const { offerQuantityMax, invreqQuantity = 0n } = request
  if (field === 'invreqAmount') {
    const expected = expectedAmount(request)
    return expected.ok && expected.value !== undefined ? encodeWith(tu64, expected.value) : undefined
  }
  // Where the offer has no room for a quantity, none is valid.
  if (field !== 'invreqQuantity' || offerQuantityMax === undefined) return undefined
  return encodeWith(tu64, invreqQuantity === 0n ? 1n : offerQuantityMax)
}
