import test from 'ava'
import { isFunded } from '../../core/src/channel/state/channel-state.ts'
import type { Closing } from '../../core/src/channel/state/durable.ts'
import { commitmentOf, seeClose } from '../../core/src/channel/transitions/fixtures/closing.ts'
import { TwoParties } from '../../core/src/channel/transitions/fixtures/two-parties.ts'
import { toHex } from '../../core/src/lib/bytes.ts'
import type { Action } from './support/actions.ts'
import type { EndingHtlc } from './support/endings.ts'
import { planOf, play } from './support/sequence.ts'
import type { SimulatedNode } from './support/simulated-node.ts'
import { UndoneFates } from './support/undone-fates.ts'

const [ALICE, BOB] = [{ name: 'alice' }, { name: 'bob' }] as unknown as readonly [SimulatedNode, SimulatedNode]

/** Alice's channel, whose commitment is in the block of height 100: HTLC 1 was told as failed, HTLC 2 was not. */
const closing = (): Closing => {
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  const { alice } = two
  two.run(alice, { type: 'force-close' })
  seeClose(alice, commitmentOf(alice))
  const { durable } = alice.state
  if (!isFunded(durable) || durable.phase !== 'closing') throw new Error('not closing')
  const spends = durable.closing.spends.map((spend) => ({ ...spend, confirmedAt: 100 }))
  return { ...durable, closing: { ...durable.closing, spends, settled: [1n] } }
}

test('a fate that was told and undone — is known only of HTLCs that were told, by a block that was six deep, and is undone', (t) => {
  const durable = closing()
  const channelId = toHex(durable.params.channelId)
  const knows = (tip: number, depth: number, id = 1n, offeredBy = ALICE, durables = [durable]): boolean => {
    const fates = new UndoneFates()
    fates.undoing(
      ALICE,
      durables.map((each) => ({ durable: each })),
      tip,
      depth,
    )
    return fates.has({ channelId, id, offeredBy } as EndingHtlc)
  }
  t.true(knows(105, 6))
  t.true(knows(150, 60))
  t.false(knows(104, 60), 'five deep')
  t.false(knows(105, 5), 'not undone')
  t.false(knows(150, 50), 'not undone')
  t.false(knows(105, 6, 2n), 'not told')
  t.false(knows(105, 6, 1n, BOB), 'told by another')
  const { spends } = durable.closing
  const inNoBlock = { ...durable.closing, spends: spends.map(({ confirmedAt: _, ...spend }) => spend) }
  t.false(knows(105, 6, 1n, ALICE, [{ ...durable, closing: inNoBlock }]), 'in no block')
})

const SEED = 401994
/** Four HTLCs of Bob's are in the latest commitment, and not in the one that a copy of Alice publishes. */
const cheatedAndUndone = (blocks: number): readonly Action[] => [
  { do: 'pay', from: 0, to: 2, msat: 2_275_697 },
  { do: 'pay', from: 0, to: 1, msat: 185_502 },
  { do: 'pay', from: 2, to: 1, msat: 3_758_592 },
  { do: 'silence', link: 0, side: 1, ms: 62_438 },
  { do: 'strand', link: 0, side: 1, payments: 4, msat: 38_620_523, finalDelta: 30, ms: 349_381 },
  { do: 'wait', ms: 400_000 },
  { do: 'cheat', link: 0, side: 0, permille: 857 },
  { do: 'mine', blocks },
  { do: 'reorganise', depth: 52, kept: 0, rivals: 1_000, empty: 0, draw: 803_211_129 },
]

test('a revoked commitment of before the HTLCs is six deep, and undone — the HTLCs are told as failed, and taken', async (t) => {
  const { terrain } = planOf(SEED)
  const deep = await play(SEED, { terrain, actions: cheatedAndUndone(6) })
  t.deepEqual([deep.faults, deep.takenLate], [[], 4])
  const shallow = await play(SEED, { terrain, actions: cheatedAndUndone(5) })
  t.deepEqual([shallow.faults, shallow.takenLate], [[], 0])
})
