import test from 'ava'
import fc from 'fast-check'
import type { StoreValue } from '../plugin-api.ts'
import { decodeValue, encodeValue } from './store-values.ts'

const values: fc.Arbitrary<StoreValue> = fc.letrec<{ value: StoreValue }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constant(null),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).filter((number) => !Object.is(number, -0)),
    fc.string(),
    fc.bigInt(),
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(fc.string(), fc.constantFrom('$bigint', '$object')), tie('value'), {
      noNullPrototype: true,
    }),
  ),
})).value

test('a stored value — comes back as it was, bigint and objects that look like one included', (t) => {
  fc.assert(
    fc.property(values, (value) => {
      t.deepEqual(decodeValue(encodeValue(value)), value)
    }),
    { seed: 1, numRuns: 500 },
  )
})

test('a stored value — what JSON has no word for is refused', (t) => {
  t.throws(() => encodeValue((() => 1) as never), { instanceOf: TypeError })
})
