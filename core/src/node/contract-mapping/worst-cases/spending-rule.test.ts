import test from 'ava'
import { feerateOf } from './spending-rule.ts'

const known = { estimateFeerate: (targetBlocks: number) => 10_000 - targetBlocks }
const ignorant = { estimateFeerate: () => undefined }

test('what a transaction pays — is what was asked for, or the estimate for the block that it should be in', (t) => {
  t.deepEqual(feerateOf({ feerate: 700 }, known), { ok: true, value: { feerate: 700, targetBlocks: 6 } })
  t.deepEqual(feerateOf({ targetBlocks: 144 }, known), { ok: true, value: { feerate: 9_856, targetBlocks: 144 } })
  t.deepEqual(feerateOf({}, known), { ok: true, value: { feerate: 9_994, targetBlocks: 6 } })
  t.like(feerateOf({ feerate: 700, targetBlocks: 6 }, known), {
    error: { code: 'invalid-request', field: 'targetBlocks' },
  })
})

test('what a transaction pays — is asked of the operator while there are no estimates, and not taken to be the lowest', (t) => {
  t.like(feerateOf({}, ignorant), { error: { code: 'fee-estimate-missing', field: 'feerate' } })
  t.like(feerateOf({ targetBlocks: 2 }, ignorant), { error: { code: 'fee-estimate-missing' } })
  t.like(feerateOf({ feerate: 700 }, ignorant), { ok: true })
})
