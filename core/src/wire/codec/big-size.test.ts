import test from 'ava'
import fc from 'fast-check'
import { fromHex, toHex } from '../../lib/bytes.ts'
import { bigSizeInvalid, bigSizeValid } from '../fixtures/big-size.ts'
import { decodeWith, encodeWith } from './codec.ts'
import { bigSize } from './primitives.ts'

for (const { name, value, bytes } of bigSizeValid) {
  test(`BOLT 1, fundamental types — each bigsize of appendix A is read and written, or refused: ${name}, read`, (t) => {
    t.deepEqual(decodeWith(bigSize, fromHex(bytes)), { ok: true, value })
    t.is(toHex(encodeWith(bigSize, value)), bytes)
  })
}

for (const { name, bytes, code } of bigSizeInvalid) {
  test(`BOLT 1, fundamental types — each bigsize of appendix A is read and written, or refused: ${name}, refused`, (t) => {
    t.deepEqual(decodeWith(bigSize, fromHex(bytes)), { ok: false, error: { code, path: '' } })
  })
}

test('bigsize — every u64 survives, in as few bytes as hold it', (t) => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 0xffffffffffffffffn }), (value) => {
      const bytes = encodeWith(bigSize, value)
      t.deepEqual(decodeWith(bigSize, bytes), { ok: true, value })
      t.is(bytes.length, value < 0xfdn ? 1 : value < 0x10000n ? 3 : value < 0x100000000n ? 5 : 9)
    }),
    { seed: 1 },
  )
})
