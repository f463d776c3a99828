import test from 'ava'
import { BalanceSheet } from './balance-sheet.ts'

test('what a hop moves leaves one side of its channel and reaches the other', (t) => {
  const sheet = new BalanceSheet()
  sheet.open('c1', 'alice', 'us', 700n, 300n)
  sheet.open('c2', 'us', 'bob', 500n, 500n)
  sheet.move({ channelId: 'c1', payer: 'alice', amountMsat: 101n })
  sheet.move({ channelId: 'c2', payer: 'us', amountMsat: 100n })
  t.is(sheet.balanceOf('c1', 'alice'), 599n)
  t.is(sheet.balanceOf('c1', 'us'), 401n)
  t.is(sheet.balanceOf('c2', 'us'), 400n)
  t.is(sheet.balanceOf('c2', 'bob'), 600n)
})

test('a channel that the sheet does not hold is a bug', (t) => {
  t.throws(() => new BalanceSheet().balanceOf('c1', 'alice'), { message: /invariant/ })
})
