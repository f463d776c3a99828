import test from 'ava'
import fc from 'fast-check'
import { fromHex } from '../lib/bytes.ts'
import {
  BARE_INPUT_WEIGHT,
  dustLimit,
  feeForWeight,
  feerateFromBtcPerKvb,
  feerateOf,
  leastRelayedFee,
  outputWeight,
  P2TR_INPUT_WEIGHT,
  P2WPKH_INPUT_WEIGHT,
  satPerVbyte,
  TX_OVERHEAD_WEIGHT,
  witnessWeight,
} from './fees.ts'
import { p2tr, p2wpkhOfHash, p2wsh } from './script.ts'
import { type Tx, txWeight } from './transaction.ts'

const txOf = (witness: Uint8Array[], script: Uint8Array): Tx => ({
  version: 2,
  inputs: [{ outpoint: { txid: new Uint8Array(32), index: 0 }, sequence: 0, scriptSig: new Uint8Array(0), witness }],
  outputs: [{ amount: 1n, script }],
  lockTime: 0,
})

test('weights — parts add up to the whole', (t) => {
  const script = p2wpkhOfHash(new Uint8Array(20))
  const p2wpkhSpend = [new Uint8Array(72), new Uint8Array(33)]
  t.is(txWeight(txOf(p2wpkhSpend, script)), TX_OVERHEAD_WEIGHT + P2WPKH_INPUT_WEIGHT + outputWeight(script))
  t.is(txWeight(txOf([new Uint8Array(64)], script)), TX_OVERHEAD_WEIGHT + P2TR_INPUT_WEIGHT + outputWeight(script))
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 5 }), (witness) =>
      t.is(
        txWeight(txOf(witness, script)),
        TX_OVERHEAD_WEIGHT +
          BARE_INPUT_WEIGHT +
          witnessWeight(witness.map(({ length }) => length)) +
          outputWeight(script),
      ),
    ),
    { seed: 19 },
  )
})

test('BOLT 3, fee calculation — fees are rounded down, as in the examples with anchors', (t) => {
  t.is(feeForWeight(253, 1124), 284n)
  t.is(feeForWeight(5000, 1124), 5620n)
  t.is(feeForWeight(253, 706), 178n)
  t.is(feerateOf(5620n, 1124), 5000)
})

test('the least fee that is relayed — is a satoshi for a vbyte at the floor, and goes up with the rate', (t) => {
  t.is(leastRelayedFee(253, 724), 181n)
  t.is(leastRelayedFee(2530, 724), 1810n)
})

test('feerates — convert between the units', (t) => {
  t.is(satPerVbyte(500), 2)
  t.is(feerateFromBtcPerKvb(0.00001), 250)
  t.is(feerateFromBtcPerKvb(0.00012345), 3087)
})

test('BOLT 3, dust limits — each kind of output has its own', (t) => {
  const hash = new Uint8Array(20)
  const limits = [
    [p2wpkhOfHash(hash), 294n],
    [p2wsh(hash), 330n],
    [p2tr(new Uint8Array(32)), 330n],
    [fromHex(`76a914${'00'.repeat(20)}88ac`), 546n],
    [fromHex(`a914${'00'.repeat(20)}87`), 540n],
    [fromHex('5202aaaa'), 354n],
    [fromHex('51024e73'), 240n],
    [fromHex('6a'), 0n],
    [fromHex('51'), 546n],
  ] as const
  for (const [script, limit] of limits) t.is(dustLimit(script), limit)
})
