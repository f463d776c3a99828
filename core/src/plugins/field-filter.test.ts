import test from 'ava'
import { matchesFilter } from './field-filter.ts'

test('a filter matches amounts as text, and as numbers, ends included', (t) => {
  const filter = { amount: { min: 5n, max: 7n } }
  for (const amount of ['5', 7n, 6]) t.true(matchesFilter(filter, { amount }))
  for (const amount of ['4', 8n, 'five', undefined, 5.5]) t.false(matchesFilter(filter, { amount }))
})

test('a filter needs each of its fields, also inside others, and never looks at the prototype', (t) => {
  const filter = { 'previous.kind': { oneOf: ['a', 'b'] }, public: { oneOf: [true] } }
  t.true(matchesFilter(filter, { previous: { kind: 'b' }, public: true }))
  t.false(matchesFilter(filter, { previous: { kind: 'c' }, public: true }))
  t.false(matchesFilter(filter, { previous: { kind: 'b' } }))
  t.false(matchesFilter({ 'constructor.name': { oneOf: ['Object'] } }, {}))
})
