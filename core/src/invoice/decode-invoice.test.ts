import { bech32 } from '@scure/base'
import test from 'ava'
import { scriptToAddress } from '../bitcoin/address.ts'
import { NETWORKS } from '../bitcoin/network.ts'
import { sha256 } from '../crypto/hashes.ts'
import { secp256k1 } from '../crypto/secp256k1.ts'
import { fromHex, toHex, utf8Encode } from '../lib/bytes.ts'
import { vectorOfBits } from '../wire/features.ts'
import { decodeInvoice } from './decode-invoice.ts'
import { encodeInvoice } from './encode-invoice.ts'
import { invalidExamples, PAYEE, validExamples } from './fixtures/bolt11-examples.ts'
import { fallbackScript } from './fixtures/fallback-script.ts'
import { type Invoice, type InvoiceFields, invoiceExpiresAt, isExpired } from './invoice.ts'

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

const sign = (digest: Uint8Array) => secp256k1.signRecoverable(digest, PAYEE.privateKey)

const common = {
  network: 'mainnet',
  timestamp: 1496314658,
  paymentHash: fromHex('0001020304050607080900010203040506070809000102030405060708090102'),
  paymentSecret: fromHex('11'.repeat(32)),
  expirySeconds: 3600,
  minFinalCltvExpiryDelta: 18,
  routeHints: [],
  payeeNodeId: PAYEE.nodeId,
} as const

for (const { name, text, features = [8, 14], fallback, ...said } of validExamples) {
  test(`BOLT 11, examples — the valid ones are read: ${name}`, (t) => {
    const result = decodeInvoice(text)
    t.true(result.ok)
    if (!result.ok) return
    const { fallbackAddresses, ...rest } = result.value
    t.deepEqual(rest as Partial<Invoice>, { ...common, ...said, features: vectorOfBits(features) })
    const network = NETWORKS[result.value.network]
    const addresses = fallbackAddresses.map((address) => scriptToAddress(fallbackScript(address), network))
    t.deepEqual(addresses, fallback === undefined ? [] : [fallback])
  })
}

// The others hold their fields in an order that is not ours, or fields that we do not write, or a signature with a high S.
const inOurOrder = /^(a donation|coffee, |a description that|a hashed|a fallback and|a P2TR)/
for (const { name, text } of validExamples.filter((example) => inOurOrder.test(example.name))) {
  test(`BOLT 11, examples — those with our order of fields are written to the letter: ${name}`, (t) => {
    const result = decodeInvoice(text)
    t.true(result.ok)
    if (result.ok) t.is(encodeInvoice(result.value, sign), text)
  })
}

for (const { name, text, error } of invalidExamples) {
  test(`BOLT 11, examples — the invalid ones are refused: ${name}`, (t) => {
    t.deepEqual(decodeInvoice(text), { ok: false, error })
  })
}

const plain: InvoiceFields = {
  ...common,
  network: 'regtest',
  description: '',
  features: vectorOfBits([8, 14]),
  fallbackAddresses: [],
}

/** An invoice whose words were tampered with before it was signed. */
const signedWith = (extra: readonly number[], drop: readonly number[] = []): string => {
  const { words } = bech32.decode(encodeInvoice(plain, sign) as `${string}1${string}`, false)
  const kept = drop.length === 0 ? words.slice(7, -104) : withoutFields(words.slice(7, -104), drop)
  return encodeRaw([...words.slice(0, 7), ...kept, ...extra])
}

const withoutFields = (words: readonly number[], drop: readonly number[]): number[] => {
  const kept: number[] = []
  for (let at = 0; at < words.length; ) {
    const length = 3 + (words[at + 1] as number) * 32 + (words[at + 2] as number)
    if (!drop.includes(words[at] as number)) kept.push(...words.slice(at, at + length))
    at += length
  }
  return kept
}

/** An invoice's words up to its signature. */
const wordsOf = (invoice: InvoiceFields): readonly number[] =>
  bech32.decode(encodeInvoice(invoice, sign) as `${string}1${string}`, false).words.slice(0, -104)

const encodeRaw = (signed: readonly number[], hrp = 'lnbcrt'): string => {
  const bits = signed.map((word) => word.toString(2).padStart(5, '0')).join('')
  const padded = bits.padEnd(Math.ceil(bits.length / 8) * 8, '0')
  const bytes = Uint8Array.from(padded.match(/.{8}/g) ?? [], (byte) => Number.parseInt(byte, 2))
  const preimage = Uint8Array.from([...utf8Encode(hrp), ...bytes])
  const { signature, recoveryId } = sign(sha256(preimage))
  return bech32.encode(hrp, [...signed, ...bech32.toWords(Uint8Array.from([...signature, recoveryId]))], false)
}

