import test from 'ava'
import type { SettleHtlcCommand } from '../../channel/index.ts'
import { preimageOf, TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { readAttribution } from '../../onion/attribution-data.ts'
import type { ChainProblem } from '../chain/chain-problems.ts'
import { ChannelDirectory, type ChannelEntry } from '../channel/channel-directory.ts'
import type { Settlement } from '../channel/channel-protocol.ts'
import { entryOf } from '../channel/fixtures/channel-entry.ts'
import { Upstream } from './upstream.ts'

/** Alice has offered bob an HTLC; `upstream` is of bob's node, whose directory has the channel once it was `put`. */
const received = () => {
  const two = new TwoParties().ready()
  two.add(two.alice, 1)
  two.settle()
  const { bob } = two
  const { channelId } = bob.funded.params
  const told: ChannelEntry['ref']['tell'] = () => {}
  let entry = entryOf({ tell: told } as ChannelEntry['ref'], bob.state)
  const directory = new ChannelDirectory()
  let problem: ChainProblem | undefined
  const upstream = new Upstream({
    channelDirectory: directory,
    chainHealth: { blindness: () => problem },
    env: () => bob.env,
    monotonic: () => 0,
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
    monotonic: () => 0,
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

/** An upstream of bob's node at a time that the test sets, and what its channel is told. */
const telling = () => {
  const { two, htlc } = received()
  const told: SettleHtlcCommand[] = []
  const directory = new ChannelDirectory()
  const ref = {
    tell: (_: string, { command }: Settlement) => void told.push(command),
    ask: (_: string, { command }: Settlement) => {
      told.push(command)
      return Promise.resolve({ ok: true, value: true })
    },
  }
  directory.put(
    { channelId: htlc.channelId, shortIds: [] },
    entryOf(ref as unknown as ChannelEntry['ref'], two.bob.state),
  )
  const pauses: (() => void)[] = []
  const time = { now: 5_000 }
  const upstream = new Upstream({
    channelDirectory: directory,
    chainHealth: { blindness: () => undefined },
    env: () => two.bob.env,
    monotonic: () => time.now,
    commit() {},
    pause: () => new Promise((resolve) => pauses.push(resolve)),
  })
  const holdTime = (): number | undefined => {
    const command = told.splice(0)[0]
    if (command === undefined || command.type === 'fail-malformed-htlc') return undefined
    const failed = command.type === 'fail-htlc' ? { failurePacket: command.reason } : undefined
    return readAttribution([sharedSecret], command.attribution ?? new Uint8Array(920), failed).holdTimes[0]
  }
  return { upstream, htlc, told, pauses, time, holdTime }
}

const [sharedSecret, sha256OfOnion] = [new Uint8Array(32).fill(3), new Uint8Array(32)]
const OPEN = { type: 'open', sharedSecret } as const
const failure = { type: 'own', failure: { type: 'temporary_node_failure' } } as const
const alongside = { writes: [], events: [] }

test('hold time — it counts in tenths of a second from when the HTLC was irrevocably committed, by the monotonic clock', async (t) => {
  const { upstream, htlc, time, holdTime } = telling()
  const settles = [
    () => upstream.fulfil(htlc, preimageOf(1)),
    () => upstream.fail(htlc, failure),
    () => upstream.end({ type: 'fulfil', htlc, preimage: preimageOf(1) }, { alongside }),
    () => upstream.end({ type: 'fail', htlc, failure }, { alongside }),
  ]
  for (const settle of settles) {
    upstream.remember(htlc, OPEN, { justCommitted: true })
    time.now += 1_299
    // Its channel was reloaded, and tells of it again.
    upstream.remember(htlc, OPEN, {})
    time.now += 50
    await settle()
    t.is(holdTime(), 13)
  }
})

test('hold time — it is 0 where the HTLC was committed in another life of the node', (t) => {
  const { upstream, htlc, time, holdTime } = telling()
  upstream.remember(htlc, OPEN, {})
  time.now += 60_000
  upstream.fulfil(htlc, preimageOf(1))
  t.is(holdTime(), 0)
})

test('hold time — where a blinded path begins it has the time in it for which a failure is held back', async (t) => {
  const { upstream, htlc, time, pauses, holdTime } = telling()
  const settles = [
    () => upstream.fail(htlc, failure),
    () => void upstream.end({ type: 'fail', htlc, failure }, { alongside }),
  ]
  for (const settle of settles) {
    upstream.remember(htlc, { type: 'introduction', sharedSecret, sha256OfOnion }, { justCommitted: true })
    time.now += 200
    settle()
    time.now += 700
    for (const end of pauses.splice(0)) end()
    await Promise.resolve()
    t.is(holdTime(), 9)
  }
})

test('BOLT 4, failures within a blinded route — where the path begins, a failure is held back for a random time', async (t) => {
  const { upstream, htlc, told, pauses } = telling()
  upstream.remember(htlc, { type: 'introduction', sharedSecret, sha256OfOnion }, {})
  upstream.fail(htlc, failure)
  await Promise.resolve()
  t.deepEqual([told.length, pauses.length], [0, 1])
  pauses[0]?.()
  await Promise.resolve()
  t.is(told[0]?.type, 'fail-htlc')
  // Further on nobody waits: every node would add to it.
  upstream.remember(htlc, { type: 'within-path', sha256OfOnion }, {})
  upstream.fail(htlc, failure)
  t.deepEqual([told[1]?.type, pauses.length], ['fail-malformed-htlc', 1])
})
