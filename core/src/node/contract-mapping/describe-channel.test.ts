import test from 'ava'
import type { ChannelMessage } from '../../channel/state/inputs.ts'
import { fillIn } from '../../channel/transitions/common/publications.ts'
import { channelUpdateOf } from '../../channel/transitions/common/relay-policy.ts'
import type { TestParty } from '../../channel/transitions/fixtures/test-party.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { channelUpdateDigest } from '../../wire/channel-update-digest.ts'
import type { ChannelEntry } from '../channel/channel-directory.ts'
import { blindView } from '../channel/channel-waits.ts'
import { describeChannel } from './describe-channel.ts'

const described = ({ state, env }: TestParty, more: Partial<ChannelEntry> = {}) => {
  const entry: Omit<ChannelEntry, 'ref'> = {
    remoteNodeId: new Uint8Array(33),
    state,
    durableState: state,
    quarantined: false,
    spentInMempool: false,
    ...more,
  }
  return describeChannel(entry as ChannelEntry, blindView(env))
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
