import test from 'ava'
import { toHex } from '../lib/bytes.ts'
import { NETWORKS } from './network.ts'

test('BOLT 7, channel_announcement — mainnet is named by the hash of its first block', (t) => {
  t.is(toHex(NETWORKS.mainnet.chainHash), '6fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000')
})
