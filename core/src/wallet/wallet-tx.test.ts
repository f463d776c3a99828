import test from 'ava'
import { purposeOf, type WalletTx } from './wallet-tx.ts'

test('of a transaction that past blocks have shown it is said whether it spends, and of one that was made here what for', (t) => {
  const found = { received: 5n, spent: 0n } as WalletTx
  t.is(purposeOf(found), 'receive')
  t.is(purposeOf({ ...found, spent: 9n }), 'send')
  t.is(purposeOf({ ...found, spent: 9n, purpose: 'channel-funding' }), 'channel-funding')
})
