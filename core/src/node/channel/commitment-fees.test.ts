import test from 'ava'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import type { FeeratePerKw } from '../../lib/units.ts'
import { updateCommitmentFees } from './commitment-fees.ts'

/** What a channel of ours at 2,500 sat/kw is told, where this is the right rate. */
const toldAt = (feerate: FeeratePerKw | undefined): readonly unknown[] => {
  const { state } = new TwoParties().ready().alice
  const told: unknown[] = []
  const ref = { tell: (_: 'updateFee', request: unknown) => told.push(request) }
  const entry = { state, quarantined: false, spentInMempool: false, ref }
  let onBlock = (): void => {}
  updateCommitmentFees({
    watcher: {
      watchHeight: (handler: () => void) => {
        onBlock = handler
      },
    },
    channelDirectory: { all: () => [entry] },
    feerate: () => feerate,
  } as never)
  onBlock()
  return told
}

test('with each block, the commitments that we pay for follow the fee rate once it is a fifth away', (t) => {
  for (const feeratePerKw of [253, 1_999, 3_001]) t.deepEqual(toldAt(feeratePerKw), [{ feeratePerKw }])
  for (const feeratePerKw of [2_000, 3_000]) t.deepEqual(toldAt(feeratePerKw), [])
})

test('while nobody knows what a block takes, the commitments that we pay for stay as they are', (t) => {
  t.deepEqual(toldAt(undefined), [])
})
