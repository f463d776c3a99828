import test from 'ava'
import { decodeInvoice } from '../../core/src/invoice/decode-invoice.ts'
import { toHex } from '../../core/src/lib/bytes.ts'
import { type TestNode, World } from './support/world.ts'

/** Sends one part of a payment over the only channel between the two; its outcome is not waited for. */
const sendPart = async (from: TestNode, to: TestNode, invoice: string, amountMsat: bigint) => {
  const decoded = decodeInvoice(invoice)
  if (!decoded.ok) throw new Error('no invoice')
  const { paymentHash, paymentSecret } = decoded.value
  const { items } = await from.ask('channels', 'list', { peer: to.id })
  return from.tryAsk('payments', 'sendToRoute', {
    paymentHash: toHex(paymentHash),
    paymentSecret: toHex(paymentSecret),
    totalAmountMsat: decoded.value.amountMsat,
    route: [{ nodeId: to.id, shortChannelId: items[0]?.shortChannelId, amountMsat, cltvExpiryDelta: 40 }],
  })
}

test('a part in a channel that its sender has closed is not counted: the payment is whole without it, or not at all', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [bob, ...payers] = [
    await world.node('bob'),
    await world.node('mallory'),
    await world.node('carol'),
    await world.node('dave'),
  ]
  const channels: string[] = []
  for (const payer of payers) {
    await payer.faucet(10_000_000n)
    await payer.connectTo(bob)
    channels.push(await payer.openTo(bob, 1_000_000n))
  }
  const [mallory, carol, dave] = payers as [TestNode, TestNode, TestNode]
  const [lost = ''] = channels
  const inFlight = async (node: TestNode, peer: TestNode) =>
    (await node.ask('channels', 'list', { peer: peer.id })).items[0]?.htlcsInFlight
  const { invoice } = await bob.ask('invoices', 'create', { amountMsat: 100_000_000n, description: 'goods' })

  // Mallory's part is held, and she takes it back by closing with her own commitment.
  void sendPart(mallory, bob, invoice.invoice, 50_000_000n)
  await bob.until(async () => (await inFlight(bob, mallory)) === 1 && (await inFlight(mallory, bob)) === 1)
  await mallory.ask('channels', 'forceClose', { channelId: lost })
  await bob.until(async () => (await bob.ask('channels', 'get', { channelId: lost })).channel.state === 'closing')

  const second = sendPart(carol, bob, invoice.invoice, 50_000_000n)
  const third = sendPart(dave, bob, invoice.invoice, 50_000_000n)
  for (const part of await Promise.all([second, third])) t.true(part.ok)
  await bob.until(async () => bob.payloads('payment.received').length === 1)
  const [{ amountMsat, parts } = {}] = bob.payloads('payment.received')
  t.is(amountMsat, '100000000')
  t.deepEqual((parts as { channelId: string }[]).map((part) => part.channelId).toSorted(), channels.slice(1).toSorted())
})

test('money on a commitment that the peer published goes to the wallet', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const bob = await world.node('bob')
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n, 300_000_000n)
  await alice.ask('channels', 'forceClose', { channelId })
  await bob.until(async () => (await bob.ask('channels', 'get', { channelId })).channel.state === 'closing')
  await world.mine(2)
  const { channel } = await bob.ask('channels', 'get', { channelId })
  t.is(channel.spendableMsat, 0n)
  t.is(channel.unclaimableMsat, undefined)
  t.deepEqual((await bob.ask('node', 'getInfo', {})).warnings, [])
  t.deepEqual(
    bob.payloads('channel.errored').map(({ code }) => code),
    ['peer-error'],
  )
  await world.mine(1)
  await bob.until(async () => (await bob.ask('wallet', 'balance', {})).spendableSat > 299_000n)
  await world.mine(6)
  await bob.until(async () => bob.payloads('channel.closed').length === 1)
})

test('a payment relayed into a channel that its next peer closes is failed upstream once it has timed out, and the channel it came by lives', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob, carol] = [await world.node('alice'), await world.node('bob'), await world.node('carol')]
  for (const node of [alice, bob]) await node.faucet(10_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  const incoming = await alice.openTo(bob, 1_000_000n)
  const outgoing = await bob.openTo(carol, 1_000_000n)
  // Carol holds the payment: it is a part of a larger one.
  const { invoice } = await carol.ask('invoices', 'create', { amountMsat: 100_000_000n, description: 'goods' })
  const decoded = decodeInvoice(invoice.invoice)
  if (!decoded.ok || decoded.value.paymentSecret === undefined) return t.fail('no invoice')
  const shortIdOf = async (node: TestNode, id: string) =>
    (await node.ask('channels', 'get', { channelId: id })).channel.shortChannelId
  const paying = alice.tryAsk('payments', 'sendToRoute', {
    paymentHash: toHex(decoded.value.paymentHash),
    paymentSecret: toHex(decoded.value.paymentSecret),
    totalAmountMsat: 100_000_000n,
    route: [
      {
        nodeId: bob.id,
        shortChannelId: await shortIdOf(alice, incoming),
        amountMsat: 50_100_000n,
        cltvExpiryDelta: 200,
      },
      {
        nodeId: carol.id,
        shortChannelId: await shortIdOf(bob, outgoing),
        amountMsat: 50_000_000n,
        cltvExpiryDelta: 40,
      },
    ],
  })
  const inFlight = async (node: TestNode, id: string) =>
    (await node.ask('channels', 'get', { channelId: id })).channel.htlcsInFlight
  await bob.until(async () => (await inFlight(bob, outgoing)) === 1)
  await carol.ask('channels', 'forceClose', { channelId: outgoing })
  await bob.until(async () => (await bob.ask('channels', 'get', { channelId: outgoing })).channel.state === 'closing')
  for (let block = 0; block < 60 && (await inFlight(alice, incoming)) > 0; block++) await world.mine(1)
  await alice.until(async () => (await inFlight(alice, incoming)) === 0)
  await paying
  t.is((await alice.ask('channels', 'get', { channelId: incoming })).channel.state, 'usable')
  t.is((await bob.ask('channels', 'get', { channelId: incoming })).channel.state, 'usable')
})