const errorOf = (text: string): unknown => {
  const result = decodeInvoice(text)
  return result.ok ? undefined : result.error
}

test('BOLT 11, human-readable part — the prefix of no network is refused, and so is that of another than ours: another', (t) => {
  const text = encodeInvoice(plain, sign)
  t.true(decodeInvoice(text, 'regtest').ok)
  t.deepEqual(decodeInvoice(text, 'mainnet'), {
    ok: false,
    error: { code: 'wrong-network', expected: 'mainnet', actual: 'regtest' },
  })
})

test('BOLT 11, human-readable part — the prefix says the network, whatever the amount behind it', (t) => {
  for (const network of ['mainnet', 'testnet', 'signet', 'regtest'] as const) {
    for (const amountMsat of [undefined, 1n, 100_000_000_000n]) {
      const text = encodeInvoice({ ...plain, network, ...(amountMsat === undefined ? {} : { amountMsat }) }, sign)
      const result = decodeInvoice(text)
      t.true(result.ok && result.value.network === network && result.value.amountMsat === amountMsat, text)
    }
  }
})

test('BOLT 11, human-readable part — the prefix of no network is refused, and so is that of another than ours: none', (t) => {
  const { words } = bech32.decode(encodeInvoice(plain, sign) as `${string}1${string}`, false)
  t.deepEqual(errorOf(bech32.encode('lnxy', words, false)), { code: 'unknown-network', prefix: 'lnxy' })
  t.deepEqual(errorOf(bech32.encode('bcrt', words, false)), { code: 'unknown-network', prefix: 'bcrt' })
})

test('BOLT 11, human-readable part — an amount that is no number, has an unknown multiplier or a part of a millisatoshi is refused', (t) => {
  const { words } = bech32.decode(encodeInvoice(plain, sign) as `${string}1${string}`, false)
  for (const amount of ['1uu', '1x', '1001p', '021000001', '21000001', '9'.repeat(30)]) {
    t.deepEqual(errorOf(bech32.encode(`lnbcrt${amount}`, words, false)), { code: 'invalid-amount', amount })
  }
})

test('BOLT 11, human-readable part — an amount is multiplied by its multiplier: also one that begins with zeroes; one of zero leaves it to the payer', (t) => {
  const amounts = {
    '0': undefined,
    '0u': undefined,
    '000p': undefined,
    '01u': 100_000n,
    '0010p': 1n,
    '002': 200_000_000_000n,
  }
  for (const [amount, expected] of Object.entries(amounts)) {
    const result = decodeInvoice(encodeRaw(wordsOf(plain), `lnbcrt${amount}`))
    t.true(result.ok, amount)
    if (result.ok) t.is(result.value.amountMsat, expected, amount)
  }
})

test('decodeInvoice — takes a URI', (t) => {
  t.true(decodeInvoice(`lightning:${encodeInvoice(plain, sign)}`).ok)
  t.true(decodeInvoice(`LIGHTNING:${encodeInvoice(plain, sign).toUpperCase()}`).ok)
})

test('BOLT 11, tagged fields read — numbers and features that begin with zeroes are refused', (t) => {
  t.is(errorOf(signedWith([])), undefined)
  t.deepEqual(errorOf(signedWith([6, 0, 2, 0, 5])), { code: 'non-minimal-field', field: 'x' })
  t.deepEqual(errorOf(signedWith([24, 0, 2, 0, 5])), { code: 'non-minimal-field', field: 'c' })
  t.deepEqual(errorOf(signedWith([5, 0, 3, 0, 8, 8], [5])), { code: 'non-minimal-field', field: '9' })
})

test('decodeInvoice — takes numbers of any length, the largest that can be meant standing for more (BOLT 11)', (t) => {
  const forEver = decodeInvoice(signedWith([6, 0, 12, ...Array<number>(12).fill(31)]))
  t.true(forEver.ok && forEver.value.expirySeconds === 2 ** 42)
  // Past 2^40 s and exact; what it comes to is a date all the same.
  const long = decodeInvoice(signedWith([6, 0, 9, 2, ...Array<number>(8).fill(0)]))
  t.true(long.ok && long.value.expirySeconds === 2 ** 41)
  if (forEver.ok) t.notThrows(() => new Date(invoiceExpiresAt(forEver.value)).toISOString())
  const far = decodeInvoice(signedWith([24, 0, 8, ...Array<number>(8).fill(31)]))
  t.true(far.ok && far.value.minFinalCltvExpiryDelta === 0xffffffff)
})

