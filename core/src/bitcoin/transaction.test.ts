import test from 'ava'
import { Transaction } from 'bitcoinjs-lib'
import fc from 'fast-check'
import { fromHex, toHex } from '../lib/bytes.ts'
import { arbitraryTx } from './fixtures/arbitrary.ts'
import {
  decodeTx,
  displayTxid,
  encodeTx,
  encodeTxWithoutWitness,
  formatOutPoint,
  parseTxid,
  txidOf,
  txVsize,
  txWeight,
  withWitness,
  wtxidOf,
} from './transaction.ts'

const SEEDED = { seed: 7, numRuns: 300 }

// BIP 143, native P2WPKH: the signed transaction.
const BIP143_SIGNED =
  '01000000000102fff7f7881a8099afa6940d42d1e7f6362bec38171ea3edf433541db4e4ad969f00000000494830450221008b9d1dc26ba6a9cb62127b02742fa9d754cd3bebf337f7a55d114c8e5cdd30be022040529b194ba3f9281a99f2b1c0a19c0489bc22ede944ccf4ecbab4cc618ef3ed01eeffffffef51e1b804cc89d182d279655c3aa89e815b1b309fe287d9b2b55d57b90ec68a0100000000ffffffff02202cb206000000001976a9148280b37df378db99f66f85c95a783a76ac7a6d5988ac9093510d000000001976a9143bde42dbee7e4dbe6a21b2d50ce2f0167faa815988ac000247304402203609e17b84f6a7d30c80bfa610b5b4542f32a8a0d5447a12fb1366d7f01cc44a0220573a954c4518331561406f90300e8f3358f51928d43c212a8caed02de67eebee0121025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee635711000000'

test('a transaction — serialises, hashes and weighs as bitcoinjs-lib has it', (t) => {
  fc.assert(
    fc.property(arbitraryTx, (tx) => {
      const encoded = encodeTx(tx)
      const theirs = Transaction.fromBuffer(encoded)
      t.is(toHex(theirs.toBuffer()), toHex(encoded))
      t.is(theirs.getId(), displayTxid(txidOf(tx)))
      t.deepEqual(new Uint8Array(theirs.getHash(true)), new Uint8Array(wtxidOf(tx)))
      t.is(theirs.weight(), txWeight(tx))
      t.is(theirs.virtualSize(), txVsize(tx))
    }),
    SEEDED,
  )
})

test('a transaction — decodes to what was encoded', (t) => {
  fc.assert(
    fc.property(arbitraryTx, (tx) => t.deepEqual(decodeTx(encodeTx(tx)), { ok: true, value: tx })),
    SEEDED,
  )
})

test('a transaction — any prefix is truncated, any suffix is trailing', (t) => {
  const bytes = fromHex(BIP143_SIGNED)
  t.true(decodeTx(bytes).ok)
  for (let length = 0; length < bytes.length; length++) t.false(decodeTx(bytes.subarray(0, length)).ok, `${length}`)
  t.deepEqual(decodeTx(fromHex(`${BIP143_SIGNED}00`)), {
    ok: false,
    error: { code: 'malformed-transaction', reason: 'trailing-bytes' },
  })
})

const OUTPOINT = `${'11'.repeat(32)}00000000`
const OUTPUT = '0100000000000000015100'.slice(0, 20)
const MALFORMED: readonly (readonly [why: string, hex: string, reason: string])[] = [
  ['no inputs', `0200000000000000`, 'no-inputs'],
  ['no inputs behind the flag', `02000000000100${OUTPUT}00000000`, 'no-inputs'],
  ['another flag', `02000000000201${OUTPOINT}00ffffffff01${OUTPUT}0000000000`, 'unknown-flag'],
  ['a flag without any witness', `02000000000101${OUTPOINT}00ffffffff01${OUTPUT}0000000000`, 'superfluous-witness'],
  ['a count in three bytes', `02000000fd0100${OUTPOINT}00ffffffff01${OUTPUT}00000000`, 'non-canonical-size'],
  ['a script length in five bytes', `0200000001${OUTPOINT}fe00000000ffffffff01${OUTPUT}00000000`, 'non-canonical-size'],
  ['a script length in nine bytes', `0200000001${OUTPOINT}ff0000000000000000ffffffff00`, 'non-canonical-size'],
  ['more inputs than bytes', `02000000feffffffff${OUTPOINT}`, 'truncated'],
]

for (const [why, hex, reason] of MALFORMED) {
  test(`a malformed transaction — ${why} is refused as ${reason}`, (t) => {
    t.deepEqual(decodeTx(fromHex(hex)), { ok: false, error: { code: 'malformed-transaction', reason } as never })
  })
}

test('a transaction — random bytes never throw, and what decodes encodes to the same bytes', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      const decoded = decodeTx(bytes)
      if (decoded.ok) t.deepEqual(encodeTx(decoded.value), bytes)
      t.pass()
    }),
    SEEDED,
  )
})

test('a txid — reads what it displays, and nothing else', (t) => {
  const txid = Uint8Array.from({ length: 32 }, (_, i) => i)
  t.is(
    displayTxid(txid),
    [...txid]
      .reverse()
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join(''),
  )
  t.deepEqual(parseTxid(displayTxid(txid)), txid)
  t.is(parseTxid('00'), undefined)
  t.is(parseTxid('zz'.repeat(32)), undefined)
  t.is(formatOutPoint({ txid, index: 3 }), `${displayTxid(txid)}:3`)
})

test('withWitness — replaces one witness and keeps the txid', (t) => {
  const decoded = decodeTx(fromHex(BIP143_SIGNED))
  if (!decoded.ok) return t.fail()
  const changed = withWitness(decoded.value, 0, [Uint8Array.of(1)])
  t.deepEqual(txidOf(changed), txidOf(decoded.value))
  t.deepEqual(encodeTxWithoutWitness(changed), encodeTxWithoutWitness(decoded.value))
  t.deepEqual(changed.inputs[0]?.witness, [Uint8Array.of(1)])
  t.is(changed.inputs[1], decoded.value.inputs[1])
})
