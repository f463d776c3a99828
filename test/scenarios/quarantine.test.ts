import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { decodeInvoice } from '../../core/src/invoice/decode-invoice.ts'
import { toHex } from '../../core/src/lib/bytes.ts'
import { FaultyChannel } from './support/faulty-channel.ts'
import { type TestNode, World } from './support/world.ts'

const scidOf = async (node: TestNode, channelId: string) =>
  (await node.ask('channels', 'get', { channelId })).channel.shortChannelId

const stateOf = async (node: TestNode, channelId: string) =>
  (await node.ask('channels', 'get', { channelId })).channel.state

/** Has the node's channel throw, now, and waits until it is reloaded. */
const breakChannel = async (node: TestNode, faulty: FaultyChannel, channelId: string) => {
  faulty.throwAt(1, 'setRelayFees')
  const answer = await node.tryAsk('channels', 'setRelayFees', {
    channelId,
    feeBaseMsat: 1n,
    feeProportionalMillionths: 1,
  })
  if (answer.ok) throw new Error('the channel did not throw')
}

test('a payment that is out is not relayed a second time when the channel that brought it is reloaded', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const faulty = new FaultyChannel()
  const alice = await world.node('alice')
  const bob = await world.node('bob', { backend: faulty.backend })
  const carol = await world.node('carol')
  await alice.faucet(10_000_000n)
  await bob.faucet(10_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  const incoming = await alice.openTo(bob, 1_000_000n)
  const outgoing = await bob.openTo(carol, 1_000_000n, 500_000_000n)

  // Half of what carol waits for: she holds it until the rest comes.
  const invoice = decodeInvoice(await carol.invoice(50_000_000n), 'regtest')
  if (!invoice.ok) throw new Error(invoice.error.code)
  const { paymentHash, paymentSecret } = invoice.value
  const [first, second] = [await scidOf(alice, incoming), await scidOf(bob, outgoing)]
  void alice.tryAsk('payments', 'sendToRoute', {
    paymentHash: toHex(paymentHash),
    paymentSecret: toHex(paymentSecret),
    totalAmountMsat: 50_000_000n,
    route: [
      { nodeId: bob.id, shortChannelId: first, amountMsat: 25_100_000n, cltvExpiryDelta: 140 },
      { nodeId: carol.id, shortChannelId: second, amountMsat: 25_000_000n, cltvExpiryDelta: 40 },
    ],
  })
  const held = async () => (await carol.ask('channels', 'get', { channelId: outgoing })).channel.htlcsInFlight
  await carol.until(async () => (await held()) === 1)

  await breakChannel(bob, faulty, incoming)
  await bob.until(async () => (await stateOf(bob, incoming)) === 'quarantined')
  // What came before it on the outgoing channel is there when this payment is.
  await carol.pay(await bob.invoice(1_000_000n))
  // Its own HTLC is gone from the channel a moment after its preimage has come.
  await carol.until(async () => (await held()) === 1)
  t.is(carol.payloads('payment.received').length, 0)
})

test('how a relay ended is told again to a channel that threw when it was to take it, and counts once', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const faulty = new FaultyChannel()
  const alice = await world.node('alice')
  const bob = await world.node('bob', { backend: faulty.backend })
  const carol = await world.node('carol')
  await alice.faucet(10_000_000n)
  await bob.faucet(10_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  const incoming = await alice.openTo(bob, 1_000_000n)
  await bob.openTo(carol, 1_000_000n)
  const invoice = await carol.invoice(50_000_000n)

  faulty.throwAt(1, '#settle')
  void alice.tryAsk('payments', 'payInvoice', { invoice })
  await bob.until(async () => (await stateOf(bob, incoming)) === 'quarantined')
  await bob.until(async () => bob.payloads('payment.relayed').length === 1)
  // What is told later is behind it: it does not come a second time.
  await bob.ask('channels', 'forceClose', { channelId: incoming })
  await bob.until(async () => bob.payloads('channel.closing').length === 1)
  t.is(bob.payloads('payment.relayed').length, 1)
})

test('a payment whose HTLC was not signed when its channel was reloaded fails at once', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const faulty = new FaultyChannel()
  const alice = await world.node('alice', { backend: faulty.backend })
  const bob = await world.node('bob')
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n)
  const invoice = await bob.invoice(1_000_000n)

  // The first step adds the HTLC, the second would sign it.
  faulty.throwAt(2)
  const answer = await alice.tryAsk('payments', 'payInvoice', { invoice })
  t.like(answer, { ok: false, error: { code: 'payment-failed' } })
  t.is(await stateOf(alice, channelId), 'quarantined')
})

