import test from 'ava'
import { World } from './support/world.ts'

const GOSSIP = { threads: 0, passOnMs: 20 } as const

test('announced channels — everybody learns of them, and pays over them where no hint leads', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const node = (name: string) => world.node(name, { gossip: GOSSIP })
  const [alice, bob, carol, dave] = [await node('alice'), await node('bob'), await node('carol'), await node('dave')]
  const nodes = [alice, bob, carol, dave]
  for (const node of nodes) await node.faucet(10_000_000n)
  const opening = { fundingSat: 1_000_000n, announce: true }
  await alice.connectTo(bob)
  await alice.ask('channels', 'open', { nodeId: bob.id, ...opening })
  await bob.connectTo(carol)
  await bob.ask('channels', 'open', { nodeId: carol.id, ...opening })
  await world.mine(6)
  const knows = (channels: number) => async (): Promise<boolean> =>
    (await Promise.all(nodes.map((node) => node.ask('node', 'getInfo', {})))).every(
      ({ graph }) => (graph?.channels ?? 0) >= channels,
    )
  await alice.until(async () => (await alice.ask('node', 'getInfo', {})).graph?.channels === 2)

  // A newcomer asks its peer for all that it knows.
  await dave.connectTo(alice)
  const { channelId } = await dave.ask('channels', 'open', { nodeId: alice.id, ...opening })
  await world.mine(6)
  await dave.until(() => dave.isUsable(channelId))
  await dave.until(knows(3))
  t.like((await dave.ask('node', 'getInfo', {})).graph, { channels: 3, nodes: 4 })
  const { channel } = await dave.ask('channels', 'get', { channelId })
  t.true(channel.announced)

  // The hint of the invoice leads from bob on, and bob is no peer of dave's.
  const payment = await dave.pay(await carol.invoice(50_000_000n))
  t.is(payment.status, 'settled', JSON.stringify(payment.failure))
  await carol.until(async () => carol.payloads('payment.received').length === 1)
})
