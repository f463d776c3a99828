import test from 'ava'
import { NETWORKS } from '../bitcoin/network.ts'
import { MAX_CLTV_EXPIRY_DELTA } from '../graph/paths/path-question.ts'
import { channelSettings, DEFAULT_CHOICES } from './settings.ts'

test('BOLT 4, max_htlc_cltv — it is 2016 blocks, for what is relayed and for what we send', (t) => {
  t.is(channelSettings(NETWORKS.mainnet, DEFAULT_CHOICES).maxCltvExpiryDelta, 2016)
  t.is(MAX_CLTV_EXPIRY_DELTA, 2016)
})
