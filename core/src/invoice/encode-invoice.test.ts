import { bech32 } from '@scure/base'
import test from 'ava'
import fc from 'fast-check'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { fromHex, toHex } from '../lib/bytes.ts'
import { vectorOfBits } from '../wire/features.ts'
import { decodeInvoice } from './decode-invoice.ts'
import { encodeInvoice } from './encode-invoice.ts'
import { PAYEE, validExamples } from './fixtures/bolt11-examples.ts'
import { bytesOf, readByTheLetter } from './fixtures/read-by-the-letter.ts'
import type { InvoiceFields } from './invoice.ts'

const sign = (digest: Uint8Array) => secp256k1.signRecoverable(digest, PAYEE.privateKey)

const plain: InvoiceFields = {
  network: 'mainnet',
  timestamp: 1496314658,
  paymentHash: fromHex('00'.repeat(31).concat('01')),
  paymentSecret: fromHex('11'.repeat(32)),
  description: 'x',
  expirySeconds: 3600,
  minFinalCltvExpiryDelta: 18,
  features: vectorOfBits([8, 14]),
  routeHints: [],
  fallbackAddresses: [],
}

const write = (more: Partial<InvoiceFields>): string => encodeInvoice({ ...plain, ...more }, sign)
const fieldsOf = (more: Partial<InvoiceFields>) => readByTheLetter(write(more))

const [P, R, FEATURES, X, F, D, S, N, H, C, M] = [1, 3, 5, 6, 9, 13, 16, 19, 23, 24, 27] as const

test('BOLT 11, encoding — one is written in bech32, in lower case, and longer than an address may be', (t) => {
  const text = write({})
  t.is(text, text.toLowerCase())
  t.true(text.length > 90)
  t.is(bech32.decode(text as `${string}1${string}`, false).prefix, 'lnbc')
})

test('BOLT 11, human-readable part — the amount is written with the largest multiplier that leaves it whole, and no zero in front', (t) => {
  const prefixOf = (amountMsat: bigint): string =>
    bech32.decode(write({ amountMsat }) as `${string}1${string}`, false).prefix.slice(4)
  const written: [bigint, string][] = [
    [100_000_000_000n, '1'],
    [2_500_000_000n, '25m'],
    [250_000_000n, '2500u'],
    [100n, '1n'],
    [1n, '10p'],
    [967_878_534n, '9678785340p'],
  ]
  for (const [amountMsat, amount] of written) t.is(prefixOf(amountMsat), amount)
  // BOLT 11, read by its letter: one bitcoin is 10^12 times the smallest multiplier's unit.
  const units = { '': 12n, m: 9n, u: 6n, n: 3n, p: 0n }
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 2_100_000_000_000_000_000n }), (amountMsat) => {
      const [, digits = '', letter = ''] = /^([1-9]\d*)([munp]?)$/.exec(prefixOf(amountMsat)) ?? []
      if (letter === 'p') t.true(digits.endsWith('0'))
      t.is(BigInt(digits) * 10n ** units[letter as keyof typeof units], amountMsat * 10n)
    }),
    { seed: 15, numRuns: 200 },
  )
  for (const amountMsat of [0n, -1n, 2_100_000_000_000_000_001n]) t.throws(() => write({ amountMsat }))
})

test('BOLT 11, data part — the time is in seconds, in 35 bits', (t) => {
  const { words } = bech32.decode(write({}) as `${string}1${string}`, false)
  t.is(
    words.slice(0, 7).reduce((sum, word) => sum * 32 + word, 0),
    1496314658,
  )
  t.throws(() => write({ timestamp: 2 ** 35 }))
})

test('BOLT 11, data part — the signature covers what is before it, filled up with zeroes to a byte, and says how its key is recovered', (t) => {
  // The first examples: what is hashed has 5 × 237 and 5 × 198 bits, so that zeroes are added, and its hash is in the text.
  const digests = [
    '6daf4d488be41ce7cbb487cab1ef2975e5efcea879b20d421f0ef86b07cbb987',
    '047e24bf270b25d42a56d57b2578faa3a10684641bab817c2851a871cb41dbc0',
    'f140d992ba419578ba9cfe1af85f92df90a76f442fb5e6e09b1f0582534ba87d',
    'e2ffa444e2979edb639fbdaa384638683ba1a5240b14dd7a150e45a04eea261d',
  ]
  for (const [i, digest] of digests.entries()) {
    const example = decodeInvoice(validExamples[i]?.text ?? '')
    if (!example.ok) return t.fail()
    const text = encodeInvoice(example.value, (signed) => {
      t.is(toHex(signed), digest)
      return sign(signed)
    })
    const { words } = bech32.decode(text as `${string}1${string}`, false)
    const last = Uint8Array.from(bech32.fromWords(words.slice(-104)))
    t.deepEqual(secp256k1.recover(last.slice(0, 64), last[64] as number, fromHex(digest)), PAYEE.nodeId)
  }
})

