import test from 'ava'
import { type TestNode, World } from './support/world.ts'

test('two nodes open a channel, pay both ways, and close it together', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const bob = await world.node('bob')
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n)

  const sent = await alice.pay(await bob.invoice(100_000_000n))
  t.is(sent.status, 'settled')
  // Bob can spend it once the fulfilment is in both commitments.
  await bob.until(async () => (await bob.ask('channels', 'get', { channelId })).channel.localMsat === 100_000_000n)
  const back = await bob.pay(await alice.invoice(30_000_000n))
  t.is(back.status, 'settled')
  await bob.until(async () => bob.payloads('payment.received').length === 1)
  // The last fulfil is in both commitments once the receiver's balance shows it.
  await alice.until(async () => (await alice.ask('channels', 'get', { channelId })).channel.localMsat === 930_000_000n)
  const { channel } = await alice.ask('channels', 'get', { channelId })
  t.is(channel.remoteMsat, 70_000_000n)
  const past = (node: TestNode) => node.store.sizes('past_htlc')
  t.true((await past(alice)).length > 0)

  await alice.ask('channels', 'close', { channelId })
  await alice.until(async () => alice.payloads('channel.close-signed').length === 1)
  await world.mine(6)
  await alice.until(async () => alice.payloads('channel.closed').length === 1)
  await bob.until(async () => bob.payloads('channel.closed').length === 1)
  const { confirmedSat } = await bob.ask('wallet', 'balance', {})
  t.is(confirmedSat, 70_000n)
  // They are kept until no commitment that held them can be published any more.
  t.true((await past(alice)).length > 0)
  await world.mine(94)
  for (const node of [alice, bob]) await node.until(async () => (await past(node)).length === 0)
})

test('a channel that is funded, and a payment that fails for good, are told of as they are answered', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n)
  const { nodeId } = await bob.ask('node', 'getInfo', {})
  const funded = { channelId, channelType: 'anchors-zero-fee-htlc' }
  t.like(alice.payloads('channel.funding-created'), [{ ...funded, initiator: 'local', localMsat: '1000000000' }])
  t.like(bob.payloads('channel.funding-created'), [{ ...funded, initiator: 'remote', remoteMsat: '1000000000' }])

  const { channel } = await alice.ask('channels', 'get', { channelId })
  const answer = await alice.tryAsk('payments', 'sendToRoute', {
    paymentHash: '11'.repeat(32),
    paymentSecret: '22'.repeat(32),
    route: [{ nodeId, shortChannelId: channel.shortChannelId, amountMsat: 10_000_000n, cltvExpiryDelta: 40 }],
  })
  t.like(answer, { ok: false, error: { code: 'payment-failed' } })
  await alice.until(async () => alice.payloads('payment.failed').length === 1)
  t.like(alice.payloads('payment.failed'), [
    {
      paymentHash: '11'.repeat(32),
      destination: nodeId,
      amountMsat: '10000000',
      parts: [{ channelId, status: 'failed', failure: { code: 'incorrect-or-unknown-payment-details' } }],
      failure: { code: 'incorrect-or-unknown-payment-details', erringNode: nodeId },
    },
  ])
  t.is(alice.payloads('payment.part-failed').length, 1)
})

test('a part that comes back is told of at once, with its hops and why, while the payment goes on to arrive', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, carol] = [await world.node('alice'), await world.node('carol')]
  const [bob, dave] = [await world.node('bob'), await world.node('dave')]
  for (const node of [alice, bob, dave]) await node.faucet(10_000_000n)
  for (const relay of [bob, dave]) {
    await alice.connectTo(relay)
    await relay.connectTo(carol)
    await alice.openTo(relay, 1_000_000n)
  }
  await bob.openTo(carol, 1_000_000n)
  const dear = await dave.openTo(carol, 1_000_000n)
  await dave.ask('channels', 'setRelayFees', { channelId: dear, feeBaseMsat: 9_000n, feeProportionalMillionths: 100 })
  const remote = async () => (await carol.ask('channels', 'get', { channelId: dear })).channel.remotePolicy
  await carol.until(async () => (await remote())?.feeBaseMsat === 9_000n)
  const invoice = await carol.invoice(50_000_000n)
  // What bob could have carried is gone when the payment comes.
  await bob.pay(await carol.invoice(950_000_000n))

  const { status, paymentHash, parts } = await alice.pay(invoice)
  t.is(status, 'settled')
  const told = alice.payloads('payment.part-failed')
  t.like(told, [
    {
      paymentHash,
      part: {
        status: 'failed',
        failure: { code: 'temporary-channel-failure', erringNode: bob.id },
        hops: [
          { nodeId: bob.id, outcome: 'carried' },
          { nodeId: carol.id, outcome: 'refused' },
        ],
      },
    },
  ])
  t.is(told.length, 1)
  t.deepEqual(
    parts.map((part) => [part.status, part.route[0]]),
    [
      ['failed', bob.id],
      ['settled', dave.id],
    ],
  )
})

test('a payment is relayed over the hints of an invoice, and the relay is told of', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob, carol] = [await world.node('alice'), await world.node('bob'), await world.node('carol')]
  await alice.faucet(10_000_000n)
  await bob.faucet(10_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  await alice.openTo(bob, 1_000_000n)
  await bob.openTo(carol, 1_000_000n)

  const payment = await alice.pay(await carol.invoice(50_000_000n))
  t.is(payment.status, 'settled')
  t.is(payment.feesMsat, 1_000n + 5_000n)
  await bob.until(async () => bob.payloads('payment.relayed').length === 1)
  t.is(bob.payloads('payment.relayed')[0]?.feeMsat, '6000')
})

