import test from 'ava'
import fc from 'fast-check'
import { sha256 } from '../../crypto/hashes.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { encodeWith } from '../../wire/codec/codec.ts'
import { vectorOfBits } from '../../wire/features.ts'
import { answerRequest } from './answer-request.ts'
import { checkInvoice, type InvoiceEnv } from './check-invoice.ts'
import { type Bolt12Fallback, type Bolt12Invoice, type InvoiceRequest, invoiceStream } from './fields.ts'
import {
  answered,
  invoiceTerms,
  issuer,
  MAINNET,
  messagePath,
  NOW,
  offered,
  payer,
  paymentPath,
  REGTEST,
  requested,
  rng,
  signedInvoice,
  stranger,
  wordsOf,
} from './fixtures/parties.ts'
import { decodeBolt12Invoice, encodeBolt12Invoice } from './invoice.ts'
import { decodeInvoiceError, encodeInvoiceError } from './invoice-error.ts'
import { keyOfRequest, requestIn } from './invoice-request.ts'
import { ownPathId } from './own-keys.ts'
import { rawRecords } from './records.ts'
import { createRefund } from './request-invoice.ts'

const tea = offered({ price: { amount: 5000n }, description: 'tea' })
const request = requested(tea, { payerNote: 'hi' })

const read = (invoice: Bolt12Invoice) => {
  const decoded = decodeBolt12Invoice(encodeBolt12Invoice(invoice))
  if (!decoded.ok) throw new Error(wordsOf(decoded.error))
  return decoded.value
}

test('BOLT 12, invoices written — the invoice of a request says all that it has to, and is read', (t) => {
  const preimage = rng.bytes(32)
  const paths = [paymentPath(), paymentPath()]
  const invoice = answered(request, { paymentHash: sha256(preimage), paths, relativeExpirySeconds: 600 })
  t.like(invoice, {
    invoiceCreatedAt: BigInt(NOW / 1000),
    invoiceRelativeExpiry: 600,
    invoiceAmount: 5000n,
    invoicePaymentHash: sha256(preimage),
  })
  // In the order that they came in, each with its costs, and without features, as the paths are.
  t.deepEqual(
    invoice.invoicePaths,
    paths.map(({ path }) => path),
  )
  t.deepEqual(
    invoice.invoiceBlindedpay,
    paths.map(({ costs }) => ({ ...costs, features: new Uint8Array(0) })),
  )
  t.is(answered(request).invoiceRelativeExpiry, undefined)
  t.like(read(invoice), { amountMsat: 5000n, expiresAt: NOW + 600_000, multiPart: 'no', nodeId: issuer.nodeId })
  t.is(read(answered(request)).expiresAt, NOW + 7_200_000)
})

test('BOLT 12, invoices written — all fields of the request go along but its signature, those too that we do not know', (t) => {
  const unknownTlvs = [79n, 159n, 999n, 2_999_999_999n].map((type) => ({ type, value: Uint8Array.of(1) }))
  const asked: InvoiceRequest = { ...request, unknownTlvs }
  const invoice = answerRequest(asked, invoiceTerms(), issuer.nodeKey, rng.bytes(32))
  const { signature: _, ...unsigned } = asked
  t.deepEqual(requestIn(invoice), {
    ...unsigned,
    unknownTlvs: unknownTlvs.filter(({ type }) => type !== 999n),
  })
  const signatures = rawRecords(encodeBolt12Invoice(invoice)).filter(({ type }) => type >= 240n && type <= 1000n)
  t.is(signatures.length, 1)
  t.notDeepEqual(invoice.signature, asked.signature)
})

test('BOLT 12, invoices written — the amount is that of the request, or what the offer asks for', (t) => {
  t.is(answered(request).invoiceAmount, 5000n)
  t.is(answered(requested(tea, { amountMsat: 6000n })).invoiceAmount, 6000n)
  const many = offered({ price: { amount: 7n }, description: 'tea', quantityMax: 'any' })
  t.is(answered(requested(many, { quantity: 6n })).invoiceAmount, 42n)
  const asked = requested(tea, { amountMsat: 6000n })
  t.throws(() => answerRequest(asked, invoiceTerms({ amountMsat: 5000n }), issuer.nodeKey, rng.bytes(32)))
})

test('BOLT 12, invoices written — it is signed by the key that the offer names, our node’s or the offer’s own', (t) => {
  t.deepEqual(answered(request).invoiceNodeId, issuer.nodeId)
  const pathId = rng.bytes(32)
  const hidden = offered({ paths: [messagePath([stranger], pathId)] })
  const env = { pathId: ownPathId(issuer, 'offer', hidden.offerMetadata ?? pathId) }
  const invoice = answered(requested(hidden, { amountMsat: 5n }), {}, env)
  t.deepEqual(invoice.invoiceNodeId, hidden.offerIssuerId)
  t.deepEqual(read(invoice).nodeId, hidden.offerIssuerId as Uint8Array)
  t.throws(() => answerRequest(request, invoiceTerms(), stranger.nodeKey, rng.bytes(32)))
})

