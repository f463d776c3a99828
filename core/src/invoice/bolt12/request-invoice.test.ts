import test from 'ava'
import fc from 'fast-check'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { toHex } from '../../lib/bytes.ts'
import { encodeWith } from '../../wire/codec/codec.ts'
import { acceptRefund } from './answer-request.ts'
import { type InvoiceRequest, type Offer, requestStream } from './fields.ts'
import {
  accepted,
  issuer,
  MAINNET,
  messagePath,
  NOW,
  offered,
  payer,
  REGTEST,
  randomness,
  readRequest,
  requested,
  rng,
  signedRequest,
  stranger,
  wordsOf,
} from './fixtures/parties.ts'
import { SIGNED_REQUEST } from './fixtures/signatures.ts'
import { decodeInvoiceRequest, decodeRefund, encodeInvoiceRequest, keyOfRequest } from './invoice-request.ts'
import { isForOffer, offerIn } from './offer.ts'
import { ownPathId } from './own-keys.ts'
import { rawRecords } from './records.ts'
import { createRefund, encodeRefund, type RequestTerms, requestInvoice } from './request-invoice.ts'
import { decodeBolt12, encodeBolt12 } from './strings.ts'

const unknownTlvs = [33n, 1_000_000_033n].map((type) => ({ type, value: Uint8Array.of(1, 2) }))

test('BOLT 12, requests written — all fields of the offer go along, those too that we do not know', (t) => {
  const offer: Offer = { ...offered({ description: 'tea', quantityMax: 'any', issuer: 'tea' }), unknownTlvs }
  const request = requested(offer, { amountMsat: 5n, quantity: 2n, payerNote: 'hi' })
  t.deepEqual(offerIn(request), offer)
  t.deepEqual(request.unknownTlvs, unknownTlvs)
  t.like(request, { invreqAmount: 5n, invreqQuantity: 2n, invreqPayerNote: 'hi' })
  // Nothing else, and all of it within the ranges of requests.
  const types = rawRecords(encodeInvoiceRequest(request)).map(({ type }) => type)
  t.deepEqual(types, [0n, 4n, 10n, 18n, 20n, 22n, 33n, 82n, 86n, 88n, 89n, 240n, 1_000_000_033n])
})

const refusedRequest = (offer: Offer, terms: Partial<RequestTerms>): string => {
  const made = requestInvoice(payer, offer, { chainHash: MAINNET, ...terms }, randomness(), NOW)
  return made.ok ? 'ok' : wordsOf(made.error)
}

test('BOLT 12, requests written — the chain is said unless it is Bitcoin, and is one of the offer’s', (t) => {
  const offer = { ...offered(), offerChains: [REGTEST, MAINNET] }
  t.is(requested(offer, { amountMsat: 1n }).invreqChain, undefined)
  t.deepEqual(requested(offer, { amountMsat: 1n, chainHash: REGTEST }).invreqChain, REGTEST)
  t.is(refusedRequest(offered(), { amountMsat: 1n, chainHash: REGTEST }), 'wrong-chain')
  t.is(refusedRequest(offered({ chainHash: REGTEST }), { amountMsat: 1n }), 'wrong-chain')
  t.is(refusedRequest(offered({ absoluteExpiry: 1n }), { amountMsat: 1n }), 'expired')
})

test('BOLT 12, requests written — the amount is said if the offer says none, and is at least what the offer asks for', (t) => {
  const priced = offered({ price: { amount: 100n }, description: 'tea', quantityMax: 9n })
  t.is(refusedRequest(offered(), {}), 'missing-field invreqAmount')
  t.is(refusedRequest(offered(), { amountMsat: 0n }), 'invalid-field invreqAmount')
  t.is(refusedRequest(priced, { quantity: 3n }), 'ok')
  t.is(refusedRequest(priced, { quantity: 3n, amountMsat: 300n }), 'ok')
  t.is(refusedRequest(priced, { quantity: 3n, amountMsat: 299n }), 'invalid-field invreqAmount')
  const inEuro = offered({ price: { amount: 100n, currency: 'EUR' }, description: 'tea' })
  t.is(refusedRequest(inEuro, {}), 'ok')
  t.is(refusedRequest(inEuro, { amountMsat: 1000n }), 'unknown-currency EUR')
  const rate = (_: string, amount: bigint) => amount * 7n
  const made = (amountMsat: bigint) =>
    requestInvoice(payer, inEuro, { chainHash: MAINNET, amountMsat }, randomness(), NOW, rate).ok
  t.deepEqual([made(700n), made(699n)], [true, false])
})

