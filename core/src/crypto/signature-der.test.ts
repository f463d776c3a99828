import test from 'ava'
import fc from 'fast-check'
import { fromHex, toHex } from '../lib/bytes.ts'
import { fromDer, toDer } from './signature-der.ts'

test('a signature is written as the shortest DER', (t) => {
  const r = `${'00'.repeat(31)}01`
  const s = `80${'00'.repeat(31)}`
  t.is(toHex(toDer(fromHex(r + s))), `302602010102210080${'00'.repeat(31)}`)
  t.is(toHex(toDer(new Uint8Array(64))), '3006020100020100')
  t.is(toDer(new Uint8Array(64).fill(0xff)).length, 72)
})

test('DER reads back to the same signature', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.nat(31), fc.nat(31), (bytes, zerosR, zerosS) => {
      const signature = Uint8Array.from(bytes)
        .fill(0, 0, zerosR)
        .fill(0, 32, 32 + zerosS)
      t.deepEqual(fromDer(toDer(signature)), signature)
    }),
    { seed: 3 },
  )
})

test('what is not strict DER is refused', (t) => {
  const bad = [
    '',
    '30060201000201',
    '3006020100020100ff',
    '3106020100020100',
    '3007020100020100',
    '3006030100020100',
    '3006020100030100',
    '300602018002010 1'.replace(' ', ''),
    '300702020001020101',
    '3006020200010200',
    '3005020002020001',
    `3027022201${'00'.repeat(33)}020101`,
    `302602217f${'00'.repeat(32)}020101`,
  ]
  for (const hex of bad) t.is(fromDer(fromHex(hex)), undefined, hex)
})

test('any bytes that are read are written back alike', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 12 }), (tail) => {
      const der = Uint8Array.of(0x30, tail.length, ...tail)
      const signature = fromDer(der)
      if (signature !== undefined) t.deepEqual(toDer(signature), der)
    }),
    { seed: 4, numRuns: 500 },
  )
  t.pass()
})
