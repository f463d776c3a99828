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

test('money on a commitment that the peer published is spendable nowhere, and the operator is told how much it is', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const bob = await world.node('bob')
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n, 300_000_000n)
  t.deepEqual((await bob.ask('node', 'getInfo', {})).warnings, [])

  await alice.ask('channels', 'forceClose', { channelId })
  await bob.until(async () => (await bob.ask('channels', 'get', { channelId })).channel.state === 'closing')
  await world.mine(6)
  const { channel } = await bob.ask('channels', 'get', { channelId })
  t.is(channel.spendableMsat, 0n)
  t.is(channel.receivableMsat, 0n)
  t.is(channel.unclaimableMsat, 300_000_000n)
  const { warnings } = await bob.ask('node', 'getInfo', {})
  t.regex(warnings.join(), /300000000 msat are at risk in 1 channels/)
  t.is((await bob.ask('wallet', 'balance', {})).spendableSat, 0n)
  // Who published it claims it.
  const own = await alice.ask('channels', 'get', { channelId })
  t.is(own.channel.unclaimableMsat, undefined)
  t.is(own.channel.spendableMsat, 0n)
})
