import test from 'ava'
import type { ChannelMessage } from '../../channel/state/inputs.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { fillIn } from '../../channel/transitions/publications.ts'
import { channelUpdateOf } from '../../channel/transitions/relay-policy.ts'
import { channelUpdateDigest } from '../../wire/channel-update-digest.ts'
import type { ChannelEntry } from '../channel/channel-directory.ts'
import { describeChannel } from './describe-channel.ts'

test("the peer's policy says whether the peer relays out of its end", (t) => {
  const { alice, bob } = new TwoParties().ready()
  const described = () => {
    const { state } = alice
    const entry: Omit<ChannelEntry, 'ref'> = {
      remoteNodeId: bob.nodeId,
      state,
      durableState: state,
      quarantined: false,
      spentInMempool: false,
    }
    return describeChannel(entry as ChannelEntry)
  }
  t.is(described()?.remotePolicy?.disabled, false)
  t.is(described()?.localPolicy.disabled, undefined)
  bob.run({ type: 'force-close' })
  const update = channelUpdateOf(bob.funded, bob.env)
  if (update === undefined) throw new Error('no update')
  const digest = channelUpdateDigest(update)
  const answer = bob.sign({ type: 'node-signature', digest })
  alice.recv(fillIn(update, answer) as ChannelMessage)
  t.is(described()?.remotePolicy?.disabled, true)
})
