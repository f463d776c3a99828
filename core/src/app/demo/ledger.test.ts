import test from 'ava'
import { Ledger } from './ledger.ts'

test('what a hop moves leaves one side of its channel and reaches the other', (t) => {
  const ledger = new Ledger()
  ledger.open('c1', 'alice', 'us', 700n, 300n)
  ledger.open('c2', 'us', 'bob', 500n, 500n)
  ledger.move({ channelId: 'c1', payer: 'alice', amountMsat: 101n })
  ledger.move({ channelId: 'c2', payer: 'us', amountMsat: 100n })
  t.is(ledger.balanceOf('c1', 'alice'), 599n)
  t.is(ledger.balanceOf('c1', 'us'), 401n)
  t.is(ledger.balanceOf('c2', 'us'), 400n)
  t.is(ledger.balanceOf('c2', 'bob'), 600n)
})

test('a channel that the ledger does not hold is a bug', (t) => {
  t.throws(() => new Ledger().balanceOf('c1', 'alice'), { message: /invariant/ })
})
