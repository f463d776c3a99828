import { DEFAULTS } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import { PREVIOUS_POLICY_HONOURED_MS } from '../../payment/relay/relay-rules.ts'
import { defaultMaxFee } from '../../payment/send/invoice-request.ts'

// Pure rooms know nothing about the contract: their own defaults are compared with the contract's.

test('what relays may charge where nobody says it is what the contract says', (t) => {
  const { percent, leastSat } = DEFAULTS.maxFee
  t.is(defaultMaxFee(1n), BigInt(leastSat) * 1_000n)
  t.is(defaultMaxFee(10_000_000_000n), 100_000_000n * BigInt(percent))
})

test('relay fees from before are taken for as long as the contract says', (t) => {
  t.is(PREVIOUS_POLICY_HONOURED_MS, DEFAULTS.oldRelayFeesMs)
})
