import test from 'ava'
import { script as theirs } from 'bitcoinjs-lib'
import fc from 'fast-check'
import { fromHex, toHex } from '../lib/bytes.ts'
import {
  compileScript,
  decompileScript,
  encodeScriptNumber,
  OPS,
  outputType,
  p2tr,
  p2wpkh,
  p2wpkhScriptCode,
  p2wsh,
  parseWitnessProgram,
  scriptNumber,
  witnessProgram,
} from './script.ts'

test('compileScript — takes the shortest pushes, as bitcoinjs-lib does', (t) => {
  const element = fc.oneof(
    fc.constantFrom(...Object.values(OPS).filter((op) => op === OPS.OP_0 || op > OPS.OP_PUSHDATA4)),
    fc.uint8Array({ maxLength: 600 }),
    fc.uint8Array({ minLength: 1, maxLength: 1 }),
  )
  fc.assert(
    fc.property(fc.array(element, { maxLength: 10 }), (elements) => {
      const compiled = compileScript(elements)
      t.is(toHex(compiled), toHex(theirs.compile(elements)))
      const back = decompileScript(compiled)
      t.deepEqual(compileScript(back ?? []), compiled)
    }),
    { seed: 13, numRuns: 300 },
  )
})

test('decompileScript — a push past the end is no script', (t) => {
  for (const hex of ['02ff', '4c', '4c02ff', '4d01', '4d0100', '4effffff7f'])
    t.is(decompileScript(fromHex(hex)), undefined)
})

test('encodeScriptNumber — as bitcoinjs-lib has it', (t) => {
  fc.assert(
    fc.property(fc.integer({ min: -0x7fffffff, max: 0x7fffffff }), (value) =>
      t.is(toHex(encodeScriptNumber(value)), toHex(theirs.number.encode(value))),
    ),
    { seed: 17, numRuns: 500 },
  )
  for (const [value, hex] of [
    [0, ''],
    [127, '7f'],
    [128, '8000'],
    [-127, 'ff'],
    [-128, '8080'],
    [255, 'ff00'],
    [0xffffffff, 'ffffffff00'],
  ] as const) {
    t.is(toHex(encodeScriptNumber(value)), hex)
  }
})

test('scriptNumber — small numbers are opcodes', (t) => {
  t.is(scriptNumber(0), OPS.OP_0)
  t.is(scriptNumber(-1), OPS.OP_1NEGATE)
  t.is(scriptNumber(1), OPS.OP_1)
  t.is(scriptNumber(16), OPS.OP_16)
  t.deepEqual(scriptNumber(17), Uint8Array.of(17))
  t.deepEqual(scriptNumber(144), Uint8Array.of(0x90, 0))
})

test('output scripts — have the published form', (t) => {
  // BIP 143: the key and script of the native P2WPKH example, BIP 341: 'bip86' first address.
  const key = fromHex('025476c2e83188368da1ff3e292e7acafcdb3566bb0ad253f62fc70f07aeee6357')
  t.is(toHex(p2wpkh(key)), '00141d0f172a0ecb48aee1be1f2687d2963ae33f71a1')
  t.is(
    toHex(p2wpkhScriptCode(fromHex('1d0f172a0ecb48aee1be1f2687d2963ae33f71a1'))),
    '76a9141d0f172a0ecb48aee1be1f2687d2963ae33f71a188ac',
  )
  t.is(
    toHex(p2wsh(fromHex('0063ab68210392972e2eb617b2388771abe27235fd5ac44af8e61693261550447a4c3e39da98ac'))),
    '0020ba468eea561b26301e4cf69fa34bde4ad60c81e70f059f045ca9a79931004a4d',
  )
})

test('outputType — names every template', (t) => {
  const hash = new Uint8Array(20).fill(7)
  const types = [
    [compileScript([OPS.OP_DUP, OPS.OP_HASH160, hash, OPS.OP_EQUALVERIFY, OPS.OP_CHECKSIG]), 'p2pkh'],
    [compileScript([OPS.OP_HASH160, hash, OPS.OP_EQUAL]), 'p2sh'],
    [witnessProgram(0, hash), 'p2wpkh'],
    [p2wsh(hash), 'p2wsh'],
    [p2tr(new Uint8Array(32)), 'p2tr'],
    [fromHex('51024e73'), 'p2a'],
    [fromHex('5102aaaa'), 'future-witness'],
    [witnessProgram(2, hash), 'future-witness'],
    [witnessProgram(0, new Uint8Array(21)), 'non-standard'],
    [fromHex('6a0141'), 'op-return'],
    [fromHex('51'), 'non-standard'],
    [new Uint8Array(0), 'non-standard'],
  ] as const
  for (const [script, type] of types) t.is(outputType(script), type, toHex(script))
})

test('parseWitnessProgram — reads version and program, and nothing else', (t) => {
  t.deepEqual(parseWitnessProgram(witnessProgram(16, Uint8Array.of(1, 2))), {
    version: 16,
    program: Uint8Array.of(1, 2),
  })
  for (const hex of ['', '00', '0001', '000101', '51030101', '61020101', `5129${'00'.repeat(41)}`]) {
    t.is(parseWitnessProgram(fromHex(hex)), undefined, hex)
  }
})