test('BOLT 12, requests written — the payer id is a key for this request alone, found again by the request itself, and signs it', (t) => {
  const offer = offered()
  const requests = [requested(offer, { amountMsat: 1n }), requested(offer, { amountMsat: 1n })]
  const ids = requests.map((request) => {
    const key = keyOfRequest(payer, request)
    if (key?.type !== 'derived') throw new Error('no key')
    t.deepEqual(secp256k1.publicKey(key.privateKey), request.invreqPayerId as Uint8Array)
    t.true(readRequest(request).ok)
    t.is(keyOfRequest(issuer, request), undefined)
    t.is(keyOfRequest(payer, { ...request, invreqAmount: 2n }), undefined)
    t.is(keyOfRequest(payer, { ...request, offerDescription: 'x' }), undefined)
    return request.invreqPayerId as Uint8Array
  })
  t.is(new Set([payer.nodeId, ...ids].map(toHex)).size, 3)
  t.is(new Set(requests.map(({ invreqMetadata = payer.secret }) => toHex(invreqMetadata))).size, 2)
})

test('BOLT 12, requests written — the quantity is said where the offer has room for it, above zero and within its maximum', (t) => {
  const most = offered({ quantityMax: 3n })
  const amountMsat = 1n
  t.is(refusedRequest(most, { amountMsat }), 'missing-field invreqQuantity')
  t.is(refusedRequest(most, { amountMsat, quantity: 0n }), 'invalid-field invreqQuantity')
  t.is(refusedRequest(most, { amountMsat, quantity: 4n }), 'invalid-field invreqQuantity')
  t.is(refusedRequest(most, { amountMsat, quantity: 3n }), 'ok')
  t.is(refusedRequest(offered({ quantityMax: 'any' }), { amountMsat, quantity: 10n ** 15n }), 'ok')
  t.is(refusedRequest(offered({ quantityMax: 'any' }), { amountMsat, quantity: 0n }), 'invalid-field invreqQuantity')
  t.is(refusedRequest(offered(), { amountMsat, quantity: 1n }), 'invalid-field invreqQuantity')
})

test('BOLT 12, requests written — the name by which the offer was found goes along', (t) => {
  const bip353Name = { name: 'tea.shop_1', domain: 'example-2.com' }
  const request = requested(offered(), { amountMsat: 1n, bip353Name })
  t.deepEqual(request.invreqBip353Name, bip353Name)
  const read = readRequest(request)
  t.deepEqual(read.ok && read.value.invreqBip353Name, bip353Name)
  for (const name of ['ü', 'a@b', 'a'.repeat(256), '\n']) {
    const terms = { amountMsat: 1n, bip353Name: { name, domain: 'example.com' } }
    t.is(refusedRequest(offered(), terms), 'invalid-field invreqBip353Name')
  }
})

const refund = (terms: Partial<Parameters<typeof createRefund>[2]> = {}, nonce = rng.bytes(16)) =>
  createRefund(payer, nonce, { chainHash: MAINNET, description: 'back', amountMsat: 500n, ...terms })

test('BOLT 12, requests written — a refund says what it is and what it is worth, and has nothing of an offer’s that it may not have', (t) => {
  const terms = { offerAbsoluteExpiry: 9n, offerIssuer: 'shop', invreqPayerNote: 'sorry' }
  const made = refund(terms)
  t.deepEqual(made.invreqPayerId, payer.nodeId)
  const { invreqMetadata: _, invreqPayerId: __, ...said } = made
  t.deepEqual(said, { ...terms, offerDescription: 'back', invreqAmount: 500n })
  t.false(isForOffer(made))
  t.deepEqual(refund({ chainHash: REGTEST }).invreqChain, REGTEST)
  t.deepEqual(decodeRefund(encodeRefund(made)), { ok: true, value: made as never })
  t.deepEqual(keyOfRequest(payer, made), { type: 'node' })
  // With paths it does not tell whose it is.
  const nonce = rng.bytes(16)
  const hidden = refund(
    { invreqPaths: [messagePath([stranger], ownPathId(payer, 'invoice_request', nonce), payer)] },
    nonce,
  )
  t.notDeepEqual(hidden.invreqPayerId, payer.nodeId)
  t.is(keyOfRequest(payer, hidden)?.type, 'derived')
  t.is(keyOfRequest(payer, { ...hidden, invreqAmount: 501n }), undefined)
})

