import test from 'ava'
import fc from 'fast-check'
import { NETWORKS } from '../../bitcoin/network.ts'
import { concat, fromHex, toHex, utf8Encode } from '../../lib/bytes.ts'
import { encodeWith } from '../../wire/codec/codec.ts'
import { bigSize } from '../../wire/codec/primitives.ts'
import { type Offer, offerStream } from './fields.ts'
import { invalidOffers, validOffers } from './fixtures/offers.ts'
import { decodeOffer, encodeOffer, expectedAmount, offerId, offerIn, offerRefusal } from './offer.ts'
import { rawRecords } from './records.ts'
import { decodeBolt12, encodeBolt12 } from './strings.ts'

for (const { description, text, records } of validOffers) {
  test(`BOLT 12, offers — the valid examples of offers-test.json are read, and written again: ${description}`, (t) => {
    const decoded = decodeOffer(text)
    if (!decoded.ok) return t.fail(decoded.error.code)
    const found = rawRecords(encodeWith(offerStream, decoded.value)).map(({ type, bytes }) => [type, toHex(bytes)])
    const expected = records.map(([type, value]) => {
      const length = BigInt(value.length / 2)
      return [type, `${toHex(encodeWith(bigSize, type))}${toHex(encodeWith(bigSize, length))}${value}`]
    })
    t.deepEqual(found, expected)
    t.is(encodeOffer(decoded.value), text)
    t.deepEqual(offerIn(decoded.value), decoded.value)
  })
}

for (const { description, text, error } of invalidOffers) {
  test(`BOLT 12, offers — the invalid examples of offers-test.json are refused: ${description}`, (t) => {
    t.deepEqual(decodeOffer(text), { ok: false, error })
  })
}

const issuer = fromHex('02eec7245d6b7d2ccb30380bfbe2a3648cd7a942653f5aa340edcea1f283686619')
const plain: Offer = { offerDescription: 'tea', offerIssuerId: issuer }

/** What a reader says of an offer that is written without a check. */
const verdict = (offer: Offer): string => {
  const decoded = decodeOffer(encodeBolt12('lno', encodeWith(offerStream, offer)))
  return decoded.ok ? 'ok' : [decoded.error.code, ...Object.values(decoded.error).slice(1)].join(' ')
}
const unknown = (type: bigint): Offer => ({ ...plain, unknownTlvs: [{ type, value: Uint8Array.of(1) }] })

test('BOLT 12, offers — a record outside of its ranges is refused', (t) => {
  for (const type of [1n, 79n, 1_000_000_001n, 1_999_999_999n]) t.is(verdict(unknown(type)), 'ok')
  for (const type of [81n, 999_999_999n, 2_000_000_001n, 241n]) {
    t.is(verdict(unknown(type)), `type-out-of-range ${type}`)
  }
})

test('BOLT 12, offers — an unknown odd feature is ignored, and an unknown even one refused', (t) => {
  t.is(verdict({ ...plain, offerFeatures: Uint8Array.of(0xaa) }), 'ok')
  t.is(verdict({ ...plain, offerFeatures: Uint8Array.of(1, 0, 0) }), 'unknown-even-feature offerFeatures 16')
})

test('BOLT 12, offers — an amount needs a description and is not zero, a currency needs an amount', (t) => {
  t.is(verdict({ offerAmount: 5n, offerIssuerId: issuer }), 'missing-field offerDescription')
  t.is(verdict({ ...plain, offerAmount: 0n }), 'invalid-field offerAmount')
  t.is(verdict({ ...plain, offerAmount: 0n, offerCurrency: 'EUR' }), 'invalid-field offerAmount')
  t.is(verdict({ ...plain, offerCurrency: 'EUR' }), 'missing-field offerAmount')
  t.is(verdict({ ...plain, offerAmount: 2_100_000_000_000_000_001n }), 'invalid-field offerAmount')
  t.is(verdict({ ...plain, offerAmount: 2n ** 64n - 1n, offerCurrency: 'ZWL' }), 'ok')
})

test('BOLT 12, offers — an offer that leads to nobody is refused', (t) => {
  t.is(verdict({ offerDescription: 'tea' }), 'missing-field offerIssuerId')
  t.is(verdict({}), 'missing-field offerIssuerId')
  // A list of no paths leads to nobody either.
  const empty = concat(Uint8Array.of(10, 3), utf8Encode('tea'), Uint8Array.of(16, 0))
  t.like(decodeOffer(encodeBolt12('lno', empty)), { ok: false, error: { code: 'malformed' } })
})

