import test from 'ava'
import { isTighter, readKeptTimes } from './kept-times.ts'

const DAY_MS = 86_400_000

test('a class and a time are read, the last of a class counts, and forever takes it back', (t) => {
  t.deepEqual(readKeptTimes([]), { ok: true, value: {} })
  t.deepEqual(readKeptTimes(['failed-payments=90d', ' settled-payments=7y', 'money-events=30w']), {
    ok: true,
    value: {
      'failed-payments': 90 * DAY_MS,
      'settled-payments': 7 * 365 * DAY_MS,
      'money-events': 210 * DAY_MS,
    },
  })
  t.deepEqual(
    readKeptTimes(['failed-payments=90d', 'failed-payments=60d', 'paid-invoices=90d', 'paid-invoices=forever']),
    {
      ok: true,
      value: { 'failed-payments': 60 * DAY_MS },
    },
  )
})

const odd = [
  ...[
    '0d',
    '-90d',
    '29d',
    '4w',
    '101y',
    '36501d',
    '999999y',
    '1e3d',
    '90',
    'd',
    '90 d',
    '9٠d',
    '',
    'Infinityd',
    '90h',
  ].map((time) => `failed-payments=${time}`),
  ...[
    'payments=90d',
    'pending-payments=90d',
    'past-htlcs=90d',
    '__proto__=90d',
    'failed-payments',
    '=90d',
    'failed-payments=90d=1',
  ],
]

for (const given of odd) {
  test(`${given} is refused`, (t) => {
    const read = readKeptTimes([given])
    t.like(read, { ok: false, error: { given } })
  })
}

test('less time is tighter than more, and any is tighter than for ever', (t) => {
  t.true(isTighter({}, { 'failed-payments': DAY_MS }))
  t.true(isTighter({ 'failed-payments': 2 * DAY_MS }, { 'failed-payments': DAY_MS }))
  t.false(isTighter({ 'failed-payments': DAY_MS }, { 'failed-payments': DAY_MS }))
  t.false(isTighter({ 'failed-payments': DAY_MS }, { 'failed-payments': 2 * DAY_MS }))
  t.false(isTighter({ 'failed-payments': DAY_MS }, {}))
})