// As an issuer reads it.

const payerKey = rng.bytes(32)
const good: InvoiceRequest = {
  ...offered({ quantityMax: 3n }),
  invreqMetadata: rng.bytes(8),
  invreqAmount: 1000n,
  invreqQuantity: 2n,
  invreqPayerId: secp256k1.publicKey(payerKey),
}

/** What a reader says of a request with these changes, signed after them. */
const verdict = (
  changes: { readonly [K in keyof InvoiceRequest]?: InvoiceRequest[K] | undefined },
  from = good,
): string => {
  const fields = Object.entries({ ...from, ...changes }).filter(([, value]) => value !== undefined)
  const request = Object.fromEntries(fields) as InvoiceRequest
  const read = readRequest(isForOffer(request) ? signedRequest(request, payerKey) : request)
  return read.ok ? 'ok' : wordsOf(read.error)
}

test('BOLT 12, requests read — the example of signature-test.json is read, and written again', (t) => {
  const stream = decodeBolt12('lnr', SIGNED_REQUEST.text)
  if (!stream.ok) return t.fail()
  const read = decodeInvoiceRequest(stream.value)
  t.true(read.ok)
  if (!read.ok) return
  t.like(read.value, { offerCurrency: 'USD', offerAmount: 100n, offerDescription: 'A Mathematical Treatise' })
  t.is(encodeBolt12('lnr', encodeInvoiceRequest(read.value)), SIGNED_REQUEST.text)
})

test('BOLT 12, requests read — one without metadata or payer id is refused', (t) => {
  t.is(verdict({}), 'ok')
  t.is(verdict({ invreqMetadata: undefined }), 'missing-field invreqMetadata')
  t.is(verdict({ invreqPayerId: undefined }), 'missing-field invreqPayerId')
})

test('BOLT 12, requests read — a record outside of the ranges is refused, other signatures aside', (t) => {
  const withType = (type: bigint) => verdict({ unknownTlvs: [{ type, value: Uint8Array.of(1) }] })
  for (const type of [3n, 159n, 241n, 999n, 1_000_000_001n, 2_999_999_999n]) t.is(withType(type), 'ok')
  for (const type of [161n, 239n, 1001n, 999_999_999n, 3_000_000_001n])
    t.is(withType(type), `type-out-of-range ${type}`)
})

test('BOLT 12, requests read — an unknown odd feature is ignored, and an unknown even one refused', (t) => {
  t.is(verdict({ invreqFeatures: Uint8Array.of(0x80) }), 'ok')
  t.is(verdict({ invreqFeatures: Uint8Array.of(0x40) }), 'unknown-even-feature invreqFeatures 6')
})

test('BOLT 12, requests read — one that is not signed by its payer is refused', (t) => {
  const codeOf = (request: InvoiceRequest) => {
    const read = readRequest(request)
    return read.ok ? 'ok' : wordsOf(read.error)
  }
  const signed = signedRequest(good, payerKey)
  t.is(codeOf(signed), 'ok')
  t.is(codeOf(good), 'missing-field signature')
  t.is(codeOf(signedRequest(good, stranger.nodeKey)), 'invalid-signature')
  t.is(codeOf({ ...signed, invreqAmount: 1001n }), 'invalid-signature')
  t.is(codeOf({ ...signed, signature: new Uint8Array(64).fill(0xff) }), 'invalid-signature')
  // A refund needs none, but one that it has is valid.
  const open = refund()
  t.is(codeOf(open), 'ok')
  t.is(codeOf(signedRequest(open, payer.nodeKey)), 'ok')
  t.is(codeOf(signedRequest(open, stranger.nodeKey)), 'invalid-signature')
})

test('BOLT 12, requests read — a path of no hops is refused, and so is a name of other characters', (t) => {
  const path = messagePath([stranger], rng.bytes(32), payer)
  const withPaths = encodeWith(requestStream, { ...good, invreqPaths: [path] })
  // The number of hops stands behind the path's two points.
  const at = withPaths.length - path.path.reduce((sum, hop) => sum + hop.encryptedRecipientData.length + 35, 1)
  t.is(withPaths[at], 2)
  t.like(decodeInvoiceRequest(withPaths.with(at, 0)), { ok: false, error: { code: 'malformed' } })
  const named = encodeWith(requestStream, { ...good, invreqBip353Name: { name: 'abc', domain: 'd' } })
  const cut = named.with(named.length - 5, 0x40)
  t.like(decodeInvoiceRequest(cut), {
    ok: false,
    error: { code: 'malformed', error: { path: 'invreqBip353Name.name' } },
  })
})

