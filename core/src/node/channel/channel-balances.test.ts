import test from 'ava'
import type { TestParty } from '../../channel/transitions/fixtures/test-party.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { balanceView } from './channel-balances.ts'

const spendable = (party: TestParty): bigint => balanceView(party.funded, party.state.session).spendableMsat as bigint

const refusal = (two: TwoParties, party: TestParty, n: number, amountMsat: bigint): string | undefined => {
  const reply = two.add(party, n, amountMsat).find(({ type }) => type === 'reply')
  return reply?.type === 'reply' && !reply.result.ok ? reply.result.error.code : undefined
}

for (const name of ['alice', 'bob'] as const) {
  for (const before of ['nothing', 'proposals', 'HTLCs'] as const) {
    test(`spendable, of ${name === 'alice' ? 'the opener' : 'the other side'} with ${before} in flight — exactly the most that an HTLC may carry`, (t) => {
      const two = new TwoParties().ready({ pushMsat: 400_000_000n })
      const party = two[name]
      if (before !== 'nothing') for (const n of [1, 2, 3]) t.is(refusal(two, party, n, 20_000_000n), undefined)
      if (before === 'HTLCs') two.settle()
      const most = spendable(party)
      t.is(refusal(two, party, 4, most + 1n), 'insufficient-balance')
      t.is(refusal(two, party, 5, most), undefined)
      t.is(spendable(party), 0n)
    })
  }
}
