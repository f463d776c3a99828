import test from 'ava'
import { Transaction } from 'bitcoinjs-lib'
import fc from 'fast-check'
import { fromHex, toHex } from '../lib/bytes.ts'
import { arbitraryTx } from './fixtures/arbitrary.ts'
import { BIP143 } from './fixtures/bip143.ts'
import { p2wpkhScriptCode } from './script.ts'
import { SIGHASH_SINGLE_ANYONECANPAY, SighashMidstate, segwitV0Sighash } from './sighash.ts'
import { decodeTx, encodeTx, type Tx } from './transaction.ts'

const SIGHASH_TYPES = [0x01, 0x02, 0x03, 0x81, 0x82, 0x83]

const decoded = (hex: string): Tx => {
  const tx = decodeTx(fromHex(hex))
  if (!tx.ok) throw new Error(tx.error.reason)
  return tx.value
}

for (const { title, unsigned, inputIndex, scriptCode, amount, sighashType, sighash } of BIP143) {
  test(`segwitV0Sighash — BIP 143, ${title}`, (t) => {
    const request = { tx: decoded(unsigned), inputIndex, scriptCode: fromHex(scriptCode), amount, sighashType }
    t.is(toHex(segwitV0Sighash(request)), sighash)
  })
}

test('segwitV0Sighash — agrees with bitcoinjs-lib for every type, with and without a shared midstate', (t) => {
  fc.assert(
    fc.property(
      arbitraryTx,
      fc.uint8Array({ maxLength: 300 }),
      fc.bigInt({ min: 0n, max: 1n << 50n }),
      (tx, script, amount) => {
        const theirs = Transaction.fromBuffer(encodeTx(tx))
        const midstate = new SighashMidstate(tx)
        for (const sighashType of SIGHASH_TYPES) {
          for (let inputIndex = 0; inputIndex < tx.inputs.length; inputIndex++) {
            const expected = toHex(theirs.hashForWitnessV0(inputIndex, script, amount, sighashType))
            const request = { tx, inputIndex, scriptCode: script, amount, sighashType }
            t.is(toHex(segwitV0Sighash(request)), expected)
            t.is(toHex(segwitV0Sighash({ ...request, midstate })), expected)
          }
        }
      },
    ),
    { seed: 11, numRuns: 60 },
  )
})

test('SIGHASH_SINGLE_ANYONECANPAY — lets inputs and outputs be added behind the signed pair', (t) => {
  const tx = decoded(BIP143[0]?.unsigned ?? '')
  const more: Tx = { ...tx, inputs: [...tx.inputs, ...tx.inputs], outputs: [...tx.outputs, ...tx.outputs] }
  const scriptCode = p2wpkhScriptCode(new Uint8Array(20))
  const request = { inputIndex: 0, scriptCode, amount: 1n, sighashType: SIGHASH_SINGLE_ANYONECANPAY }
  t.deepEqual(segwitV0Sighash({ ...request, tx }), segwitV0Sighash({ ...request, tx: more }))
})