test('nothing is read from the disk for a payment: not at the payer, nor at the relay, nor at the payee', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const nodes = [await world.node('alice'), await world.node('bob'), await world.node('carol')] as const
  const [alice, bob, carol] = nodes
  await alice.faucet(10_000_000n)
  await bob.faucet(10_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  await alice.openTo(bob, 1_000_000n)
  await bob.openTo(carol, 1_000_000n)

  // What is kept of commands is read at a node's first.
  for (const node of nodes) await node.invoice(1_000n)
  const before = nodes.map(({ store }) => store.counters.reads)
  for (const amountMsat of [50_000_000n, 60_000_000n]) {
    t.is((await alice.pay(await carol.invoice(amountMsat))).status, 'settled')
    t.is((await alice.pay(await bob.invoice(amountMsat))).status, 'settled')
  }
  await bob.until(async () => bob.payloads('payment.relayed').length === 2)
  t.deepEqual(
    nodes.map(({ store }) => store.counters.reads),
    before,
  )
})

test('what a relay sees of the expiry does not tell whether the next node is the payee', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob, carol] = [await world.node('alice'), await world.node('bob'), await world.node('carol')]
  await alice.faucet(10_000_000n)
  await bob.faucet(10_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  await alice.openTo(bob, 1_000_000n)
  await bob.openTo(carol, 1_000_000n)
  for (let count = 1; count <= 6; count++) {
    await alice.pay(await carol.invoice(1_000_000n))
    await bob.until(async () => bob.payloads('payment.relayed').length === count)
  }
  const { blockHeight } = await bob.ask('node', 'getInfo', {})
  const deltas = bob.payloads('payment.relayed').map(({ outgoing }) => {
    const [{ cltvExpiry } = { cltvExpiry: 0 }] = outgoing as { cltvExpiry: number }[]
    return cltvExpiry - blockHeight
  })
  // The payee asks for 30, and we add 3; the rest is a relay's delta, or several.
  for (const delta of deltas) t.true(delta >= 33 + 34 && delta <= 33 + 432, `${delta}`)
  t.true(new Set(deltas).size > 1)
})

test('BOLT 7, channel_update — ours says at least what the channel can carry, in halves of its capacity, and no more than the operator lets it: as it changes', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const bob = await world.node('bob', { choices: { htlcMaximumMsat: 200_000_000n } })
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n)
  const said = async (node: TestNode) => (await node.ask('channels', 'get', { channelId })).channel
  const settled = async (aliceMsat: bigint) => {
    await alice.until(async () => (await said(alice)).localMsat === aliceMsat)
    await alice.until(async () => (await said(alice)).remoteMsat === 1_000_000_000n - aliceMsat)
    await bob.until(async () => (await said(bob)).localMsat === 1_000_000_000n - aliceMsat)
  }
  t.is((await said(alice)).localPolicy.htlcMaximumMsat, 1_000_000_000n)

  // 350,000 sat are left to alice, and the reserve and fees are off: a half of the capacity holds them with room to spare.
  await alice.pay(await bob.invoice(650_000_000n))
  await settled(350_000_000n)
  await world.mine(1)
  await bob.until(async () => (await said(bob)).remotePolicy?.htlcMaximumMsat === 500_000_000n)
  // Bob could carry more than the operator has him carry.
  await bob.until(async () => (await said(bob)).localPolicy.htlcMaximumMsat === 200_000_000n)

  await bob.pay(await alice.invoice(300_000_000n))
  await settled(650_000_000n)
  await world.mine(1)
  await bob.until(async () => (await said(bob)).remotePolicy?.htlcMaximumMsat === 1_000_000_000n)
  // The fees, and what they were before, are as they were.
  t.is((await said(alice)).localPolicy.feeBaseMsat, 1_000n)
  t.deepEqual(alice.payloads('channel.relay-fees-changed'), [])
})

test('a payment in parts goes over the routes that its sender gives, and arrives whole', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channels = [await alice.openTo(bob, 1_000_000n), await alice.openTo(bob, 1_000_000n)]
  const { items } = await alice.ask('channels', 'list', {})
  const over = (at: number, amountMsat: bigint) => [
    { nodeId: bob.id, shortChannelId: items[at]?.shortChannelId, amountMsat, cltvExpiryDelta: 60 },
  ]
  const { invoice } = await bob.ask('invoices', 'create', { amountMsat: 1_500_000_000n })
  const { paymentHash, paymentSecret } = invoice
  const given = { paymentHash, paymentSecret, route: over(0, 800_000_000n) }

  const grown = [{ ...over(1, 1n)[0] }, { ...over(1, 2n)[0] }]
  const refused = await alice.tryAsk('payments', 'sendToRoute', { ...given, moreRoutes: [grown] })
  t.like(refused, { error: { code: 'invalid-route', field: 'moreRoutes.0.1' } })
  const tooMuch = { ...given, totalAmountMsat: 900_000_000n, moreRoutes: [over(1, 700_000_000n)] }
  t.like(await alice.tryAsk('payments', 'sendToRoute', tooMuch), { error: { field: 'totalAmountMsat' } })

  const { payment } = await alice.ask('payments', 'sendToRoute', { ...given, moreRoutes: [over(1, 700_000_000n)] })
  t.is(payment.status, 'settled')
  t.is(payment.amountMsat, 1_500_000_000n)
  await bob.until(async () => bob.payloads('payment.received').length === 1)
  const [{ parts } = {}] = bob.payloads('payment.received')
  t.deepEqual((parts as { channelId: string }[]).map((part) => part.channelId).toSorted(), channels.toSorted())
})