test('BOLT 11, tagged fields written — there is one hash and one secret', (t) => {
  const fields = fieldsOf({})
  t.deepEqual(fields.get(P)?.map(bytesOf), [plain.paymentHash])
  t.deepEqual(fields.get(S)?.map(bytesOf), [plain.paymentSecret])
  t.false(fields.has(N))
})

test('BOLT 11, tagged fields written — there is one description of UTF-8, or the hash of one', (t) => {
  const { description: _, ...bare } = plain
  const descriptionHash = fromHex('22'.repeat(32))
  t.deepEqual(fieldsOf({ description: '€' }).get(D)?.map(bytesOf), [fromHex('e282ac')])
  t.false(fieldsOf({}).has(H))
  const hashed = readByTheLetter(encodeInvoice({ ...bare, descriptionHash }, sign))
  t.deepEqual(hashed.get(H)?.map(bytesOf), [descriptionHash])
  t.false(hashed.has(D))
  t.throws(() => encodeInvoice(bare, sign))
  t.throws(() => write({ descriptionHash }))
})

test('BOLT 11, tagged fields written — numbers and features are as short as can be, and no features have no field', (t) => {
  t.deepEqual(fieldsOf({ expirySeconds: 60 }).get(X), ['0000111100'])
  t.deepEqual(fieldsOf({ minFinalCltvExpiryDelta: 31 }).get(C), ['11111'])
  t.deepEqual(fieldsOf({ minFinalCltvExpiryDelta: 32 }).get(C), ['0000100000'])
  t.deepEqual(fieldsOf({ features: Uint8Array.of(0, 0, 0x41, 0) }).get(FEATURES), ['100000100000000'])
  for (const features of [Uint8Array.of(), Uint8Array.of(0, 0)]) t.false(fieldsOf({ features }).has(FEATURES))
})

test('BOLT 11, tagged fields written — a fallback is a witness version with its program, or a hash behind 17 or 18', (t) => {
  const hash = fromHex('33'.repeat(20))
  const fallbacks = [
    { version: 1, program: fromHex('44'.repeat(32)) },
    { version: 0, program: hash },
    { version: 17, program: hash },
    { version: 18, program: hash },
  ]
  const written = fieldsOf({ fallbackAddresses: fallbacks }).get(F) ?? []
  t.deepEqual(
    written.map((bits) => ({ version: Number.parseInt(bits.slice(0, 5), 2), program: bytesOf(bits.slice(5)) })),
    fallbacks,
  )
  const wrong = [
    { version: 19, program: hash },
    { version: 17, program: fromHex('33'.repeat(32)) },
    { version: 0, program: fromHex('33'.repeat(21)) },
    { version: 1, program: fromHex('33') },
  ]
  for (const fallback of wrong) t.throws(() => write({ fallbackAddresses: [fallback] }))
})

test('BOLT 11, tagged fields written — what is no multiple of five bits is filled up with zeroes', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), (paymentMetadata) => {
      const [bits = ''] = fieldsOf({ paymentMetadata }).get(M) ?? []
      t.is(bits.length, Math.ceil((paymentMetadata.length * 8) / 5) * 5)
      t.regex(bits.slice(paymentMetadata.length * 8), /^0{0,4}$/)
    }),
    { seed: 16, numRuns: 100 },
  )
})

test('BOLT 11, tagged fields written — of several fields of a kind the preferred ones come first: as they were given', (t) => {
  const hop = { nodeId: PAYEE.nodeId, feeBaseMsat: 0, feeProportionalMillionths: 0, cltvExpiryDelta: 0 }
  const routeHints = [3n, 1n, 2n].map((shortChannelId) => [{ ...hop, shortChannelId }])
  const written = fieldsOf({ routeHints }).get(R) ?? []
  t.deepEqual(
    written.map((bits) => bytesOf(bits)[40]),
    [3, 1, 2],
  )
})