test('BOLT 12, invoices written — it says whether a payment may come in parts, or has to', (t) => {
  const features = (multiPart: 'no' | 'optional' | 'compulsory') => answered(request, { multiPart }).invoiceFeatures
  t.is(features('no'), undefined)
  t.deepEqual(features('optional'), vectorOfBits([17]))
  t.deepEqual(features('compulsory'), vectorOfBits([16]))
  for (const multiPart of ['no', 'optional', 'compulsory'] as const) {
    t.is(read(answered(request, { multiPart })).multiPart, multiPart)
  }
})

const program = (version: number, length: number): Bolt12Fallback => ({ version, address: new Uint8Array(length) })

test('BOLT 12, invoices written — a fallback address is a witness version and its program', (t) => {
  const fallbacks = [program(1, 32), program(0, 20), program(16, 40)]
  t.deepEqual(answered(request, { fallbacks }).invoiceFallbacks, fallbacks)
  t.is(answered(request).invoiceFallbacks, undefined)
  t.throws(() => answered(request, { fallbacks: [program(0, 21)] }))
  t.throws(() => answered(request, { paths: [] }))
})

// As a payer reads it.

const good = answered(request)

/** What a reader says of an invoice with these changes, signed after them. */
const verdict = (changes: { readonly [K in keyof Bolt12Invoice]?: Bolt12Invoice[K] | undefined }): string => {
  const fields = Object.entries({ ...good, ...changes }).filter(([, value]) => value !== undefined)
  const decoded = decodeBolt12Invoice(
    encodeBolt12Invoice(signedInvoice(Object.fromEntries(fields) as Bolt12Invoice, issuer.nodeKey)),
  )
  return decoded.ok ? 'ok' : wordsOf(decoded.error)
}

test('BOLT 12, invoices read — one without amount, time, hash or node id is refused', (t) => {
  t.is(verdict({}), 'ok')
  for (const field of ['invoiceAmount', 'invoiceCreatedAt', 'invoicePaymentHash', 'invoiceNodeId'] as const) {
    t.is(verdict({ [field]: undefined }), `missing-field ${field}`)
  }
  t.is(verdict({ invoiceAmount: 0n }), 'invalid-field invoiceAmount')
  t.is(verdict({ invoiceAmount: 2n ** 64n - 1n }), 'invalid-field invoiceAmount')
})

test('BOLT 12, invoices read — an unknown odd feature is ignored, and an unknown even one refused', (t) => {
  t.is(verdict({ invoiceFeatures: vectorOfBits([17, 19, 101]) }), 'ok')
  t.is(verdict({ invoiceFeatures: vectorOfBits([16]) }), 'ok')
  t.is(verdict({ invoiceFeatures: vectorOfBits([18]) }), 'unknown-even-feature invoiceFeatures 18')
})

test('BOLT 12, invoices read — one without paths, with a path of no hops, or with other than one cost for each path is refused', (t) => {
  const { invoicePaths = [], invoiceBlindedpay = [] } = good
  t.is(verdict({ invoicePaths: undefined }), 'missing-field invoicePaths')
  t.is(verdict({ invoicePaths: [] }).split(' ')[0], 'malformed')
  t.is(verdict({ invoicePaths: invoicePaths.map((path) => ({ ...path, path: [] })) }).split(' ')[0], 'malformed')
  t.is(verdict({ invoiceBlindedpay: undefined }), 'missing-field invoiceBlindedpay')
  t.is(verdict({ invoiceBlindedpay: [] }), 'invalid-field invoiceBlindedpay')
  t.is(verdict({ invoiceBlindedpay: [...invoiceBlindedpay, ...invoiceBlindedpay] }), 'invalid-field invoiceBlindedpay')
})

test('BOLT 12, invoices read — a path whose costs have an unknown even feature is not used, and without another the invoice is refused', (t) => {
  const both = answered(request, { paths: [paymentPath(), paymentPath()] })
  const { invoicePaths = [], invoiceBlindedpay = [] } = both
  const withBits = (...bits: readonly number[]) =>
    invoiceBlindedpay.map((costs, at) => ({ ...costs, features: vectorOfBits(bits.slice(at, at + 1)) }))
  const usable = (...bits: readonly number[]) =>
    read(signedInvoice({ ...both, invoiceBlindedpay: withBits(...bits) }, issuer.nodeKey)).paths
  t.deepEqual(
    usable(1, 3).map(({ path }) => path),
    invoicePaths,
  )
  t.deepEqual(
    usable(2, 3).map(({ path }) => path),
    invoicePaths.slice(1),
  )
  t.deepEqual(
    usable(1, 4).map(({ path }) => path),
    invoicePaths.slice(0, 1),
  )
  t.is(verdict({ invoicePaths, invoiceBlindedpay: withBits(2, 4) }), 'unknown-even-feature invoiceBlindedpay 2')
})

