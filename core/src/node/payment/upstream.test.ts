import test from 'ava'
import { preimageOf, TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import type { ChainProblem } from '../chain/chain-problems.ts'
import { ChannelDirectory, type ChannelEntry } from '../channel/channel-directory.ts'
import { Upstream } from './upstream.ts'

test('an HTLC can be claimed by the newest state of its channel, and not in quarantine or where the channel is gone', (t) => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.settle()
  const { bob } = two
  const { channelId } = bob.funded.params
  const told: ChannelEntry['ref']['tell'] = () => {}
  let entry: ChannelEntry = {
    ref: { tell: told } as ChannelEntry['ref'],
    remoteNodeId: two.alice.nodeId,
    state: bob.state,
    durableState: bob.state,
    quarantined: false,
    spentInMempool: false,
  }
  const directory = new ChannelDirectory()
  const become = (change: Partial<ChannelEntry>): void => {
    entry = { ...entry, ...change }
    directory.publish(entry)
  }
  let problem: ChainProblem | undefined
  const upstream = new Upstream({
    channelDirectory: directory,
    chainHealth: { blindness: () => problem },
    env: () => bob.env,
    commit: () => t.fail(),
  })
  const htlc = { channelId, htlcId: 0n }
  t.false(upstream.canClaim(htlc))
  directory.put({ channelId, shortIds: [] }, entry)
  t.true(upstream.canClaim(htlc))
  t.false(upstream.canClaim({ channelId, htlcId: 1n }))
  become({ quarantined: true })
  t.false(upstream.canClaim(htlc))
  become({ quarantined: false, spentInMempool: true })
  t.false(upstream.canClaim(htlc))
  become({ spentInMempool: false })
  problem = { code: 'backend-behind', height: 1001, handled: 1000 }
  t.false(upstream.canClaim(htlc))
  problem = undefined
  t.true(upstream.canClaim(htlc))
  // What is on its way to the disk counts already.
  bob.run({ type: 'force-close' })
  become({ state: bob.state })
  t.false(upstream.canClaim(htlc))
})

test('the end of a relay whose incoming channel is gone — a failure is told as it is, and a fulfilment as one that comes too late', async (t) => {
  const committed: unknown[] = []
  const upstream = new Upstream({
    channelDirectory: new ChannelDirectory(),
    chainHealth: { blindness: () => undefined },
    env: () => new TwoParties().alice.env,
    commit: (alongside) => committed.push(alongside),
  })
  const htlc = { channelId: new Uint8Array(32), htlcId: 0n }
  const [alongside, ifUnpaid] = [
    { writes: [], events: [] },
    { writes: [], events: [] },
  ]
  const failure = { type: 'own', failure: { type: 'temporary_channel_failure' } } as const
  t.is(await upstream.end({ type: 'fail', htlc, failure }, { alongside }), 'told')
  t.is(await upstream.end({ type: 'fulfil', htlc, preimage: preimageOf(1) }, { alongside, ifUnpaid }), 'unpaid')
  t.deepEqual(
    committed.map((each) => each === ifUnpaid),
    [false, true],
  )
})
