import test from 'ava'
import { idsOf } from '../../channel/index.ts'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { ChannelDirectory, type ChannelEntry } from './channel-directory.ts'

const [PEER, OTHER] = [1, 2].map((byte) => new Uint8Array(33).fill(byte)) as [Uint8Array, Uint8Array]

const setUp = () => {
  const directory = new ChannelDirectory()
  const two = new TwoParties()
  two.open()
  const unconfirmed = two.bob.state
  const ready = new TwoParties().ready().bob.state
  let added = 0
  const add = (remoteNodeId: Uint8Array, state: ChannelEntry['state']): ChannelEntry => {
    const ref = {} as ChannelEntry['ref']
    const entry = { ref, remoteNodeId, state, durableState: state, quarantined: false, spentInMempool: false }
    directory.put({ channelId: new Uint8Array(32).fill(++added), shortIds: [BigInt(added)] }, entry)
    return entry
  }
  const listed = (filter: Parameters<ChannelDirectory['listed']>[0]) =>
    [...directory.listed(filter)].map(({ number }) => number)
  return { directory, add, listed, unconfirmed, ready }
}

test('channels are listed in the order in which they came, by peer and by what they are good for, from any of them on', (t) => {
  const { add, listed, unconfirmed, ready } = setUp()
  for (const peer of [PEER, OTHER, PEER]) add(peer, ready)
  add(PEER, unconfirmed)
  t.deepEqual(listed({}), [1, 2, 3, 4])
  t.deepEqual(listed({ after: 2 }), [3, 4])
  t.deepEqual(listed({ peer: PEER }), [1, 3, 4])
  t.deepEqual(listed({ peer: PEER, after: 1 }), [3, 4])
  t.deepEqual(listed({ standing: 'opening' }), [4])
  t.deepEqual(listed({ standing: 'usable', peer: PEER, after: 1 }), [3])
})

test('counts follow what is published, and what is gone is in none', (t) => {
  const { directory, add, listed, ready } = setUp()
  const first = add(PEER, ready)
  add(PEER, ready)
  t.is(directory.count('usable'), 2)
  directory.publish({ ...first, quarantined: true })
  t.deepEqual([directory.count('usable'), directory.count('quarantined')], [1, 1])
  t.is(directory.get(new Uint8Array(32).fill(1))?.quarantined, true)
  t.is(directory.byShortChannelId(1n)?.quarantined, true)
  directory.remove(first)
  t.is(directory.count('quarantined'), 0)
  t.deepEqual(listed({}), [2])
  t.is(directory.byShortChannelId(1n), undefined)
  directory.publish(first)
  t.is(directory.count('usable'), 1)
})

test('channels that may be closed at our cost are counted until their close can cost no more, or they are gone', (t) => {
  const { directory, add, ready, unconfirmed } = setUp()
  const two = new TwoParties().ready({ pushMsat: 200_000_000n })
  two.run(two.alice, { type: 'close' })
  two.settle()
  const [first, second] = [add(PEER, ready), add(OTHER, unconfirmed)]
  t.is(directory.atOurCost, 2)
  directory.publish({ ...first, durableState: two.alice.state })
  t.is(directory.atOurCost, 1)
  directory.remove(second)
  t.is(directory.atOurCost, 0)
})

test('openings without a funding are listed apart, from any of them on, until they have one or are gone', (t) => {
  const { directory, add, listed, ready } = setUp()
  const { state } = new TwoParties().alice
  const durable = {
    phase: 'wait-for-decision',
    ids: idsOf(state.durable),
    open: {},
  } as ChannelEntry['state']['durable']
  const unfunded = (after?: number) => [...directory.unfunded(after)].map(({ number }) => number)
  add(PEER, state)
  t.deepEqual(unfunded(), [])
  const [first, second] = [add(PEER, { durable }), add(OTHER, { durable })]
  t.deepEqual([unfunded(), unfunded(2)], [[2, 3], [3]])
  t.deepEqual(listed({}), [])
  directory.publish({ ...first, state: ready, durableState: ready })
  t.deepEqual([unfunded(), listed({})], [[3], [2]])
  directory.remove(second)
  t.deepEqual(unfunded(), [])
})

test('an entry that was handed out stays as it was', (t) => {
  const { directory, add, ready } = setUp()
  const first = add(PEER, ready)
  const before = directory.get(new Uint8Array(32).fill(1))
  directory.publish({ ...first, spentInMempool: true })
  t.is(before?.spentInMempool, false)
})

test('openings are counted for each peer and in all, until their funding is confirmed', (t) => {
  const { directory, add, unconfirmed, ready } = setUp()
  const opening = add(PEER, unconfirmed)
  add(OTHER, unconfirmed)
  t.is(directory.openings(PEER).confirmation, 1)
  t.is(directory.openings().confirmation, 2)
  directory.publish({ ...opening, state: ready, durableState: ready })
  t.is(directory.openings(PEER).confirmation, 0)
  t.is(directory.openings().confirmation, 1)
})
