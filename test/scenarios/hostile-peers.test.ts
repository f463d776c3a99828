import test from 'ava'
import { parseTxid } from '../../core/src/bitcoin/transaction.ts'
import { fromHex, toHex, utf8Decode } from '../../core/src/lib/bytes.ts'
import { RawPeer } from '../../core/src/node/connection/fixtures/raw-peer.ts'
import { TRAFFIC_LIMITS } from '../../core/src/node/connection/traffic-limits.ts'
import { MAX_UNCONFIRMED_PER_PEER } from '../../core/src/node/settings.ts'
import { HostilePeer } from './support/hostile-peer.ts'
import { type TestNodeOptions, World } from './support/world.ts'

const withChannel = async (world: World, ofBob: TestNodeOptions = {}) => {
  const alice = await world.node('alice')
  const bob = await world.node('bob', ofBob)
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n)
  return { alice, bob, channelId }
}

test('a temporary id that is the id of another channel takes nothing away from that channel', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const { alice, bob, channelId } = await withChannel(world)

  const mallory = await HostilePeer.connect(bob, 66)
  mallory.send(mallory.openChannel(fromHex(channelId)))
  await mallory.next('accept_channel')
  t.is((await alice.pay(await bob.invoice(1_000_000n))).status, 'settled')
  // What ends with the stranger's connection is the stranger's opening only.
  await mallory.leave()
  await bob.until(async () => bob.payloads('peer.disconnected').length === 1)
  t.is((await alice.pay(await bob.invoice(1_000_000n))).status, 'settled')
  t.true(await bob.isUsable(channelId))
})

test('a funding outpoint that is the one of another channel is refused, and that channel keeps its row', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const { alice, bob, channelId } = await withChannel(world)
  const { channel } = await bob.ask('channels', 'get', { channelId })
  const [funding] = channel.fundings

  const mallory = await HostilePeer.connect(bob, 66)
  const open = mallory.openChannel(new Uint8Array(32).fill(7))
  mallory.send(open)
  const accept = await mallory.next('accept_channel')
  const txid = parseTxid(funding?.txid as string)
  if (txid === undefined) throw new Error('no funding')
  mallory.send(mallory.fundingCreated(open, accept, { txid, index: funding?.outputIndex as number }))
  await mallory.next('error')

  t.deepEqual(
    (await bob.ask('channels', 'list', {})).items.map(({ peer }) => peer),
    [alice.id],
  )
  t.is((await alice.pay(await bob.invoice(1_000_000n))).status, 'settled')
})

test('a peer without channels is forgotten when it leaves, and is welcome again', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const bob = await world.node('bob')
  const known = async () => (await bob.ask('peers', 'list', {})).items.length
  for (let round = 1; round <= 3; round++) {
    const mallory = await HostilePeer.connect(bob, 66)
    // An opening that was begun ends with the connection, and does not keep its peer.
    mallory.send(mallory.openChannel(new Uint8Array(32).fill(round)))
    await mallory.next('accept_channel')
    t.is(await known(), 1)
    await mallory.leave()
    await bob.until(async () => (await known()) === 0)
  }
})

test('a peer may have only so many openings under way, and channels that wait for their funding', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  // What an opening costs us would hold up a stranger that begins so many.
  const { partner } = TRAFFIC_LIMITS
  const traffic = { ...TRAFFIC_LIMITS, stranger: partner, address: partner, strangers: partner }
  const bob = await world.node('bob', { traffic })
  const mallory = await HostilePeer.connect(bob, 66)
  for (let i = 0; i < MAX_UNCONFIRMED_PER_PEER; i++) {
    const open = mallory.openChannel(new Uint8Array(32).fill(i + 1))
    mallory.send(open)
    const accept = await mallory.next('accept_channel')
    mallory.send(mallory.fundingCreated(open, accept, { txid: new Uint8Array(32).fill(i), index: 0 }))
    await mallory.next('funding_signed')
  }
  mallory.send(mallory.openChannel(new Uint8Array(32).fill(200)))
  t.is(utf8Decode((await mallory.next('error')).data), 'too many openings')
})

const unknownChannel = {
  type: 'revoke_and_ack',
  channelId: new Uint8Array(32).fill(9),
  perCommitmentSecret: new Uint8Array(32).fill(1),
  nextPerCommitmentPoint: fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798'),
} as const

