import test from 'ava'
import { World } from './support/world.ts'

const GOSSIP = { threads: 0, passOnMs: 20, isBusy: () => false } as const

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

  // Whoever asks for the way learns what it takes, and can go it.
  const amountMsat = 20_000_000n
  const asked = { nodeId: carol.id, amountMsat }
  const { routes, feesMsat, probability } = await dave.ask('router', 'findRoutes', asked)
  const [route] = routes
  t.is(routes.length, 1)
  t.deepEqual(
    route?.hops.map((hop) => hop.nodeId),
    [alice.id, bob.id, carol.id],
  )
  t.is(route?.amountMsat, amountMsat)
  t.is(route?.feesMsat, feesMsat)
  t.is(route?.hops[0]?.amountMsat, amountMsat + feesMsat)
  t.is(route?.hops[0]?.cltvExpiryDelta, route?.cltvExpiryDelta)
  t.is(route?.hopProbabilities.length, 3)
  t.true(feesMsat > 0n && probability > 0 && probability <= 1_000_000)
  const { invoice } = await carol.ask('invoices', 'create', { amountMsat, minFinalCltvExpiryDelta: 18 })
  const { paymentHash, paymentSecret = '' } = invoice
  const sent = await dave.ask('payments', 'sendToRoute', { paymentHash, paymentSecret, route: route?.hops ?? [] })
  t.like(sent.payment, { status: 'settled', amountMsat, feesMsat })

  // What is asked of it is heeded, and what cannot be says why.
  const refused = async (more: object) => {
    const answer = await dave.tryAsk('router', 'findRoutes', { ...asked, ...more })
    return answer.ok ? undefined : [answer.error.code, answer.error.field, answer.error.details]
  }
  const dear = ['fee-limit-exceeded', 'maxFeeMsat', { feesMsat: `${feesMsat}` }]
  t.deepEqual(await refused({ maxFeeMsat: feesMsat - 1n }), dear)
  t.is(await refused({ maxFeeMsat: feesMsat }), undefined)
  const blocks = route?.cltvExpiryDelta ?? 0
  const far = ['expiry-too-far', 'maxCltvExpiryDelta', { cltvExpiryDelta: blocks }]
  t.deepEqual(await refused({ maxCltvExpiryDelta: blocks - 1 }), far)
  const none = ['no-route', 'nodeId', undefined]
  t.deepEqual(await refused({ maxHops: 2 }), none)
  t.deepEqual(await refused({ excludedNodes: [bob.id] }), none)
  for (const { shortChannelId } of route?.hops ?? [])
    t.deepEqual(await refused({ excludedChannels: [shortChannelId] }), none, shortChannelId)
  t.deepEqual(await refused({ nodeId: `02${'11'.repeat(32)}` }), none)
  t.deepEqual(await refused({ amountMsat: 10n ** 10n }), ['insufficient-balance', undefined, undefined])
  t.deepEqual(await refused({ amountMsat: 0n }), ['invalid-request', 'amountMsat', undefined])
  t.deepEqual(await refused({ nodeId: dave.id }), ['invalid-request', 'nodeId', undefined])
  const many = await Promise.all(Array.from({ length: 5 }, () => refused({})))
  t.deepEqual(
    many.filter((answer) => answer !== undefined),
    [['mailbox-full', undefined, undefined]],
  )

  // A text that a node of the graph has signed.
  const message = 'from carol'
  const { signature } = await carol.ask('node', 'signMessage', { message })
  const { valid, nodeId } = await dave.ask('node', 'verifyMessage', { message, signature })
  t.deepEqual({ valid, nodeId }, { valid: true, nodeId: carol.id })
})
