import test from 'ava'
import { TwoParties } from '../../channel/transitions/fixtures/two-parties.ts'
import { sha256, sha256d } from '../../crypto/hashes.ts'
import { secp256k1 } from '../../crypto/secp256k1.ts'
import { EMPTY, equalBytes, utf8Encode } from '../../lib/bytes.ts'
import { virtualClock } from '../../lib/clock-virtual.ts'
import { type Announcement, decodeGossip } from '../../wire/gossip-codecs.ts'
import type { ChannelAnnouncement, ChannelUpdate, NodeAnnouncement } from '../../wire/messages/gossip.ts'
import { ChannelDirectory, type ChannelEntry } from '../channel/channel-directory.ts'
import { channelIds } from '../channel/channel-ids.ts'
import { entryOf } from '../channel/fixtures/channel-entry.ts'
import { AWAY_MS, LEAST_GAP_MS, LOOK_MS, OwnGossip, type OwnNetwork } from './own-gossip.ts'

const SECRET = sha256(utf8Encode('our node'))
const ID = secp256k1.publicKey(SECRET)

/** The network: it takes in what it is told at once. */
const network = () => {
  const told: Announcement[] = []
  const of = <T extends Announcement['type']>(type: T) =>
    told.filter((message): message is Extract<Announcement, { type: T }> => message.type === type)
  const it: OwnNetwork = {
    hasChannel: (id) => of('channel_announcement').some(({ shortChannelId }) => shortChannelId === id),
    announcement: (id) => of('channel_announcement').find(({ shortChannelId }) => shortChannelId === id),
    update: (id) => of('channel_update').findLast(({ shortChannelId }) => shortChannelId === id),
    node: () => of('node_announcement').at(-1),
    publish: (messages) => {
      for (const raw of messages) {
        const read = decodeGossip(raw)
        if (!read.ok) throw new Error(read.error.code)
        told.push(read.value as Announcement)
      }
    },
  }
  return { it, told, of }
}

const rig = () => {
  const two = new TwoParties({ bob: { announcedOpenings: 'announce' } }).ready({ announce: true })
  const { alice } = two
  const clock = virtualClock()
  const directory = new ChannelDirectory()
  const world = network()
  const gossip = new OwnGossip({
    network: world.it,
    directory,
    signer: { signAsNode: (digest) => secp256k1.sign(digest, SECRET) },
    clock,
    chainHash: alice.env.settings.chainHash,
    self: { nodeId: ID, features: EMPTY, alias: 'we', rgbColor: Uint8Array.of(1, 2, 3), addresses: EMPTY },
  })
  const found: ChannelAnnouncement[] = []
  const ref = {
    tell: (name: string, announcement: ChannelAnnouncement) => name === 'announcementFound' && found.push(announcement),
  } as unknown as ChannelEntry['ref']
  const entry = (): ChannelEntry => entryOf(ref, alice.state)
  directory.put(channelIds(alice.state.durable), entry())
  gossip.start()
  const announce = alice.effects.find((effect) => effect.type === 'announce')
  if (announce?.type !== 'announce') throw new Error('nothing to announce')
  return {
    ...world,
    two,
    clock,
    directory,
    found,
    announced: () => gossip.announced(announce.announcement),
    changed: (change: Partial<ChannelEntry> = {}) => directory.publish({ ...entry(), ...change }),
    pass: (ms: number) => clock.advance(ms),
  }
}

const isSigned = (message: ChannelUpdate | NodeAnnouncement, raw: Uint8Array): boolean =>
  secp256k1.verify(message.signature, sha256d(raw.subarray(66)), ID)

test('our gossip — nothing is said of a channel that the network does not know yet; then its update, and who we are', async (t) => {
  const { announced, pass, told, of, two } = rig()
  await pass(LOOK_MS)
  t.deepEqual(told, [])
  announced()
  await pass(LOOK_MS)
  t.deepEqual(
    told.map(({ type }) => type),
    ['channel_announcement', 'channel_update', 'node_announcement'],
  )
  const { current } = two.alice.funded.relay
  t.like(of('channel_update')[0], {
    shortChannelId: two.alice.funded.shortIds.real,
    messageFlags: 1,
    htlcMaximumMsat: current.htlcMaximumMsat,
    feeProportionalMillionths: current.feeProportionalMillionths,
  })
  announced()
  await pass(3_600_000)
  t.is(told.length, 3)
})

/** What a node says of itself and of a channel, as it travels. */
const firstWords = async () => {
  const { announced, pass, it, two } = rig()
  const raws: Uint8Array[] = []
  const { publish } = it
  Object.assign(it, {
    publish: (messages: readonly Uint8Array[]) => {
      raws.push(...messages)
      publish(messages)
    },
  })
  announced()
  await pass(LOOK_MS)
  const [announcement, update, node] = raws.map((raw) => {
    const read = decodeGossip(raw)
    if (!read.ok) throw new Error(read.error.code)
    return { raw, message: read.value }
  })
  return { announcement, update, node, two }
}

test('BOLT 7, channel_update — ours is signed by our node, and names the chain, the channel and the side of its announcement', async (t) => {
  const { announcement, update, two } = await firstWords()
  if (update?.message.type !== 'channel_update' || announcement?.message.type !== 'channel_announcement')
    return t.fail()
  t.true(isSigned(update.message, update.raw))
  t.deepEqual(update.message.chainHash, announcement.message.chainHash)
  t.is(update.message.shortChannelId, announcement.message.shortChannelId)
  const isFirst = equalBytes(announcement.message.nodeId1, two.alice.nodeId)
  t.is(update.message.channelFlags & 1, isFirst ? 0 : 1)
})