test('decodeInvoice — says that an invoice needs an unknown feature before it misses what the feature replaces', (t) => {
  // Bit 30 of AMP and 262 of blinded paths, without a secret.
  const amp = [5, 0, 7, 1, 0, 0, 0, 8, 8, 0]
  t.deepEqual(errorOf(signedWith(amp, [5, 16])), { code: 'unknown-even-feature', bit: 30 })
  const blinded = [5, 1, 21, 4, ...Array<number>(50).fill(0), 8, 0]
  t.deepEqual(errorOf(signedWith(blinded, [5, 16])), { code: 'unknown-even-feature', bit: 262 })
})

test('BOLT 11, tagged fields read — one of `d` and `h` has to be there, and not both', (t) => {
  t.deepEqual(errorOf(signedWith([], [13])), { code: 'missing-field', field: 'd' })
  t.deepEqual(errorOf(signedWith([23, 1, 20, ...Array<number>(52).fill(0)])), { code: 'invalid-field', field: 'h' })
})

test('BOLT 11, tagged fields read — a payment hash and a secret have to be there', (t) => {
  t.deepEqual(errorOf(signedWith([], [1])), { code: 'missing-field', field: 'p' })
  t.deepEqual(errorOf(signedWith([], [16])), { code: 'missing-field', field: 's' })
})

test('decodeInvoice — takes the first of several fields of a kind', (t) => {
  const result = decodeInvoice(signedWith([1, 1, 20, ...Array<number>(52).fill(31)]))
  t.true(result.ok)
  if (result.ok) t.deepEqual(result.value.paymentHash, plain.paymentHash)
})

test('decodeInvoice — refuses a field that ends past the fields', (t) => {
  t.deepEqual(errorOf(signedWith([6, 0, 2, 5])), { code: 'too-short' })
  t.deepEqual(errorOf(signedWith([6, 0])), { code: 'too-short' })
})

test('decodeInvoice — refuses route hints that are no whole hops', (t) => {
  t.deepEqual(errorOf(signedWith([3, 0, 8, ...Array<number>(8).fill(0)])), { code: 'invalid-field', field: 'r' })
  t.deepEqual(errorOf(signedWith([3, 0, 0])), { code: 'invalid-field', field: 'r' })
})

test('decodeInvoice — refuses route hints from what is no point of the curve', (t) => {
  const hop = {
    nodeId: PAYEE.nodeId,
    shortChannelId: 1n,
    feeBaseMsat: 0,
    feeProportionalMillionths: 0,
    cltvExpiryDelta: 0,
  }
  t.is(errorOf(encodeInvoice({ ...plain, routeHints: [[hop]] }, sign)), undefined)
  // The x of no point, and one past the field.
  for (const x of [`${'00'.repeat(31)}05`, 'ff'.repeat(32)]) {
    const routeHints = [[hop, { ...hop, nodeId: fromHex(`02${x}`) }]]
    t.deepEqual(errorOf(encodeInvoice({ ...plain, routeHints }, sign)), { code: 'invalid-field', field: 'r' })
  }
})

test('decodeInvoice — refuses a description that is not UTF-8', (t) => {
  t.deepEqual(errorOf(signedWith([13, 0, 2, 31, 28], [13])), { code: 'invalid-field', field: 'd' })
})

test('BOLT 11, tagged fields read — a payee that is given has to be the signer, its S low; without one it is recovered, of either S: the signer', (t) => {
  const payee = bech32.toWords(PAYEE.nodeId)
  const other = bech32.toWords(secp256k1.publicKey(fromHex('22'.repeat(32))))
  t.is(errorOf(signedWith([19, 1, 21, ...payee])), undefined)
  t.deepEqual(errorOf(signedWith([19, 1, 21, ...other])), { code: 'invalid-signature' })
})

test('BOLT 11, tagged fields read — a payee that is given has to be the signer, its S low; without one it is recovered, of either S: high', (t) => {
  const highS = (text: string): string => {
    const { prefix, words } = bech32.decode(text as `${string}1${string}`, false)
    const signature = Uint8Array.from(bech32.fromWords(words.slice(-104)))
    const s = ORDER - BigInt(`0x${toHex(signature.slice(32, 64))}`)
    signature.set(fromHex(s.toString(16).padStart(64, '0')), 32)
    // With S turned round, the same key is recovered from the other point.
    signature[64] = (signature[64] as number) ^ 1
    return bech32.encode(prefix, [...words.slice(0, -104), ...bech32.toWords(signature)], false)
  }
  const recovered = decodeInvoice(highS(signedWith([])))
  t.true(recovered.ok)
  if (recovered.ok) t.deepEqual(recovered.value.payeeNodeId, PAYEE.nodeId)
  t.deepEqual(errorOf(highS(signedWith([19, 1, 21, ...bech32.toWords(PAYEE.nodeId)]))), { code: 'invalid-signature' })
})