test('BOLT 12, invoices read — one that its node has not signed is refused', (t) => {
  const codeOf = (invoice: Bolt12Invoice) => {
    const decoded = decodeBolt12Invoice(encodeBolt12Invoice(invoice))
    return decoded.ok ? 'ok' : wordsOf(decoded.error)
  }
  const { signature: _, ...unsigned } = good
  t.is(codeOf(good), 'ok')
  t.is(codeOf(unsigned), 'missing-field signature')
  t.is(codeOf(signedInvoice(good, stranger.nodeKey)), 'invalid-signature')
  t.is(codeOf({ ...good, invoiceAmount: 4999n }), 'invalid-signature')
  t.is(codeOf({ ...good, invoicePaths: [paymentPath().path] }), 'invalid-signature')
})

test('BOLT 12, invoices read — fallback addresses of no use are ignored', (t) => {
  const useful = [program(0, 20), program(0, 32), program(1, 32), program(2, 2), program(16, 40)]
  const useless = [program(17, 20), program(2, 1), program(2, 41), program(0, 21), program(1, 20), program(1, 2)]
  const invoiceFallbacks = useful.flatMap((each, at) => [useless[at] ?? each, each]).concat(useless)
  t.deepEqual(read(signedInvoice({ ...good, invoiceFallbacks }, issuer.nodeKey)).fallbacks, useful)
})

const replyPathId = rng.bytes(32)

const refusal = (invoice: Bolt12Invoice, asked: InvoiceRequest = request, env: Partial<InvoiceEnv> = {}): string => {
  const paths = { expectedPathId: replyPathId, pathId: replyPathId }
  const refused = checkInvoice(read(invoice), asked, { chainHash: MAINNET, now: NOW, ...paths, ...env })
  return refused === undefined ? 'ok' : wordsOf(refused)
}

test('BOLT 12, invoices read — the answer to a request has the same fields, the unknown ones too, and its amount', (t) => {
  t.is(refusal(good), 'ok')
  const changed = (changes: Bolt12Invoice) => refusal(signedInvoice({ ...good, ...changes }, issuer.nodeKey))
  t.is(changed({ offerDescription: 'coffee' }), 'not-what-was-asked-for')
  t.is(changed({ invreqPayerNote: 'ho' }), 'not-what-was-asked-for')
  t.is(changed({ invreqMetadata: rng.bytes(16) }), 'not-what-was-asked-for')
  t.is(changed({ invreqAmount: 5000n }), 'not-what-was-asked-for')
  for (const [type, words] of [
    [77n, 'not-what-was-asked-for'],
    [159n, 'not-what-was-asked-for'],
    [2_999_999_999n, 'not-what-was-asked-for'],
    [179n, 'ok'],
    [3_000_000_001n, 'ok'],
  ] as const) {
    t.is(changed({ unknownTlvs: [{ type, value: new Uint8Array(0) }] }), words, `${type}`)
  }
  const { invreqPayerNote: _, ...without } = good
  t.is(refusal(signedInvoice(without, issuer.nodeKey)), 'not-what-was-asked-for')
  t.is(refusal(good, requested(tea, { payerNote: 'hi' })), 'not-what-was-asked-for')
  const exact = requested(tea, { amountMsat: 6000n })
  t.is(refusal(answered(exact), exact), 'ok')
  t.is(
    refusal(signedInvoice({ ...answered(exact), invoiceAmount: 6001n }, issuer.nodeKey), exact),
    'not-what-was-asked-for',
  )
})

test('BOLT 12, invoices read — the answer to an offer is signed by its issuer, or by the id that the request was sent to', (t) => {
  const others = { ...good, invoiceNodeId: stranger.nodeId }
  t.is(refusal(signedInvoice(others, stranger.nodeKey)), 'wrong-node')
  // An offer without an id, as other nodes make them.
  const path = messagePath([stranger], rng.bytes(32))
  const lastKey = rng.bytes(32)
  const sentTo = secp256k1.publicKey(lastKey)
  const asked = requested({ offerPaths: [path] }, { amountMsat: 5n })
  const answer = answerRequest(asked, invoiceTerms({ amountMsat: 5n }), lastKey, rng.bytes(32))
  t.is(refusal(answer, asked, { sentTo }), 'ok')
  t.is(refusal(answer, asked, { sentTo: issuer.nodeId }), 'wrong-node')
  t.is(refusal(answer, asked), 'wrong-node')
})

