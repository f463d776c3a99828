import test from 'ava'
import type { Offer } from '../../invoice/bolt12/fields.ts'
import { offerAmount, requestedQuantity } from './offer-amount.ts'

const one: Offer = { offerAmount: 500n, offerDescription: 'tea' }
const many: Offer = { ...one, offerQuantityMax: 3n }

test('an offer costs what it asks for, times the items, or more if that is said', (t) => {
  t.deepEqual(offerAmount(one, {}), { ok: true, value: 500n })
  t.deepEqual(offerAmount(one, { amountMsat: 600n, quantity: 1 }), { ok: true, value: 600n })
  t.deepEqual(offerAmount(many, { quantity: 3 }), { ok: true, value: 1_500n })
  t.deepEqual(offerAmount(many, {}), { ok: true, value: 500n })
  t.deepEqual(offerAmount({ offerDescription: 'x' }, { amountMsat: 7n }), { ok: true, value: 7n })
  t.deepEqual(
    [one, many].map((offer) => requestedQuantity(offer, {})),
    [undefined, 1n],
  )
})

test('what an offer does not allow is told', (t) => {
  t.deepEqual(offerAmount({}, {}), { ok: false, error: { code: 'amount-required' } })
  t.deepEqual(offerAmount({}, { amountMsat: 0n }), { ok: false, error: { code: 'amount-required' } })
  t.deepEqual(offerAmount(one, { amountMsat: 499n }), { ok: false, error: { code: 'amount-too-low', leastMsat: 500n } })
  t.deepEqual(offerAmount(one, { quantity: 2 }), { ok: false, error: { code: 'quantity-invalid', most: undefined } })
  t.deepEqual(offerAmount(many, { quantity: 4 }), { ok: false, error: { code: 'quantity-invalid', most: 3n } })
  // Only the issuer knows what it comes to: the most that it may is said.
  const priced = { ...one, offerCurrency: 'EUR' }
  t.deepEqual(offerAmount(priced, {}), { ok: false, error: { code: 'limit-required', currency: 'EUR' } })
  t.deepEqual(offerAmount(priced, { amountMsat: 9n }), { ok: true, value: 9n })
  t.deepEqual(offerAmount({ ...many, offerAmount: 2n ** 63n }, {}), { ok: false, error: { code: 'offer-invalid' } })
})
