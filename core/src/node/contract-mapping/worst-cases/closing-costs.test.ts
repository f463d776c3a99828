import test from 'ava'
import { TwoParties } from '../../../channel/transitions/fixtures/two-parties.ts'
import { mutualCloseLossMsat } from './closing-costs.ts'

const FEERATE = 1_000
const DUST_MSAT = 354_000n

test('a cooperative close — costs who did not open the channel nothing but parts of a satoshi, or what is dust', (t) => {
  const rich = new TwoParties().ready({ pushMsat: 400_000_000n })
  t.is(mutualCloseLossMsat(rich.bob.funded, FEERATE), 999n)
  const poor = new TwoParties().ready({ pushMsat: 200_000n })
  t.is(mutualCloseLossMsat(poor.bob.funded, FEERATE), 200_000n)
})

test('a cooperative close — costs no more once HTLCs are settled than was reckoned while they were in flight', (t) => {
  for (const amountMsat of [200_000n, 353_999n, 354_000n, 50_000_000n]) {
    const two = new TwoParties().ready()
    two.add(two.alice, 1, amountMsat)
    two.settle()
    const before = mutualCloseLossMsat(two.bob.funded, FEERATE)
    t.is(before, amountMsat < DUST_MSAT ? amountMsat : DUST_MSAT - 1n)
    two.fulfil(two.bob, 0n, 1)
    two.settle()
    const after = mutualCloseLossMsat(two.bob.funded, FEERATE)
    t.true(after <= before, `${after} > ${before}`)
    t.is(after, amountMsat < DUST_MSAT ? amountMsat : 999n)
  }
})