test('BOLT 12, invoices read — one for another chain is refused', (t) => {
  const asked = requested(offered({ chainHash: REGTEST }), { chainHash: REGTEST, amountMsat: 5n })
  const answer = answered(asked, {}, { chainHash: REGTEST })
  t.is(refusal(answer, asked, { chainHash: REGTEST }), 'ok')
  t.is(refusal(answer, asked), 'wrong-chain')
  t.is(refusal(good, request, { chainHash: REGTEST }), 'wrong-chain')
})

test('BOLT 12, invoices read — one is refused after its expiry, which is 7200 seconds if it says none', (t) => {
  t.is(refusal(good, request, { now: NOW + 7_200_000 }), 'ok')
  t.is(refusal(good, request, { now: NOW + 7_200_001 }), 'expired')
  const short = answered(request, { relativeExpirySeconds: 1 })
  t.is(refusal(short, request, { now: NOW + 1000 }), 'ok')
  t.is(refusal(short, request, { now: NOW + 1001 }), 'expired')
  const never = { ...good, invoiceCreatedAt: 2n ** 64n - 1n, invoiceRelativeExpiry: 0xffffffff }
  t.is(read(signedInvoice(never, issuer.nodeKey)).expiresAt, 8.64e15)
})

test('BOLT 12, invoices read — one comes by the reply path, by a path of the refund, or by none for a refund without paths', (t) => {
  t.is(refusal(good, request, { pathId: undefined }), 'wrong-path')
  t.is(refusal(good, request, { pathId: rng.bytes(32) }), 'wrong-path')
  t.is(refusal(good, request, { expectedPathId: undefined, pathId: undefined }), 'wrong-path')

  const nonce = rng.bytes(16)
  const pathId = ownPathId(payer, 'invoice_request', nonce)
  const terms = { chainHash: MAINNET, description: 'back', amountMsat: 5000n }
  const open = createRefund(payer, rng.bytes(16), terms)
  const hidden = createRefund(payer, nonce, { ...terms, invreqPaths: [messagePath([stranger], pathId, payer)] })
  const fetched = (refund: InvoiceRequest) => answerRequest(refund, invoiceTerms(), stranger.nodeKey, rng.bytes(32))
  const none = { expectedPathId: undefined, pathId: undefined }
  t.is(refusal(fetched(open), open, none), 'ok')
  t.is(refusal(fetched(open), open, { expectedPathId: undefined, pathId }), 'wrong-path')
  t.is(refusal(fetched(hidden), hidden, { expectedPathId: pathId, pathId }), 'ok')
  t.is(refusal(fetched(hidden), hidden, { expectedPathId: pathId, pathId: undefined }), 'wrong-path')
  t.is(refusal(fetched(hidden), hidden, none), 'wrong-path')
  // Whoever made the refund knows it again in the invoice.
  t.deepEqual(keyOfRequest(payer, fetched(open)), { type: 'node' })
  t.is(keyOfRequest(payer, fetched(hidden))?.type, 'derived')
  t.is(keyOfRequest(payer, { ...fetched(open), invreqAmount: 5001n }), undefined)
})

test('BOLT 12, invoices read — any bytes are read or refused, never thrown at, and what is read is written the same', (t) => {
  const bytes = encodeWith(invoiceStream, answered(request, { fallbacks: [program(1, 32)], multiPart: 'optional' }))
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 3 }), (changes) => {
      const changed = changes.reduce((now, [at, byte]) => now.with(at % now.length, byte), bytes)
      const decoded = decodeBolt12Invoice(changed)
      if (decoded.ok) t.deepEqual(encodeBolt12Invoice(decoded.value.invoice), changed)
    }),
    { seed: 8, numRuns: 1000 },
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (stream) => {
      t.false(decodeBolt12Invoice(stream).ok)
      decodeInvoiceError(stream)
    }),
    { seed: 9, numRuns: 1000 },
  )
})

test('BOLT 12, invoice errors — an error has words, and suggests a value for a field alone', (t) => {
  const error = { erroneousField: 82n, suggestedValue: Uint8Array.of(1), error: 'too little' }
  t.deepEqual(decodeInvoiceError(encodeInvoiceError(error)), error)
  t.deepEqual(decodeInvoiceError(encodeInvoiceError({ error: 'no' })), { error: 'no' })
  t.throws(() => encodeInvoiceError({ error: 'no', suggestedValue: Uint8Array.of(1) }))
  t.is(decodeInvoiceError(Uint8Array.of(5, 1, 0xff)), undefined)
  t.is(decodeInvoiceError(Uint8Array.of(2, 0)), undefined)
  t.deepEqual(decodeInvoiceError(new Uint8Array(0)), {})
})
