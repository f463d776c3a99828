import test from 'ava'
import type { TestParty } from '../fixtures/test-party.ts'
import { TwoParties } from '../fixtures/two-parties.ts'
import { heedsBlocks } from './deadlines.ts'

/** Whether a block long past every deadline has any effect. */
const isMoved = (party: TestParty): boolean => {
  const { state, env } = party
  party.env = { ...env, height: 1_000_000 }
  const effects = party.run({ type: 'block', height: 1_000_000 })
  const moved = effects.length > 0 || party.state.durable !== state.durable
  party.env = env
  party.state = state
  return moved
}

test('a channel that does not heed blocks is moved by none; one with an HTLC, or without its funding, is', (t) => {
  const two = new TwoParties()
  const check = (): void => {
    for (const party of [two.alice, two.bob]) if (isMoved(party)) t.true(heedsBlocks(party.state.durable))
  }
  two.open()
  check()
  t.true(heedsBlocks(two.bob.state.durable))
  two.ready()
  check()
  // Until the funding can be undone no more, its opener keeps the transaction, and the other side what it spends.
  for (const height of [1000, 1088, 1089]) {
    for (const party of [two.alice, two.bob]) {
      party.env = { ...party.env, height }
      party.run({ type: 'block', height })
      t.is(heedsBlocks(party.state.durable), height < 1089)
    }
  }
  two.add(two.alice, 1)
  two.settle()
  check()
  t.true(isMoved(two.alice))
  t.true(heedsBlocks(two.alice.state.durable))
  t.true(heedsBlocks(two.bob.state.durable))
  two.run(two.alice, { type: 'close', requestId: 'close' })
  check()
  t.true(heedsBlocks(two.alice.state.durable))
})
