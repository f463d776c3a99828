import test from 'ava'
import { parseTxid } from '../../core/src/bitcoin/transaction.ts'
import { fromHex, utf8Decode } from '../../core/src/lib/bytes.ts'
import { MAX_UNCONFIRMED_PER_PEER } from '../../core/src/node/settings.ts'
import { HostilePeer } from './support/hostile-peer.ts'
import { World } from './support/world.ts'

const withChannel = async (world: World) => {
  const alice = await world.node('alice')
  const bob = await world.node('bob')
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
  const bob = await world.node('bob')
  const mallory = await HostilePeer.connect(bob, 66)
  for (let i = 0; i < MAX_UNCONFIRMED_PER_PEER; i++) {
    const open = mallory.openChannel(new Uint8Array(32).fill(i + 1))
    mallory.send(open)
    const accept = await mallory.next('accept_channel')
    mallory.send(mallory.fundingCreated(open, accept, { txid: new Uint8Array(32).fill(i), index: 0 }))
    await mallory.next('funding_signed')
  }
  mallory.send(mallory.openChannel(new Uint8Array(32).fill(200)))
  t.is(utf8Decode((await mallory.next('error')).data), 'too many channels are being opened')
})

test('a flood of messages about channels that do not exist holds up its sender, and nobody else', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const { alice, bob } = await withChannel(world)
  const mallory = await HostilePeer.connect(bob, 66)
  const message = {
    type: 'update_fail_htlc',
    channelId: new Uint8Array(32).fill(9),
    id: 0n,
    reason: new Uint8Array(0),
  } as const
  for (let i = 0; i < 20; i++) mallory.send(...Array.from({ length: 200 }, () => message))
  t.is((await alice.pay(await bob.invoice(1_000_000n))).status, 'settled')
  for (let i = 0; i < 4_000; i++) await mallory.next('error')
  t.is((await alice.pay(await bob.invoice(1_000_000n))).status, 'settled')
})
