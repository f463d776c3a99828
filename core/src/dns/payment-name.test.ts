import test from 'ava'
import { fromHex } from '../lib/bytes.ts'
import { PROOFS } from './fixtures/bip353.ts'
import { offerInUri, paymentInstructions, readPaymentName } from './payment-name.ts'

const ADDRESS = 'bc1qztwy6xen3zdtt7z0vrgapmjtfz8acjkfp5fp7l'
const SIMPLE = `bitcoin:?bc=${ADDRESS}`
const AUGUST_6 = Date.UTC(2025, 7, 6, 12)
const AUGUST_7 = Date.UTC(2025, 7, 7, 12)

/** A proof with its name before it, as PSBTs have it. */
const resolved = (vector: keyof typeof PROOFS, now?: number) => {
  const bytes = fromHex(PROOFS[vector])
  const length = bytes[0] ?? 0
  const name = readPaymentName(String.fromCharCode(...bytes.subarray(1, 1 + length)))
  if (name === undefined) throw new Error('no name')
  return paymentInstructions(name, bytes.subarray(1 + length), now)
}

test('BIP 353 — a name leads to its address, and texts of another kind beside it are ignored', (t) => {
  const simple = resolved('simple', AUGUST_7)
  if (!simple.ok) return t.fail(simple.error.code)
  t.is(simple.value.uri, SIMPLE)
  t.true(simple.value.expiresAt > AUGUST_7 && simple.value.ttl <= 3_600)
})

test('BIP 353 — a name of its own goes before a wildcard', (t) => {
  const found = resolved('override', AUGUST_6)
  t.is(found.ok && found.value.uri, 'BITCOIN:?BC=BC1QYYQ734DCNHHCWYW8YJXSWXG4P7K9NXU0QT84QZ')
})

test('BIP 353 — a wildcard leads on to an offer, if the proof shows that nothing stands before it', (t) => {
  const found = resolved('wildcard', AUGUST_6)
  if (!found.ok) return t.fail(found.error.code)
  t.regex(found.value.uri, new RegExp(`^bitcoin:${ADDRESS}\\?lno=lno1`))
  const offer = offerInUri(found.value.uri)
  t.is(offer?.length, 435)
  t.deepEqual(resolved('noDenial', AUGUST_6), { ok: false, error: { code: 'not-proven' } })
})

test('BIP 353 — several instructions at a name are none', (t) => {
  const at = [AUGUST_6, AUGUST_7].map((now) => resolved('twoTexts', now))
  t.true(at.some((found) => !found.ok && found.error.code === 'several-instructions'))
  t.false(at.some(({ ok }) => ok))
})

test('a proof holds while all of its signatures do, and for its own name alone', (t) => {
  t.deepEqual(resolved('simple', Date.UTC(2025, 8, 7)), { ok: false, error: { code: 'expired' } })
  t.deepEqual(resolved('simple', Date.UTC(2025, 6, 1)), { ok: false, error: { code: 'expired' } })
  t.true(resolved('simple').ok)
  const bytes = fromHex(PROOFS.simple)
  const chain = bytes.subarray(1 + (bytes[0] ?? 0))
  const other = { name: 'other', domain: 'dnssec_proof_tests.bitcoin.ninja' }
  t.deepEqual(paymentInstructions(other, chain, AUGUST_7), { ok: false, error: { code: 'not-proven' } })
})

test('no byte of a proof that was changed leads anywhere else', (t) => {
  const bytes = fromHex(PROOFS.simple)
  const length = 1 + (bytes[0] ?? 0)
  const name = { name: 'simple', domain: 'dnssec_proof_tests.bitcoin.ninja' }
  for (let at = length; at < bytes.length; at += 41) {
    const changed = Uint8Array.from(bytes)
    changed[at] = (changed[at] ?? 0) ^ 0x20
    const found = paymentInstructions(name, changed.subarray(length), AUGUST_7)
    t.true(!found.ok || found.value.uri === SIMPLE)
  }
})

test('names are read with and without their sign, and nothing else is taken for one', (t) => {
  t.deepEqual(readPaymentName('₿matt@mattcorallo.com'), { name: 'matt', domain: 'mattcorallo.com' })
  t.deepEqual(readPaymentName('a.b@x-n.example'), { name: 'a.b', domain: 'x-n.example' })
  for (const text of [
    '',
    '₿',
    'matt',
    '@a.com',
    'matt@',
    'a@b@c',
    'ä@b.com',
    'a b@c.com',
    'a@b..com',
    '.a@b.com',
    `${'x'.repeat(64)}@b.com`,
  ]) {
    t.is(readPaymentName(text), undefined, text)
  }
})

test('the offer is in the parameter of the URI that BIP 321 names, unless something more is required', (t) => {
  t.is(offerInUri('bitcoin:?lno=lno1abc'), 'lno1abc')
  t.is(offerInUri('BITCOIN:BC1Q?amount=1&LNO=LNO1ABC'), 'LNO1ABC')
  t.is(offerInUri('bitcoin:bc1q?req-later=1&lno=lno1abc'), undefined)
  for (const uri of ['bitcoin:bc1q', 'bitcoin:?lno=', 'bitcoin:?lno=a%20b', 'bitcoin:?xlno=lno1'])
    t.is(offerInUri(uri), undefined)
})