test('BOLT 11, data part — a wrong signature is refused', (t) => {
  const { prefix, words } = bech32.decode(signedWith([]) as `${string}1${string}`, false)
  // Without an `n` whatever was signed has some key that signed it, unless there is no such point, or recovery id.
  const withLast = (last: readonly number[]): string => bech32.encode(prefix, [...words.slice(0, -104), ...last], false)
  t.deepEqual(errorOf(withLast(Array<number>(104).fill(0))), { code: 'invalid-signature' })
  const recoveryId = bech32.toWords(Uint8Array.from([...bech32.fromWords(words.slice(-104)).slice(0, 64), 4]))
  t.deepEqual(errorOf(withLast(recoveryId)), { code: 'invalid-signature' })
  // With one, what was changed after it was signed is found.
  const named = bech32.decode(signedWith([19, 1, 21, ...bech32.toWords(PAYEE.nodeId)]) as `${string}1${string}`, false)
  const later = [...named.words]
  later[6] = (later[6] as number) ^ 1
  t.deepEqual(errorOf(bech32.encode(named.prefix, later, false)), { code: 'invalid-signature' })
})

test('BOLT 11, tagged fields read — a fallback of an unknown version, or of no length of its version, is skipped', (t) => {
  const hash = bech32.toWords(fromHex('33'.repeat(20)))
  const skipped = [[19, ...hash], [31, ...hash], [17, ...hash.slice(8)], [0, ...hash.slice(8)], []]
  const fields = [...skipped, [17, ...hash]].flatMap((data) => [9, data.length >> 5, data.length & 31, ...data])
  const result = decodeInvoice(signedWith(fields))
  t.true(result.ok)
  if (result.ok) t.deepEqual(result.value.fallbackAddresses, [{ version: 17, program: fromHex('33'.repeat(20)) }])
})

test('BOLT 11, tagged fields read — a field of another length than its kind has is skipped, and the invoice refused if it lacks it then', (t) => {
  const wrong = (field: number, length: number) => [field, length >> 5, length & 31, ...Array<number>(length).fill(1)]
  for (const [field, letter] of [
    [1, 'p'],
    [16, 's'],
  ] as const) {
    for (const length of [51, 53]) {
      t.deepEqual(errorOf(signedWith(wrong(field, length), [field])), { code: 'missing-field', field: letter })
    }
  }
  for (const length of [51, 53]) {
    t.deepEqual(errorOf(signedWith(wrong(23, length), [13])), { code: 'missing-field', field: 'd' })
  }
  for (const length of [52, 54]) {
    const result = decodeInvoice(signedWith(wrong(19, length)))
    t.true(result.ok && toHex(result.value.payeeNodeId) === toHex(PAYEE.nodeId))
  }
})

test('BOLT 11, tagged fields read — an unknown odd feature is ignored, and an unknown even one refused', (t) => {
  const errorWith = (bits: readonly number[]) =>
    errorOf(encodeInvoice({ ...plain, features: vectorOfBits([8, 14, ...bits]) }, sign))
  for (const bit of [101, 263]) t.is(errorWith([bit]), undefined)
  for (const bit of [100, 262]) t.deepEqual(errorWith([bit]), { code: 'unknown-even-feature', bit })
})

test('BOLT 11, feature bits — features without those that they depend on are refused', (t) => {
  t.deepEqual(errorOf(encodeInvoice({ ...plain, features: vectorOfBits([8, 17]) }, sign)), {
    code: 'missing-feature-dependency',
    feature: 'basic_mpp',
    requires: 'payment_secret',
  })
})

test('an invoice expires when its time is over', (t) => {
  const invoice = { timestamp: 1000, expirySeconds: 60 }
  t.is(invoiceExpiresAt(invoice), 1_060_000)
  t.false(isExpired(invoice, 1_059_999))
  t.true(isExpired(invoice, 1_060_000))
})

test('BOLT 11, tagged fields written — there is one description of UTF-8, or the hash of one: of up to 639 bytes', (t) => {
  for (const description of ['a'.repeat(639), '€'.repeat(213)]) {
    const result = decodeInvoice(encodeInvoice({ ...plain, description }, sign))
    t.true(result.ok && result.value.description === description)
  }
  for (const description of ['a'.repeat(640), '€'.repeat(214), '\ud83d']) {
    t.throws(() => encodeInvoice({ ...plain, description }, sign), undefined, description)
  }
})
