import test from 'ava'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { concat, fromHex, toHex } from '../../lib/bytes.ts'
import { SIGNED_REQUEST, signatureVectors } from './fixtures/signatures.ts'
import { merkleRoot, signStream, verifyStream } from './merkle.ts'
import { decodeBolt12 } from './strings.ts'

for (const { comment, records, merkle } of signatureVectors) {
  test(`BOLT 12, signature calculation — the examples of signature-test.json: ${comment}`, (t) => {
    t.is(toHex(merkleRoot(fromHex(records.join('')))), merkle)
  })
}

const stream = decodeBolt12('lnr', SIGNED_REQUEST.text)
const signed = stream.ok ? stream.value : new Uint8Array(0)
const bobKey = fromHex('42'.repeat(32))

test('BOLT 12, signature calculation — the examples of signature-test.json: the signature of the request', (t) => {
  const signature = fromHex(SIGNED_REQUEST.signature)
  t.true(verifyStream('invoice_request', signed, signature, secp256k1.publicKey(bobKey)))
  // The example is signed without random bytes.
  const records = fromHex(signatureVectors.at(-1)?.records.join('') ?? '')
  t.is(toHex(signStream('invoice_request', records, bobKey, new Uint8Array(32))), SIGNED_REQUEST.signature)
})

test('BOLT 12, signature calculation — a signature covers each record, and the name of its stream', (t) => {
  const signature = fromHex(SIGNED_REQUEST.signature)
  const bob = secp256k1.publicKey(bobKey)
  t.false(verifyStream('invoice', signed, signature, bob))
  t.false(verifyStream('invoice_request', signed, signature, secp256k1.publicKey(fromHex('41'.repeat(32)))))
  t.false(verifyStream('invoice_request', signed, signature.with(63, 0), bob))
  const records = signatureVectors.at(-1)?.records.map(fromHex) ?? []
  for (const at of records.keys()) {
    const changed = records.map((record, i) => (i === at ? record.with(-1, (record.at(-1) as number) ^ 1) : record))
    t.false(verifyStream('invoice_request', concat(...changed), signature, bob))
    t.false(verifyStream('invoice_request', concat(...records.toSpliced(at, 1)), signature, bob))
  }
  // Signatures themselves are not covered: types 240 to 1000.
  const other = Uint8Array.of(0xfd, 0x03, 0xe7, 1, 5)
  t.true(verifyStream('invoice_request', concat(...records, other), signature, bob))
  t.false(verifyStream('invoice_request', concat(...records, Uint8Array.of(0xfd, 0x03, 0xe9, 1, 5)), signature, bob))
})
