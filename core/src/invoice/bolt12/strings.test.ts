import test from 'ava'
import fc from 'fast-check'
import { formatStrings } from './fixtures/format-strings.ts'
import { decodeBolt12, encodeBolt12 } from './strings.ts'

for (const { comment, valid, text } of formatStrings) {
  test(`BOLT 12, encoding — the examples of format-string-test.json: ${comment} (${text.slice(0, 12)}, ${text.length})`, (t) => {
    const decoded = decodeBolt12('lno', text)
    t.is(decoded.ok, valid)
    if (decoded.ok) t.is(encodeBolt12('lno', decoded.value), formatStrings[0].text)
    else t.deepEqual(decoded.error, { code: 'invalid-bech32' })
  })
}

const bytes = fc.uint8Array({ maxLength: 300 })

test('BOLT 12, encoding — strings are read in either case, and written in lower case', (t) => {
  fc.assert(
    fc.property(bytes, fc.constantFrom('lno' as const, 'lnr' as const), (stream, prefix) => {
      const text = encodeBolt12(prefix, stream)
      t.is(text, text.toLowerCase())
      t.deepEqual(decodeBolt12(prefix, text), { ok: true, value: stream })
      t.deepEqual(decodeBolt12(prefix, text.toUpperCase()), { ok: true, value: stream })
    }),
    { seed: 1, numRuns: 200 },
  )
})

test('BOLT 12, encoding — a `+` between two characters is taken out with the white space behind it', (t) => {
  fc.assert(
    fc.property(
      bytes,
      fc.array(fc.nat(), { maxLength: 5 }),
      fc.stringMatching(/^[ \t\r\n]{0,4}$/),
      (stream, cuts, space) => {
        const text = encodeBolt12('lno', stream)
        const places = new Set(cuts.map((cut) => 1 + (cut % (text.length - 1))))
        const joined = [...text].map((character, at) => (places.has(at) ? `+${space}${character}` : character)).join('')
        t.deepEqual(decodeBolt12('lno', joined), { ok: true, value: stream })
      },
    ),
    { seed: 2, numRuns: 200 },
  )
  for (const text of ['lno1qg +qq', 'lno1qg qq', ' lno1qgqq', 'lno1qg+ +qq', '+', '']) {
    t.deepEqual(decodeBolt12('lno', text), { ok: false, error: { code: 'invalid-bech32' } }, text)
  }
})

test('BOLT 12, encoding — any text is read or refused, never thrown at, in time that grows with it', (t) => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 100 }),
        fc.string().map((rest) => `lno1${rest}`),
      ),
      (text) => {
        decodeBolt12('lno', text)
      },
    ),
    { seed: 3, numRuns: 1000 },
  )
  const error = { code: 'invalid-bech32' } as const
  for (const text of [
    `lno1${'+'.repeat(1e6)}`,
    `lno1q+${' '.repeat(1e6)}`,
    `${'l'.repeat(1e6)}`,
    `lno1${'Q'.repeat(1e6)}`,
  ]) {
    t.deepEqual(decodeBolt12('lno', text), { ok: false, error })
  }
  // The Kelvin sign becomes a k in lower case.
  t.deepEqual(decodeBolt12('lno', 'LNO1\u212aQ'), { ok: false, error })
  t.deepEqual(decodeBolt12('lno', 'lnr1qq'), { ok: false, error: { code: 'wrong-prefix', expected: 'lno' } })
  t.deepEqual(decodeBolt12('lno', '1qq'), { ok: false, error })
  // A last word that is not needed, and one whose spare bits are set.
  t.deepEqual(decodeBolt12('lno', 'lno1qqq'), { ok: false, error })
  t.deepEqual(decodeBolt12('lno', 'lno1qp'), { ok: false, error })
})
