import test from 'ava'
import { parseTxid } from '../../core/src/bitcoin/transaction.ts'
import { fromHex } from '../../core/src/lib/bytes.ts'
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