const CHAINS = { mainnet: NETWORKS.mainnet.chainHash, regtest: NETWORKS.regtest.chainHash }

test('BOLT 12, offers — an offer for other chains than ours is not answered', (t) => {
  const refusal = (offer: Offer, chain: Uint8Array) => offerRefusal(offer, chain, 0)?.code
  t.is(refusal(plain, CHAINS.mainnet), undefined)
  t.is(refusal(plain, CHAINS.regtest), 'wrong-chain')
  const either = { ...plain, offerChains: [CHAINS.regtest, CHAINS.mainnet] }
  t.is(refusal(either, CHAINS.regtest), undefined)
  t.is(refusal(either, CHAINS.mainnet), undefined)
  t.is(refusal({ ...plain, offerChains: [CHAINS.regtest] }, CHAINS.mainnet), 'wrong-chain')
})

test('BOLT 12, offers — an offer is not answered after its expiry', (t) => {
  const offer = { ...plain, offerAbsoluteExpiry: 100n }
  t.is(offerRefusal(offer, CHAINS.mainnet, 100_000), undefined)
  t.deepEqual(offerRefusal(offer, CHAINS.mainnet, 100_001), { code: 'expired' })
  t.is(offerRefusal({ ...plain, offerAbsoluteExpiry: 2n ** 64n - 1n }, CHAINS.mainnet, 8.64e15), undefined)
})

test('BOLT 12, offers — what is to be paid is the amount for each item, in the offer’s currency', (t) => {
  const offer = { ...plain, offerAmount: 300n }
  t.deepEqual(expectedAmount(plain), { ok: true, value: undefined })
  t.deepEqual(expectedAmount(offer), { ok: true, value: 300n })
  t.deepEqual(expectedAmount({ ...offer, invreqQuantity: 7n }), { ok: true, value: 2100n })
  const inEuro = { ...offer, offerCurrency: 'EUR', invreqQuantity: 2n }
  t.deepEqual(expectedAmount(inEuro), { ok: false, error: { code: 'unknown-currency', currency: 'EUR' } })
  t.deepEqual(
    expectedAmount(inEuro, (currency, amount) => (currency === 'EUR' ? amount * 1_000_000n : undefined)),
    { ok: true, value: 600_000_000n },
  )
  t.deepEqual(
    expectedAmount({ ...inEuro, offerCurrency: 'XXX' }, () => undefined),
    { ok: false, error: { code: 'unknown-currency', currency: 'XXX' } },
  )
  t.like(expectedAmount({ ...offer, invreqQuantity: 2n ** 64n - 1n }), { ok: false, error: { code: 'invalid-field' } })
})

test('BOLT 1, fundamental types — a text is UTF-8: one that is not is neither written nor read', (t) => {
  for (const field of ['offerDescription', 'offerIssuer'] as const) {
    t.throws(() => encodeOffer({ ...plain, [field]: 'tea \ud83d' }))
    const written = { ...plain, [field]: '€' }
    t.deepEqual(decodeOffer(encodeOffer(written)), { ok: true, value: written })
  }
  // The description, of one byte that begins a character and ends there.
  t.like(decodeOffer(encodeBolt12('lno', fromHex(`0a01e21621${toHex(issuer)}`))), { error: { code: 'malformed' } })
})

test('BOLT 12, offers — an offer has one id, and each change another', (t) => {
  const ids = [plain, { ...plain, offerDescription: 'coffee' }, unknown(33n), { ...plain, offerAmount: 1n }].map(
    offerId,
  )
  t.is(new Set(ids.map(toHex)).size, 4)
  t.deepEqual(offerId({ ...plain }), offerId(plain))
})

test('BOLT 12, offers — any text is read or refused, never thrown at, and what is read is written the same', (t) => {
  const changed = fc.tuple(fc.constantFrom(...validOffers), fc.nat(), fc.nat(255)).map(([{ text }, at, byte]) => {
    const stream = decodeBolt12('lno', text)
    const bytes = stream.ok ? stream.value : new Uint8Array(1)
    return encodeBolt12('lno', bytes.with(at % bytes.length, byte))
  })
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 200 }).map((bytes) => encodeBolt12('lno', bytes)),
        changed,
      ),
      (text) => {
        const decoded = decodeOffer(text)
        if (decoded.ok) t.is(encodeOffer(decoded.value), text)
      },
    ),
    { seed: 5, numRuns: 2000 },
  )
  t.pass()
})
