import test from 'ava'
import { toHex } from '../../lib/bytes.ts'
import type { Offer } from './fields.ts'
import { issuer, MAINNET, messagePath, offered, payer, REGTEST, rng, stranger, wordsOf } from './fixtures/parties.ts'
import { issueOffer, keyOfOffer, type OfferTerms } from './issue-offer.ts'
import { decodeOffer, encodeOffer } from './offer.ts'
import { ownPathId } from './own-keys.ts'

const without = ({ offerMetadata: _, offerIssuerId: __, ...offer }: Offer): Offer => offer

test('BOLT 12, offers — an offer of ours says what its issuer chose, and nothing else', (t) => {
  const cases: readonly (readonly [Partial<OfferTerms>, Offer])[] = [
    [{}, {}],
    [{ chainHash: REGTEST }, { offerChains: [REGTEST] }],
    [{ description: 'tips' }, { offerDescription: 'tips' }],
    [
      { price: { amount: 1500n }, description: 'tea' },
      { offerAmount: 1500n, offerDescription: 'tea' },
    ],
    [
      { price: { amount: 250n, currency: 'EUR' }, description: 'tea' },
      { offerAmount: 250n, offerCurrency: 'EUR', offerDescription: 'tea' },
    ],
    [{ absoluteExpiry: 1_900_000_000n }, { offerAbsoluteExpiry: 1_900_000_000n }],
    [{ issuer: 'tea@example.com' }, { offerIssuer: 'tea@example.com' }],
    [{ quantityMax: 5n }, { offerQuantityMax: 5n }],
    [{ quantityMax: 1n }, { offerQuantityMax: 1n }],
    [{ quantityMax: 'any' }, { offerQuantityMax: 0n }],
  ]
  for (const [terms, expected] of cases) {
    const offer = offered(terms)
    t.deepEqual(without(offer), expected)
    t.deepEqual(decodeOffer(encodeOffer(offer)), { ok: true, value: offer })
  }
})

test('BOLT 12, offers — an offer of ours that no reader would take is not made', (t) => {
  const refused = (terms: Partial<OfferTerms>) => {
    const offer = issueOffer(issuer, rng.bytes(16), { chainHash: MAINNET, ...terms })
    return offer.ok ? 'ok' : wordsOf(offer.error)
  }
  t.is(refused({ price: { amount: 1n } }), 'missing-field offerDescription')
  t.is(refused({ price: { amount: 0n }, description: '' }), 'invalid-field offerAmount')
  t.is(refused({ price: { amount: 1n, currency: 'euro' }, description: '' }), 'invalid-field offerCurrency')
  t.is(refused({ price: { amount: 1n, currency: 'EU' }, description: '' }), 'invalid-field offerCurrency')
  t.is(refused({ quantityMax: 0n }), 'invalid-field offerQuantityMax')
})

test('BOLT 12, offers — an offer of ours without paths names our node, and one with paths a key of its own', (t) => {
  const plain = offered()
  t.deepEqual(plain.offerIssuerId, issuer.nodeId)
  t.deepEqual(keyOfOffer(issuer, plain), { type: 'node' })
  const nonce = rng.bytes(16)
  const paths = [messagePath([stranger], ownPathId(issuer, 'offer', nonce))]
  const hidden = [nonce, rng.bytes(16)].map((each) => {
    const offer = issueOffer(issuer, each, { chainHash: MAINNET, paths })
    if (!offer.ok) throw new Error(offer.error.code)
    t.deepEqual(offer.value.offerMetadata, each)
    t.is(keyOfOffer(issuer, offer.value)?.type, 'derived')
    return offer.value
  })
  t.is(new Set([issuer.nodeId, ...hidden.map(({ offerIssuerId }) => offerIssuerId ?? nonce)].map(toHex)).size, 3)
})

test('BOLT 12, offers — an offer of ours is recognized by itself, and none that was changed, or is of another', (t) => {
  const paths = [messagePath([stranger], rng.bytes(32))]
  for (const offer of [offered({ description: 'tea' }), offered({ description: 'tea', paths })]) {
    t.not(keyOfOffer(issuer, offer), undefined)
    const { offerMetadata = new Uint8Array(0), offerDescription: _, ...others } = offer
    const changed: readonly Offer[] = [
      { ...offer, offerDescription: 'Tea' },
      { ...offer, offerAmount: 1n },
      { ...offer, offerPaths: [messagePath([stranger], rng.bytes(32))] },
      { ...offer, unknownTlvs: [{ type: 33n, value: new Uint8Array(0) }] },
      { ...offer, offerMetadata: offerMetadata.with(0, (offerMetadata[0] as number) ^ 1) },
      { ...offer, offerMetadata: offerMetadata.with(-1, (offerMetadata.at(-1) as number) ^ 1) },
      { ...offer, offerMetadata: offerMetadata.subarray(1) },
      { ...offer, offerMetadata: Uint8Array.of(...offerMetadata, 0) },
      { ...offer, offerMetadata: new Uint8Array(0) },
      { ...offer, offerIssuerId: stranger.nodeId },
      { ...offer, offerIssuerId: offer.offerPaths === undefined ? payer.nodeId : issuer.nodeId },
      others,
    ]
    for (const each of changed) t.is(keyOfOffer(issuer, each), undefined)
    t.is(keyOfOffer(payer, offer), undefined)
    t.is(keyOfOffer({ ...issuer, secret: payer.secret }, offer), undefined)
  }
})