test('BOLT 12, requests read — the quantity is there where the offer has room for it, above zero and within its maximum', (t) => {
  t.is(verdict({ invreqQuantity: undefined }), 'missing-field invreqQuantity')
  t.is(verdict({ invreqQuantity: 0n }), 'invalid-field invreqQuantity')
  t.is(verdict({ invreqQuantity: 3n }), 'ok')
  t.is(verdict({ invreqQuantity: 4n }), 'invalid-field invreqQuantity')
  t.is(verdict({ offerQuantityMax: 0n, invreqQuantity: 4n }), 'ok')
  t.is(verdict({ offerQuantityMax: 0n, invreqQuantity: 0n }), 'invalid-field invreqQuantity')
  t.is(verdict({ offerQuantityMax: undefined }), 'invalid-field invreqQuantity')
})

test('BOLT 12, requests read — a refund has an amount, and none of an offer’s chains, features and quantities', (t) => {
  const open = refund()
  t.is(verdict({}, open), 'ok')
  t.is(verdict({ invreqAmount: undefined }, open), 'missing-field invreqAmount')
  t.is(verdict({ invreqAmount: 0n }, open), 'invalid-field invreqAmount')
  t.is(verdict({ offerChains: [MAINNET] }, open), 'invalid-field offerChains')
  t.is(verdict({ offerFeatures: Uint8Array.of(2) }, open), 'invalid-field offerFeatures')
  t.is(verdict({ offerQuantityMax: 1n }, open), 'invalid-field offerQuantityMax')
  // For display it may say what the amount comes from.
  t.is(verdict({ offerAmount: 5n, offerCurrency: 'EUR' }, open), 'ok')
  // What names an issuer is a request for that issuer, not for whoever reads the string.
  t.like(decodeRefund(encodeRefund(signedRequest(good, payerKey))), { ok: false, error: { field: 'offerIssuerId' } })
})

const wordsOfAnswer = (request: InvoiceRequest, env: Parameters<typeof accepted>[1] = {}): string => {
  const answer = accepted(request, env)
  return answer.ok ? `${answer.value.amountMsat} ${answer.value.key.type}` : wordsOf(answer.error)
}

test('BOLT 12, requests read — the offer’s fields are exactly those of an offer of ours that has not expired', (t) => {
  const request = requested(offered({ price: { amount: 10n }, description: 'tea' }))
  const key = keyOfRequest(payer, request)
  if (key?.type !== 'derived') return t.fail()
  const changed = (changes: InvoiceRequest) => wordsOfAnswer(signedRequest({ ...request, ...changes }, key.privateKey))
  t.is(wordsOfAnswer(request), '10 node')
  t.is(changed({}), '10 node')
  t.is(changed({ offerAmount: 9n }), 'unknown-offer')
  t.is(changed({ offerDescription: 'coffee' }), 'unknown-offer')
  t.is(changed({ unknownTlvs: [{ type: 79n, value: new Uint8Array(0) }] }), 'unknown-offer')
  t.is(changed({ offerIssuerId: stranger.nodeId }), 'unknown-offer')
  // What is no field of the offer is the payer's own.
  t.is(changed({ unknownTlvs: [{ type: 81n, value: new Uint8Array(0) }] }), '10 node')
  t.is(wordsOfAnswer(refund()), 'unknown-offer')
  const short = requested(offered({ price: { amount: 10n }, description: 'tea', absoluteExpiry: BigInt(NOW / 1000) }))
  t.is(wordsOfAnswer(short), '10 node')
  t.is(wordsOfAnswer(short, { now: NOW + 1 }), 'expired')
})

test('BOLT 12, requests read — a request comes by a path of its offer, or by none if the offer has none', (t) => {
  const direct = requested(offered(), { amountMsat: 5n })
  t.is(wordsOfAnswer(direct), '5 node')
  t.is(wordsOfAnswer(direct, { pathId: rng.bytes(32) }), 'wrong-path')
  const nonce = rng.bytes(16)
  const pathId = ownPathId(issuer, 'offer', nonce)
  const paths = [messagePath([stranger], pathId)]
  const offer = { ...offered({ paths }) }
  const own = ownPathId(issuer, 'offer', offer.offerMetadata ?? nonce)
  const hidden = requested(offer, { amountMsat: 5n })
  t.is(wordsOfAnswer(hidden, { pathId: own }), '5 derived')
  t.is(wordsOfAnswer(hidden), 'wrong-path')
  // Of another offer.
  t.is(wordsOfAnswer(hidden, { pathId }), 'wrong-path')
  t.is(wordsOfAnswer(hidden, { pathId: own.subarray(1) }), 'wrong-path')
})

