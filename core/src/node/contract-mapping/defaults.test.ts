import { DEFAULTS } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import { MAX_CLTV_EXPIRY_DELTA, MAX_HOPS } from '../../graph/paths/path-question.ts'
import { DEFAULT_MIN_FINAL_CLTV_EXPIRY_DELTA } from '../../invoice/invoice.ts'
import { PREVIOUS_POLICY_HONOURED_MS } from '../../payment/relay/relay-rules.ts'
import { defaultMaxFee } from '../../payment/send/invoice-request.ts'
import { FINAL_CLTV_MARGIN } from '../../payment/send/route.ts'

// Pure rooms know nothing about the contract: their own defaults are compared with the contract's.

test('what relays may charge where nobody says it is what the contract says', (t) => {
  const { percent, leastSat } = DEFAULTS.maxFee
  t.is(defaultMaxFee(1n), BigInt(leastSat) * 1_000n)
  t.is(defaultMaxFee(10_000_000_000n), 100_000_000n * BigInt(percent))
})

test('relay fees from before are taken for as long as the contract says', (t) => {
  t.is(PREVIOUS_POLICY_HONOURED_MS, DEFAULTS.oldRelayFeesMs)
})

test('a route that is asked for without limits has those of payments', (t) => {
  t.is(DEFAULT_MIN_FINAL_CLTV_EXPIRY_DELTA + FINAL_CLTV_MARGIN, DEFAULTS.route.finalCltvExpiryDelta)
  t.is(MAX_HOPS, DEFAULTS.route.hops)
  t.is(MAX_CLTV_EXPIRY_DELTA, DEFAULTS.route.cltvExpiryDelta)
})