test('a flood of messages about channels that do not exist holds up its sender, and nobody else', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const burst = 20
  const { stranger } = TRAFFIC_LIMITS
  const traffic = { ...TRAFFIC_LIMITS, stranger: { ...stranger, complaints: { perSecond: 1e-6, burst } } }
  const { alice, bob } = await withChannel(world, { traffic })
  const mallory = await HostilePeer.connect(bob, 66)
  mallory.send(...Array.from({ length: 4_000 }, () => unknownChannel))
  let answered = 0
  const countAnswers = async (): Promise<void> => {
    for (;;) {
      t.is(utf8Decode((await mallory.next('error')).data), 'unknown channel')
      answered += 1
    }
  }
  const hungUp = countAnswers().catch(() => {})
  for (let i = 0; i < 3; i++) t.is((await alice.pay(await bob.invoice(1_000_000n))).status, 'settled')
  // Those that it may cause, and what was handled with the one that overdraws.
  t.true(answered <= burst + 16, `${answered} answers`)
  await bob.ask('peers', 'disconnect', { nodeId: toHex(mallory.nodeId) })
  await hungUp
  t.true(answered >= burst, `${answered} answers`)
})

test('BOLT 2, message retransmission — a channel that is closed or was never known is reestablished with the number zero, and told to be unknown', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const bob = await world.node('bob')
  const mallory = await HostilePeer.connect(bob, 66)
  const channelId = new Uint8Array(32).fill(9)
  mallory.send({
    type: 'channel_reestablish',
    channelId,
    nextCommitmentNumber: 12n,
    nextRevocationNumber: 11n,
    yourLastPerCommitmentSecret: new Uint8Array(32).fill(1),
    myCurrentPerCommitmentPoint: mallory.nodeId,
  })
  t.like(await mallory.next('channel_reestablish'), { channelId, nextCommitmentNumber: 0n, nextRevocationNumber: 0n })
  t.is(utf8Decode((await mallory.next('error')).data), 'unknown channel')
})

test('half-open sockets, many strangers of one host and their floods keep no partner out', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const many = { perSecond: 1_000, burst: 1_000 }
  const traffic = {
    ...TRAFFIC_LIMITS,
    halfOpen: { calling: 8, answered: 8, familiar: 8 },
    connected: { max: 4, maxPerGroup: 4 },
    handshakes: { address: many, strangers: many, familiar: many },
  }
  const bob = await world.node('bob', { traffic })
  const alice = await world.node('alice')
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n)

  const strangers: HostilePeer[] = []
  for (let i = 0; i < 4; i++) strangers.push(await HostilePeer.connect(bob, 60 + i))
  // One more than the address may have is turned away, and those that were there stay.
  const late = await HostilePeer.connect(bob, 80)
  t.is(utf8Decode((await late.next('warning')).data), 'too many connections')
  t.is((await bob.ask('peers', 'list', {})).items.length, 5)
  const silent = await Promise.all(Array.from({ length: 16 }, () => RawPeer.dial(bob.node.port ?? 0)))
  t.teardown(() => {
    for (const { socket } of silent) socket.destroy()
  })
  for (const stranger of strangers) stranger.send(...Array.from({ length: 500 }, () => unknownChannel))

  await alice.ask('peers', 'disconnect', { nodeId: bob.id })
  await alice.until(async () => !(await alice.isUsable(channelId)))
  await alice.connectTo(bob)
  await alice.until(() => alice.isUsable(channelId))
  t.is((await alice.pay(await bob.invoice(1_000_000n))).status, 'settled')
})

test('BOLT 2, open_channel — one with the id of a channel or of another opening is answered by a warning, and neither ends', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const bob = await world.node('bob')
  const mallory = await HostilePeer.connect(bob, 66)
  const open = mallory.openChannel(new Uint8Array(32).fill(1))
  mallory.send(open)
  const accept = await mallory.next('accept_channel')
  mallory.send(open)
  t.deepEqual((await mallory.next('warning')).channelId, open.temporaryChannelId)
  mallory.send(mallory.fundingCreated(open, accept, { txid: new Uint8Array(32).fill(5), index: 0 }))
  const { channelId } = await mallory.next('funding_signed')
  mallory.send(mallory.openChannel(channelId))
  t.deepEqual((await mallory.next('warning')).channelId, channelId)
  t.deepEqual(
    (await bob.ask('channels', 'list', {})).items.map(({ state }) => state),
    ['opening'],
  )
})

test('BOLT 1, error — all zeroes name every channel: what is refused under such an id gets a warning', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const bob = await world.node('bob')
  const mallory = await HostilePeer.connect(bob, 66)
  const channelId = new Uint8Array(32)
  mallory.send({ ...unknownChannel, channelId })
  t.is((await mallory.next('error', 'warning')).type, 'warning')
  mallory.send({ ...mallory.openChannel(channelId), channelFlags: 1 })
  t.is((await mallory.next('error', 'warning')).type, 'warning')
})
