import test from 'ava'
import fc from 'fast-check'
import { fromHex, tryUtf8Decode, utf8Decode, utf8Encode } from './bytes.ts'

test('text of every character is what its bytes are read back as', (t) => {
  t.is(utf8Decode(utf8Encode('\ufefftext')), '\ufefftext')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      t.is(utf8Decode(utf8Encode(text)), text)
      t.is(tryUtf8Decode(utf8Encode(text)), text)
    }),
    { seed: 21, numRuns: 500 },
  )
})

test('bytes that are not UTF-8 are never read as something else', (t) => {
  // Cut short, overlong, and a surrogate.
  for (const bytes of ['e282', 'c080', 'eda0bd'].map(fromHex)) {
    t.throws(() => utf8Decode(bytes), { instanceOf: TypeError })
    t.is(tryUtf8Decode(bytes), undefined)
  }
})
