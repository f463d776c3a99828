import test from 'ava'
import { txidOf } from '../../bitcoin/transaction.ts'
import type { ChannelMessage } from '../../channel/state/inputs.ts'
import { fillIn } from '../../channel/transitions/common/publications.ts'
import { channelUpdateOf } from '../../channel/transitions/common/relay-policy.ts'
import { commitmentOf } from '../../channel/transitions/fixtures/closing.ts'
import type { TestParty } from '../../channel/transitions/fixtures/test-party.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { channelUpdateDigest } from '../../wire/channel-update-digest.ts'
import type { ChannelEntry } from '../channel/channel-directory.ts'
import { blindView, type WaitsView } from '../channel/channel-waits.ts'
import { describeChannel } from './describe-channel.ts'

const described = ({ state, env }: TestParty, more: Partial<ChannelEntry> = {}, view: Partial<WaitsView> = {}) => {
  const entry: Omit<ChannelEntry, 'ref'> = {
    remoteNodeId: new Uint8Array(33),
    state,
    durableState: state,
    quarantined: false,
    spentInMempool: false,
    ...more,
  }
  return describeChannel(entry as ChannelEntry, { ...blindView(env), ...view })
}

test("the peer's policy says whether the peer relays out of its end", (t) => {
  const { alice, bob } = new TwoParties().ready()
  t.is(described(alice)?.remotePolicy?.disabled, false)
  t.is(described(alice)?.localPolicy.disabled, undefined)
  bob.run({ type: 'force-close' })
  const update = channelUpdateOf(bob.funded, bob.env)
  if (update === undefined) throw new Error('no update')
  const digest = channelUpdateDigest(update)
  const answer = bob.sign({ type: 'node-signature', digest })
  alice.recv(fillIn(update, answer) as ChannelMessage)
  t.is(described(alice)?.remotePolicy?.disabled, true)
})

test('a channel in quarantine, or whose funding is spent in the mempool, can carry nothing', (t) => {
  const { alice } = new TwoParties().ready({ pushMsat: 400_000_000n })
  t.not(described(alice)?.spendableMsat, 0n)
  for (const still of [{ quarantined: true }, { spentInMempool: true }]) {
    t.is(described(alice, still)?.spendableMsat, 0n)
    t.is(described(alice, still)?.receivableMsat, 0n)
  }
})

test('a channel whose state makes throw what looks at its end is listed all the same', (t) => {
  const { alice } = new TwoParties().ready()
  alice.run({ type: 'force-close' })
  const { durable } = alice.state
  if (durable.phase !== 'closing') return t.fail()
  const tx = commitmentOf(alice)
  // A commitment that the state does not have.
  const spend = { kind: 'remote-next', tx, txid: txidOf(tx), confirmedAt: 1_000 } as const
  alice.state = { durable: { ...durable, closing: { ...durable.closing, spends: [spend] } } }
  const faults: unknown[] = []
  const shown = described(alice, { quarantined: true }, { onFault: (error) => void faults.push(error) })
  t.like(shown, { state: 'closing', closeKind: 'remote-force', waitsFor: [] })
  t.is(faults.length, 1)
})

test('a channel that either side has asked to close is closing, before anything is signed and while the peer is away', (t) => {
  const two = new TwoParties().ready({ pushMsat: 400_000_000n })
  const live = { quarantined: false, spentInMempool: false }
  t.is(described(two.alice, live)?.state, 'usable')
  two.add(two.alice, 1)
  two.settle()
  two.run(two.alice, { type: 'close' })
  t.is(two.alice.phase, 'normal')
  t.is(described(two.alice, live)?.state, 'closing')
  two.settle()
  t.is(described(two.bob, live)?.state, 'closing')
})
