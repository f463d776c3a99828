import test from 'ava'
import { fetchRefusal, NO_MESSAGES, offerAmountRefusal } from './offer-refusals.ts'

test('why an offer is not paid is told, and a stranger’s words only where they can be shown', (t) => {
  const told = [
    fetchRefusal({ code: 'expired' }),
    fetchRefusal({ code: 'wrong-chain' }),
    fetchRefusal({ code: 'no-way-to-node' }),
    fetchRefusal({ code: 'leads-to-ourselves' }),
    fetchRefusal({ code: 'peer-congested' }),
    fetchRefusal({ code: 'no-answer' }),
    fetchRefusal({ code: 'invoice-unsound', reason: 'invalid-signature' }),
    fetchRefusal({ code: 'message-too-long' }),
    offerAmountRefusal({ code: 'amount-required' }),
    offerAmountRefusal({ code: 'amount-too-low', leastMsat: 5n }),
    offerAmountRefusal({ code: 'quantity-invalid', most: undefined }),
    offerAmountRefusal({ code: 'limit-required', currency: 'EUR' }),
    fetchRefusal({ code: 'amount-too-high', amountMsat: 7n }),
    offerAmountRefusal({ code: 'offer-invalid' }),
    NO_MESSAGES,
  ]
  t.deepEqual(
    told.map(({ code }) => code),
    [
      'offer-expired',
      'offer-wrong-network',
      'no-way-to-issuer',
      'own-offer',
      'issuer-not-answering',
      'issuer-not-answering',
      'invoice-unsound',
      'offer-unsupported',
      'amount-required',
      'amount-too-low',
      'quantity-invalid',
      'amount-required',
      'amount-too-high',
      'offer-invalid',
      'not-supported',
    ],
  )
  const refused = (text: string) => fetchRefusal({ code: 'request-refused', text }).details
  t.deepEqual(refused('sold out'), { text: 'sold out' })
  t.regex(fetchRefusal({ code: 'request-refused', text: 'sold out' }).message, /says “sold out”$/)
  t.regex(fetchRefusal({ code: 'request-refused', text: '' }).message, /no invoice$/)
  t.deepEqual(refused('\u001b[2Jgone'), { text: '' })
  t.deepEqual(refused('x'.repeat(300)), { text: 'x'.repeat(200) })
  const more = { erroneousField: 86n, suggestedValue: Uint8Array.of(5) }
  t.deepEqual(fetchRefusal({ code: 'request-refused', text: 'too many', ...more }).details, {
    text: 'too many',
    erroneousField: '86',
    suggestedValue: '05',
  })
})
