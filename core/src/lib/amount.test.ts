import test from 'ava'
import { readAmount } from './amount.ts'

const read = (text: string, counted: 'sat' | 'msat') => {
  const amount = readAmount(text, counted)
  return amount.ok ? amount.value : amount.error
}

test('the same text is the same amount, whatever a field is counted in', (t) => {
  for (const [text, msat] of [
    ['25000sat', 25_000_000n],
    ['0.001btc', 100_000_000n],
    ['0.001BTC', 100_000_000n],
    ['1.5sat', 1_500n],
    ['1500msat', 1_500n],
    ['0.00000000001btc', 1n],
    ['21000000btc', 2_100_000_000_000_000_000n],
    ['0', 0n],
    ['0sat', 0n],
  ] as const) {
    t.is(read(text, 'msat'), msat, text)
    if (msat % 1_000n === 0n) t.is(read(text, 'sat'), msat / 1_000n, text)
  }
})

test('what is not whole in what the field is counted in is an error, and never rounded', (t) => {
  for (const text of ['1500msat', '1.5sat', '0.000000005btc']) {
    t.is(read(text, 'sat'), `expected whole satoshis, which ${text} is not`)
  }
  t.is(read('0.5msat', 'msat'), 'expected whole millisatoshis, which 0.5msat is not')
})

test('a number without a unit is refused, and the error shows the units', (t) => {
  t.is(read('25000', 'sat'), 'say the unit: 25000sat, or 25000 followed by msat or btc')
  t.is(read('0.001', 'msat'), 'say the unit: 0.001sat, or 0.001 followed by msat or btc')
})

test('separators and commas are errors', (t) => {
  for (const text of ['1,000sat', '1_000sat', '1 000sat', "1'000", '1,5btc', '1,000', '25000 sat']) {
    t.regex(String(read(text, 'sat')), /without separators/, text)
    t.is(typeof read(text, 'sat'), 'string', text)
  }
})

test('everything else is an error that says how an amount is written, and is short', (t) => {
  for (const text of [
    'much',
    '',
    '-1sat',
    '1.000.000sat',
    '1e3sat',
    '25Msat',
    '25sats',
    '.5sat',
    '5.sat',
    `${'9'.repeat(400)}sat`,
  ]) {
    const said = read(text, 'msat')
    t.is(typeof said, 'string', text)
    t.true(String(said).length < 150, text)
  }
})
