import test from 'ava'
import fc from 'fast-check'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { vectorOfBits } from '../wire/features.ts'
import { decodeInvoice } from './decode-invoice.ts'
import { encodeInvoice } from './encode-invoice.ts'
import { PAYEE } from './fixtures/bolt11-examples.ts'
import { bytesOf, readByTheLetter } from './fixtures/read-by-the-letter.ts'
import { type InvoiceFields, MAX_EXPIRY_SECONDS } from './invoice.ts'

const sign = (digest: Uint8Array) => secp256k1.signRecoverable(digest, PAYEE.privateKey)
const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length })
const u32 = fc.nat(0xffffffff)
const scid = fc.bigInt({ min: 0n, max: 0xffffffffffffffffn })
const record = <T>(shape: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(shape, { noNullPrototype: true })

const hop = record({
  // Points of the curve: others are refused.
  nodeId: fc.nat(15).map((n) => secp256k1.publicKey(new Uint8Array(32).fill(n + 1))),
  shortChannelId: scid,
  feeBaseMsat: u32,
  feeProportionalMillionths: u32,
  cltvExpiryDelta: fc.nat(0xffff),
})

const fallback = fc.oneof(
  record({ version: fc.constantFrom(17, 18), program: bytes(20) }),
  record({ version: fc.integer({ min: 1, max: 16 }), program: fc.uint8Array({ minLength: 2, maxLength: 40 }) }),
)

// Every character, those that decoders like to swallow at the front among them, and up to the last byte that fits.
const text = fc
  .tuple(fc.constantFrom('', '\ufeff', '\ufeff\ufeff', '\0'), fc.string({ unit: 'binary', maxLength: 700 }))
  .map(([front, rest]) => {
    let fits = front + rest
    while (Buffer.byteLength(fits) > 639) fits = [...fits].slice(0, -1).join('')
    return fits
  })

const arbitraryInvoice = fc
  .tuple(
    record({
      network: fc.constantFrom('mainnet', 'testnet', 'signet', 'regtest'),
      timestamp: fc.nat(2 ** 35 - 1),
      paymentHash: bytes(32),
      paymentSecret: bytes(32),
      expirySeconds: fc.maxSafeNat().map((n) => n % (MAX_EXPIRY_SECONDS + 1)),
      minFinalCltvExpiryDelta: u32,
      features: fc
        .tuple(fc.boolean(), fc.array(fc.nat(60).map((n) => 101 + 2 * n)))
        .map(([mpp, odd]) => vectorOfBits([8, 14, ...(mpp ? [17] : []), ...odd])),
      routeHints: fc.array(fc.array(hop, { minLength: 1, maxLength: 4 }), { maxLength: 3 }),
      fallbackAddresses: fc.array(fallback, { maxLength: 2 }),
    }),
    fc.oneof(record({ description: text }), record({ descriptionHash: bytes(32) })),
    fc.record(
      { amountMsat: fc.bigInt({ min: 1n, max: 2_100_000_000_000_000_000n }), paymentMetadata: fc.uint8Array() },
      { requiredKeys: [], noNullPrototype: true },
    ),
  )
  .map((parts): InvoiceFields => Object.assign({}, ...parts))

test('BOLT 11, encoding — one is read in upper or in lower case, and of any length, and says what was written', (t) => {
  fc.assert(
    fc.property(arbitraryInvoice, (invoice) => {
      const text = encodeInvoice(invoice, sign)
      t.deepEqual(decodeInvoice(text), { ok: true, value: { ...invoice, payeeNodeId: PAYEE.nodeId } })
      t.true(decodeInvoice(text.toUpperCase()).ok)
    }),
    { seed: 11, numRuns: 300 },
  )
})

test('what an invoice says is what was asked for, byte for byte, also to a reader of another make', (t) => {
  fc.assert(
    fc.property(arbitraryInvoice, (invoice) => {
      const fields = readByTheLetter(encodeInvoice(invoice, sign))
      const { description, descriptionHash, expirySeconds, paymentMetadata, routeHints } = invoice
      if (description === undefined) t.deepEqual(bytesOf(fields.get(23)?.[0]), descriptionHash)
      else t.deepEqual(bytesOf(fields.get(13)?.[0]), Uint8Array.from(Buffer.from(description, 'utf8')))
      t.is(fields.has(13), description !== undefined)
      t.is(BigInt(`0b0${fields.get(6)?.[0] ?? (3600).toString(2)}`), BigInt(expirySeconds))
      if (paymentMetadata !== undefined) t.deepEqual(bytesOf(fields.get(27)?.[0]), paymentMetadata)
      for (const [i, hint] of routeHints.entries()) {
        const bytes = bytesOf(fields.get(3)?.[i])
        t.is(bytes.length, 51 * hint.length)
        for (const [j, { nodeId }] of hint.entries()) t.deepEqual(bytes.slice(51 * j, 51 * j + 33), nodeId)
      }
    }),
    { seed: 14, numRuns: 300 },
  )
})

test('BOLT 11, encoding — one whose checksum is wrong is refused', (t) => {
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

test('BOLT 11, encoding — any text is read or refused, never thrown at', (t) => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      t.false(decodeInvoice(`lnbcrt1${text}`).ok)
    }),
    { seed: 13, numRuns: 500 },
  )
})