test('BOLT 7, node_announcement — ours is signed by our node', async (t) => {
  const { node } = await firstWords()
  t.true(node?.message.type === 'node_announcement' && isSigned(node.message, node.raw))
})

test('our gossip — a channel that lacks what its peer has signed is told of the announcement that the network has, and then the network of its fees', async (t) => {
  const { announced, changed, pass, found, of, two, told } = rig()
  const { alice } = two
  const { funded } = alice
  const { announcement: _, ...without } = funded
  alice.state = { ...alice.state, durable: without }
  changed()
  await pass(LOOK_MS)
  t.deepEqual(found, [])
  // Its peer says it to everybody.
  announced()
  await pass(LOOK_MS)
  t.deepEqual(found, of('channel_announcement'))
  await pass(LOOK_MS)
  t.is(found.length, 1)
  t.is(told.length, 1)
  alice.state = { ...alice.state, durable: funded }
  changed()
  await pass(LOOK_MS)
  t.is(of('channel_update').length, 1)
  t.is(found.length, 1)
})

test('our gossip — no announcement is looked for of a channel that closes, or is not to be announced', async (t) => {
  const { announced, changed, pass, found, two } = rig()
  const { alice } = two
  const { announcement: _, ...without } = alice.funded
  announced()
  for (const durable of [
    { ...without, params: { ...without.params, announce: false } },
    { ...without, localShutdown: EMPTY },
  ] as readonly (typeof alice.funded)[]) {
    alice.state = { ...alice.state, durable }
    changed()
    await pass(LOOK_MS)
  }
  t.deepEqual(found, [])
})

test('our gossip — another fee is told once a look later, and further ones a minute apart', async (t) => {
  const { announced, changed, pass, of, two } = rig()
  announced()
  await pass(LEAST_GAP_MS)
  for (const feeBaseMsat of [1n, 2n, 3n]) {
    two.run(two.alice, { type: 'set-relay-fees', policy: { feeBaseMsat } })
    changed()
    await pass(LOOK_MS)
  }
  await pass(LEAST_GAP_MS)
  t.deepEqual(
    of('channel_update').map(({ feeBaseMsat }) => feeBaseMsat),
    [1_000, 1, 3],
  )
  const stamps = of('channel_update').map(({ timestamp }) => timestamp)
  t.deepEqual(
    stamps,
    [...new Set(stamps)].toSorted((a, b) => a - b),
  )
})

test('our gossip — a peer that comes back soon was never away; one that stays away disables the channel until it is back', async (t) => {
  const { announced, changed, pass, of, two } = rig()
  announced()
  await pass(LOOK_MS)
  two.disconnect()
  changed()
  await pass(AWAY_MS - LOOK_MS)
  two.connect()
  two.settle()
  changed()
  await pass(LOOK_MS)
  t.deepEqual(
    of('channel_update').map(({ channelFlags }) => channelFlags & 2),
    [0],
  )
  two.disconnect()
  changed()
  await pass(AWAY_MS + LOOK_MS)
  t.is((of('channel_update').at(-1)?.channelFlags ?? 0) & 2, 2)
  const count = of('channel_update').length
  await pass(AWAY_MS)
  t.is(of('channel_update').length, count)
  two.connect()
  two.settle()
  changed()
  await pass(LOOK_MS)
  t.is((of('channel_update').at(-1)?.channelFlags ?? 0) & 2, 0)
})

test('our gossip — a channel that closes is disabled at once', async (t) => {
  const { announced, changed, pass, of, two } = rig()
  announced()
  await pass(LEAST_GAP_MS)
  two.run(two.alice, { type: 'close' })
  two.settle()
  changed()
  await pass(LOOK_MS)
  t.is((of('channel_update').at(-1)?.channelFlags ?? 0) & 2, 2)
})

test('our gossip — what is a week old is told again', async (t) => {
  const { announced, pass, of } = rig()
  announced()
  await pass(8 * 24 * 3_600_000)
  t.is(of('channel_update').length, 2)
  t.is(of('node_announcement').length, 2)
})

test('our gossip — an update for all is newer than the one that the peer alone has', async (t) => {
  const { announced, pass, of, two, changed } = rig()
  announced()
  await pass(LOOK_MS)
  const { alice } = two
  const relay = {
    ...alice.funded.relay,
    current: { ...alice.funded.relay.current, feeProportionalMillionths: 77 },
    updateTimestamp: (of('channel_update')[0]?.timestamp ?? 0) + 65,
  }
  alice.state = { ...alice.state, durable: { ...alice.funded, relay } }
  await pass(LEAST_GAP_MS)
  changed()
  await pass(LOOK_MS)
  t.true((of('channel_update').at(-1)?.timestamp ?? 0) > relay.updateTimestamp)
})

test('our gossip — a new alias is told at the start', async (t) => {
  const { it, announced, pass, of, directory, clock, two } = rig()
  announced()
  await pass(LOOK_MS)
  const again = new OwnGossip({
    network: it,
    directory,
    signer: { signAsNode: (digest) => secp256k1.sign(digest, SECRET) },
    clock,
    chainHash: two.alice.env.settings.chainHash,
    self: { nodeId: ID, features: EMPTY, alias: 'new', rgbColor: Uint8Array.of(1, 2, 3), addresses: EMPTY },
  })
  again.start()
  await pass(LOOK_MS)
  t.is(of('node_announcement').length, 2)
})
