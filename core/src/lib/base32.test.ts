import test from 'ava'
import fc from 'fast-check'
import { bech32Characters, zbase32 } from './base32.ts'
import { fromHex } from './bytes.ts'

// P. O'Whielacronx, human-oriented base-32 encoding: the examples that are whole bytes.
const EXAMPLES = [
  ['', ''],
  ['f0bfc7', '6n9hq'],
  ['d47a04', '4t7ye'],
  ['00', 'yy'],
  ['ff', '9h'],
] as const

test('zbase32 — the specification’s examples', (t) => {
  for (const [hex, text] of EXAMPLES) {
    t.is(zbase32.encode(fromHex(hex)), text)
    t.deepEqual(zbase32.decode(text), fromHex(hex))
  }
})

test('base32 — reads what was written, and nothing else', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), fc.string({ maxLength: 20 }), (bytes, text) => {
      for (const each of [zbase32, bech32Characters]) t.deepEqual(each.decode(each.encode(bytes)), bytes)
      const read = zbase32.decode(text)
      if (read !== undefined) t.is(zbase32.encode(read), text)
    }),
    { seed: 1, numRuns: 500 },
  )
  for (const text of ['y', 'yyy', 'yb', '9H', '6n9h l', 'l', '0', '2', 'v']) t.is(zbase32.decode(text), undefined, text)
})