test('a payment whose channel throws at taking its HTLC fails at once', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const faulty = new FaultyChannel()
  const alice = await world.node('alice', { backend: faulty.backend })
  const bob = await world.node('bob')
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  await alice.openTo(bob, 1_000_000n)
  const invoice = await bob.invoice(1_000_000n)
  faulty.throwAt(1)
  const answer = await alice.tryAsk('payments', 'payInvoice', { invoice })
  t.like(answer, { ok: false, error: { code: 'payment-failed' } })
})

test('a channel that throws a second time goes to the chain', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const faulty = new FaultyChannel()
  const alice = await world.node('alice', { backend: faulty.backend })
  const bob = await world.node('bob')
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n)
  await breakChannel(alice, faulty, channelId)
  await alice.until(async () => (await stateOf(alice, channelId)) === 'quarantined')
  await breakChannel(alice, faulty, channelId)
  await alice.until(async () => alice.payloads('channel.closing').length === 1)
  await world.mine(1)
  await bob.until(async () => bob.payloads('channel.closing').length === 1)
  t.like(bob.payloads('channel.closing')[0], { initiator: 'remote', kind: 'remote-force' })
})

test('a quarantine — lasts over a restart of the node, is told, and ends by the operator; the channel is usable again on the next connection', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-quarantine-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true })
  })
  const faulty = new FaultyChannel()
  const alice = await world.node('alice', { backend: faulty.backend, path: join(folder, 'alice.sqlite') })
  const bob = await world.node('bob')
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n)
  t.like(await alice.tryAsk('channels', 'release', { channelId }), { ok: false, error: { code: 'not-quarantined' } })
  await breakChannel(alice, faulty, channelId)
  await alice.until(async () => (await stateOf(alice, channelId)) === 'quarantined')
  await alice.until(async () => alice.payloads('channel.errored').length === 1)
  t.like(alice.payloads('channel.errored')[0], { channelId, code: 'quarantined', source: 'local' })

  for (let life = 0; life < 2; life++) {
    await alice.stop()
    await alice.start()
    t.is(await stateOf(alice, channelId), 'quarantined')
    const { warnings } = await alice.ask('node', 'getInfo', {})
    t.true(warnings.some((warning) => warning.includes('channels release')))
  }
  await alice.until(async () => (await alice.ask('node', 'getInfo', {})).peersConnected === 1)
  t.is(await stateOf(alice, channelId), 'quarantined')
  t.is(((await alice.ask('channels', 'release', { channelId })) as { state: string }).state, 'offline')
  await alice.until(() => alice.isUsable(channelId))
  await alice.pay(await bob.invoice(1_000_000n))
  t.deepEqual(alice.payloads('channel.closing'), [])
  await alice.stop()
  await alice.start()
  await alice.until(() => alice.isUsable(channelId))
})

test('a channel that throws once in each of two lives goes to the chain', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-quarantine-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true })
  })
  const faulty = new FaultyChannel()
  const alice = await world.node('alice', { backend: faulty.backend, path: join(folder, 'alice.sqlite') })
  const bob = await world.node('bob')
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n)
  await breakChannel(alice, faulty, channelId)
  await alice.until(async () => (await stateOf(alice, channelId)) === 'quarantined')
  await alice.stop()
  await alice.start()
  await breakChannel(alice, faulty, channelId)
  await alice.until(async () => alice.payloads('channel.closing').length === 1)
  t.like(alice.payloads('channel.closing')[0], { initiator: 'local', kind: 'local-force' })
})

test('an opening that throws frees the coins it had set aside and answers who asked', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const faulty = new FaultyChannel()
  const alice = await world.node('alice', { backend: faulty.backend })
  const bob = await world.node('bob')
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  for (let nth = 1; nth <= 8; nth++) {
    faulty.throwAt(nth)
    const answer = await alice.tryAsk('channels', 'open', { nodeId: bob.id, fundingSat: 1_000_000n, feerate: 1000 })
    const reached = faulty.disarm()
    if (answer.ok) break
    t.true(reached)
    await alice.until(async () => (await alice.ask('wallet', 'balance', {})).reservedSat === 0n)
  }
  t.pass()
})
