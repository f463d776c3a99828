import test from 'ava'
import fc from 'fast-check'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { vectorOfBits } from '../wire/features.ts'
import { decodeInvoice } from './decode-invoice.ts'
import { encodeInvoice } from './encode-invoice.ts'
import { PAYEE } from './fixtures/bolt11-examples.ts'
import type { InvoiceFields } from './invoice.ts'

const sign = (digest: Uint8Array) => secp256k1.signRecoverable(digest, PAYEE.privateKey)
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const u32 = fc.nat(0xffffffff)
const scid = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn })
const record = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(shape, { noNullPrototype: true })

const hop = record({
  nodeId: fc.tuple(fc.constantFrom(2, 3), bytes(32)).map(([first, rest]) => Uint8Array.of(first, ...rest)),
  shortChannelId: scid,
  feeBaseMsat: u32,
  feeProportionalMillionths: u32,
  cltvExpiryDelta: fc.nat(0xffff),
})

const fallback = fc.oneof(
  record({ version: fc.constantFrom(17, 18), program: bytes(20) }),
  record({ version: fc.integer({ min: 1, max: 16 }), program: fc.uint8Array({ minLength: 2, maxLength: 40 }) }),
)

const arbitraryInvoice = fc
  .tuple(
    record({
      network: fc.constantFrom('mainnet', 'testnet', 'signet', 'regtest'),
      timestamp: fc.nat(2 ** 35 - 1),
      paymentHash: bytes(32),
      paymentSecret: bytes(32),
      expirySeconds: fc.nat(2 ** 40),
      minFinalCltvExpiryDelta: u32,
      features: fc
        .tuple(fc.boolean(), fc.array(fc.nat(60).map((n) => 101 + 2 * n)))
        .map(([mpp, odd]) => vectorOfBits([8, 14, ...(mpp ? [17] : []), ...odd])),
      routeHints: fc.array(fc.array(hop, { minLength: 1, maxLength: 4 }), { maxLength: 3 }),
      fallbackAddresses: fc.array(fallback, { maxLength: 2 }),
    }),
    fc.oneof(
      record({ description: fc.string({ unit: 'grapheme', maxLength: 60 }) }),
      record({ descriptionHash: bytes(32) }),
    ),
    fc.record(
      { amountMsat: fc.bigInt({ min: 1n, max: 2_100_000_000_000_000_000n }), paymentMetadata: fc.uint8Array() },
      { requiredKeys: [], noNullPrototype: true },
    ),
  )
  .map((parts): InvoiceFields => Object.assign({}, ...parts))

test('every invoice survives encoding and decoding, its payee recovered', (t) => {
  fc.assert(
    fc.property(arbitraryInvoice, (invoice) => {
      const text = encodeInvoice(invoice, sign)
      t.deepEqual(decodeInvoice(text), { ok: true, value: { ...invoice, payeeNodeId: PAYEE.nodeId } })
      t.true(decodeInvoice(text.toUpperCase()).ok)
    }),
    { seed: 11, numRuns: 300 },
  )
})

test('texts with changed characters are refused, and never thrown at', (t) => {
  fc.assert(
    fc.property(arbitraryInvoice, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (invoice, at, character) => {
      const text = encodeInvoice(invoice, sign)
      const index = at % text.length
      const changed = text.slice(0, index) + character + text.slice(index + 1)
      if (changed.toLowerCase() !== text) t.false(decodeInvoice(changed).ok)
    }),
    { seed: 12, numRuns: 300 },
  )
})

test('any text is refused, and never thrown at', (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      t.false(decodeInvoice(`lnbcrt1${text}`).ok)
    }),
    { seed: 13, numRuns: 500 },
  )
})
