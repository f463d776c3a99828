import test from 'ava'
import { preimageOf, TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import type { ChainProblem } from '../chain/chain-problems.ts'
import { ChannelDirectory, type ChannelEntry } from '../channel/channel-directory.ts'
import { Upstream } from './upstream.ts'

/** Alice has offered bob an HTLC; `upstream` is of bob's node, whose directory has the channel once it was `put`. */
const received = () => {
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
  let problem: ChainProblem | undefined
  const upstream = new Upstream({
    channelDirectory: directory,
    chainHealth: { blindness: () => problem },
    env: () => bob.env,
    commit: () => {
      throw new Error('not of this test')
    },
    pause: () => Promise.resolve(),
  })
  return {
    two,
    upstream,
    htlc: { channelId, htlcId: 0n },
    put: () => directory.put({ channelId, shortIds: [] }, entry),
    become: (change: Partial<ChannelEntry>): void => {
      entry = { ...entry, ...change }
      directory.publish(entry)
    },
    setBlindness: (blindness: ChainProblem | undefined): void => {
      problem = blindness
    },
  }
}

const BEHIND: ChainProblem = { code: 'backend-behind', height: 1001, handled: 1000 }

test('an HTLC can be claimed by the newest state of its channel, and not in quarantine or where the channel is gone', (t) => {
  const { two, upstream, htlc, put, become, setBlindness } = received()
  t.false(upstream.canClaim(htlc))
  put()
  t.true(upstream.canClaim(htlc))
  t.false(upstream.canClaim({ ...htlc, htlcId: 1n }))
  become({ quarantined: true })
  t.false(upstream.canClaim(htlc))
  become({ quarantined: false, spentInMempool: true })
  t.false(upstream.canClaim(htlc))
  become({ spentInMempool: false })
  setBlindness(BEHIND)
  t.false(upstream.canClaim(htlc))
  setBlindness(undefined)
  t.true(upstream.canClaim(htlc))
  // What is on its way to the disk counts already.
  two.bob.run({ type: 'force-close' })
  become({ state: two.bob.state })
  t.false(upstream.canClaim(htlc))
})

test('an HTLC is taken back by a peer that has reestablished the channel, and where no block decides', (t) => {
  const { two, upstream, htlc, put, become, setBlindness } = received()
  const takesBack = (): boolean => {
    become({ state: two.bob.state })
    return upstream.takesBack(htlc)
  }
  t.false(upstream.takesBack(htlc))
  put()
  t.true(takesBack())
  two.disconnect()
  t.false(takesBack())
  // BOLT 2, channel_reestablish: until the peer's own has come, nothing else is said.
  two.connect()
  t.not(two.bob.state.session, undefined)
  t.false(takesBack())
  two.settle()
  t.true(takesBack())
  become({ quarantined: true })
  t.false(takesBack())
  become({ quarantined: false, spentInMempool: true })
  t.false(takesBack())
  become({ spentInMempool: false })
  setBlindness(BEHIND)
  t.false(takesBack())
  setBlindness(undefined)
  t.true(takesBack())
  two.bob.run({ type: 'force-close' })
  t.false(takesBack())
})

test('the end of a relay whose incoming channel is gone — a failure is told as it is, and a fulfilment as one that comes too late', async (t) => {
  const committed: unknown[] = []
  const upstream = new Upstream({
    channelDirectory: new ChannelDirectory(),
    chainHealth: { blindness: () => undefined },
    env: () => new TwoParties().alice.env,
    commit: (alongside) => committed.push(alongside),
    pause: () => Promise.resolve(),
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

test('BOLT 4, failures within a blinded route — where the path begins, a failure is held back for a random time', async (t) => {
  const { two, htlc } = received()
  const told: string[] = []
  const directory = new ChannelDirectory()
  const ref = { tell: (_: string, { command }: { command: { type: string } }) => void told.push(command.type) }
  directory.put(
    { channelId: htlc.channelId, shortIds: [] },
    {
      ref: ref as unknown as ChannelEntry['ref'],
      remoteNodeId: two.alice.nodeId,
      state: two.bob.state,
      durableState: two.bob.state,
      quarantined: false,
      spentInMempool: false,
    },
  )
  const pauses: (() => void)[] = []
  const upstream = new Upstream({
    channelDirectory: directory,
    chainHealth: { blindness: () => undefined },
    env: () => two.bob.env,
    commit() {},
    pause: () => new Promise((resolve) => pauses.push(resolve)),
  })
  const [sharedSecret, sha256OfOnion] = [new Uint8Array(32), new Uint8Array(32)]
  const failure = { type: 'own', failure: { type: 'temporary_node_failure' } } as const
  upstream.remember(htlc, { type: 'introduction', sharedSecret, sha256OfOnion })
  upstream.fail(htlc, failure)
  await Promise.resolve()
  t.deepEqual([told.length, pauses.length], [0, 1])
  pauses[0]?.()
  await Promise.resolve()
  t.deepEqual(told, ['fail-htlc'])
  // Further on nobody waits: every node would add to it.
  upstream.remember(htlc, { type: 'within-path', sha256OfOnion })
  upstream.fail(htlc, failure)
  t.deepEqual([told[1], pauses.length], ['fail-malformed-htlc', 1])
})
