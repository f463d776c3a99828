import test from 'ava'
import { formatBtc, formatMsat, formatNumber, formatSat, formatTime } from './format.ts'

test('amounts are shown whole, whatever their size', (t) => {
  t.is(formatSat(0n), '0 sat')
  t.is(formatSat(1_234_567n), '1,234,567 sat')
  t.is(formatSat(-1_000n), '-1,000 sat')
  t.is(formatMsat(1_234_567n), '1,234.567 sat')
  t.is(formatMsat(500n), '0.5 sat')
  t.is(formatMsat(-21_000n), '-21 sat')
  t.is(formatBtc(2_100_000_000_000_000n), '21,000,000.00000000 BTC')
  t.is(formatBtc(-1n), '-0.00000001 BTC')
})

test('numbers and moments are shown the same everywhere', (t) => {
  t.is(formatNumber(1_234_567.891, 2), '1,234,567.89')
  t.is(formatNumber(-999), '-999')
  t.is(formatNumber(Number.NaN), 'NaN')
  t.is(formatTime(Date.UTC(2026, 0, 31, 23, 59, 59)), '2026-01-31 23:59:59 UTC')
})