test('BOLT 12, requests read — the amount is at least what the offer asks for, or is said if it asks for none', (t) => {
  const price = { price: { amount: 10n }, description: 'tea', quantityMax: 'any' } as const
  t.is(wordsOfAnswer(requested(offered(price), { quantity: 3n })), '30 node')
  t.is(wordsOfAnswer(requested(offered(price), { quantity: 3n, amountMsat: 31n })), '31 node')
  const request = requested(offered(price), { quantity: 3n, amountMsat: 30n })
  const key = keyOfRequest(payer, request)
  const free = requested(offered(), { amountMsat: 1n })
  const freeKey = keyOfRequest(payer, free)
  if (key?.type !== 'derived' || freeKey?.type !== 'derived') return t.fail()
  t.is(wordsOfAnswer(signedRequest({ ...request, invreqAmount: 29n }, key.privateKey)), 'invalid-field invreqAmount')
  const { invreqAmount: _, ...unsaid } = free
  t.is(wordsOfAnswer(signedRequest(unsaid, freeKey.privateKey)), 'missing-field invreqAmount')
  const inEuro = requested(offered({ price: { amount: 10n, currency: 'EUR' }, description: 'tea' }))
  t.is(wordsOfAnswer(inEuro), 'unknown-currency EUR')
  t.is(wordsOfAnswer(inEuro, { convert: (_currency, amount) => amount * 5n }), '50 node')
})

test('BOLT 12, requests read — a request for another chain is refused', (t) => {
  const offer = offered({ chainHash: REGTEST })
  const request = requested({ ...offer }, { chainHash: REGTEST, amountMsat: 5n })
  t.is(wordsOfAnswer(request, { chainHash: REGTEST }), '5 node')
  t.is(wordsOfAnswer(request), 'wrong-chain')
  t.is(wordsOfAnswer(requested(offered(), { amountMsat: 5n }), { chainHash: REGTEST }), 'wrong-chain')
  // The offer is for our chain, and the request for another.
  const odd = requested(offered(), { amountMsat: 5n })
  const key = keyOfRequest(payer, odd)
  if (key?.type !== 'derived') return t.fail()
  t.is(wordsOfAnswer(signedRequest({ ...odd, invreqChain: REGTEST }, key.privateKey)), 'wrong-chain')
  const fetched = (open: InvoiceRequest, chainHash: Uint8Array, now = NOW) => {
    const read = readRequest(open)
    const result = read.ok ? acceptRefund(read.value, { chainHash, now }) : read
    return result.ok ? `${result.value}` : wordsOf(result.error)
  }
  t.is(fetched(refund(), MAINNET), '500')
  t.is(fetched(refund(), REGTEST), 'wrong-chain')
  t.is(fetched(refund({ chainHash: REGTEST }), REGTEST), '500')
  t.is(fetched(refund({ offerAbsoluteExpiry: BigInt(NOW / 1000) }), MAINNET, NOW + 1), 'expired')
  t.is(fetched(signedRequest(good, payerKey), MAINNET), 'invalid-field offerIssuerId')
})

test('BOLT 12, requests read — any bytes are read or refused, never thrown at, and what is read is written the same', (t) => {
  const bytes = encodeInvoiceRequest(signedRequest(good, payerKey))
  const open = encodeInvoiceRequest(refund())
  fc.assert(
    fc.property(
      fc.constantFrom(bytes, open, new Uint8Array(60)),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }),
      (stream, changes) => {
        const changed = changes.reduce((now, [at, byte]) => now.with(at % now.length, byte), stream)
        const read = decodeInvoiceRequest(changed)
        if (!read.ok) return
        t.deepEqual(encodeInvoiceRequest(read.value), changed)
        accepted(read.value)
      },
    ),
    { seed: 6, numRuns: 1000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (stream) => {
      decodeInvoiceRequest(stream)
      decodeRefund(encodeBolt12('lnr', stream))
    }),
    { seed: 7, numRuns: 1000 },
  )
  t.pass()
})
