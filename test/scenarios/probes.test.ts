import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import { TABLE } from '../../core/src/node/storage/tables.ts'
import { type Diamond, diamond } from './support/diamond.ts'

type Probe = ReplyOf<'router', 'probe'>['probe']

const amountMsat = 50_000_000n

const balancesOf = async ({ alice, bob, carol, dave }: Diamond) =>
  Promise.all(
    [alice, bob, carol, dave].map(async (node) =>
      (await node.ask('channels', 'list', {})).items.map(({ localMsat, htlcsInFlight }) => [localMsat, htlcsInFlight]),
    ),
  )

test('a probe tells how far an amount gets, hop by hop; what it shows is learnt; nothing is paid and nothing listed', async (t) => {
  const scene = await diamond({ thin: 200_000n })
  const { world, alice, bob, carol, dave, ids } = scene
  t.teardown(() => world.close())
  const before = await balancesOf(scene)

  const reached = (await alice.ask('router', 'probe', { nodeId: dave.id, amountMsat, excludedNodes: [bob.id] })).probe
  t.like(reached, { reached: true, destination: dave.id, amountMsat, parts: [{ status: 'reached' }] })
  t.is(reached.parts[0]?.failure?.code, 'incorrect-or-unknown-payment-details')
  t.deepEqual(
    reached.parts[0]?.hops.map(({ nodeId, shortChannelId, outcome }) => [nodeId, shortChannelId, outcome]),
    [
      [carol.id, ids.ac, 'carried'],
      [dave.id, ids.cd, 'carried'],
    ],
  )

  // Bob's channel with dave holds less than he was asked to send over it: a thousand more than dave is to get.
  const thin = { nodeId: dave.id, amountMsat: 199_000_000n, excludedNodes: [carol.id] }
  const { routes } = await alice.ask('router', 'findRoutes', thin)
  const stopped = (await alice.ask('router', 'probe', { route: routes[0]?.hops })).probe
  t.like(stopped, { reached: false, parts: [{ status: 'failed' }] })
  t.deepEqual(
    stopped.parts[0]?.hops.map(({ outcome }) => outcome),
    ['carried', 'refused'],
  )
  t.like(stopped.parts[0]?.failure, {
    code: 'temporary-channel-failure',
    erringNode: bob.id,
    erringShortChannelId: ids.bd,
  })
  // A search knows it now, and forgets it with time.
  const known = await alice.tryAsk('router', 'findRoutes', thin)
  const [again] = known.ok ? (known.value as ReplyOf<'router', 'findRoutes'>).routes : []
  t.true((again?.hopProbabilities[1] ?? 0) < (routes[0]?.hopProbabilities[1] ?? 0) / 2)

  const both = await alice.ask('router', 'probe', { nodeId: dave.id, amountMsat: 1_050_000_000n, maxParts: 2 })
  t.true(both.probe.reached)
  t.is(both.probe.parts.length, 2)

  t.deepEqual(await balancesOf(scene), before)
  t.deepEqual((await alice.ask('payments', 'list', {})).items, [])
  t.deepEqual(alice.payloads('payment.failed'), [])
  t.deepEqual((await alice.ask('router', 'probes', {})).items, [])
  await alice.until(async () => alice.payloads('router.probed').length === 3)
  t.deepEqual(
    alice.payloads('router.probed').map(({ reached }) => reached),
    [true, false, true],
  )
  t.is((await alice.store.scan(TABLE.probe)).length, 0)
  t.is((await alice.store.scan(TABLE.settlement)).length, 0)
})

test('router.probe — what cannot be probed is refused by its field, and the same key is one probe', async (t) => {
  const { world, alice, bob, dave, ids } = await diamond()
  t.teardown(() => world.close())
  const refused = async (request: object) => {
    const answer = await alice.tryAsk('router', 'probe', request)
    return answer.ok ? undefined : `${answer.error.code} ${answer.error.field ?? ''}`
  }
  const hop = { nodeId: bob.id, shortChannelId: ids.ab, amountMsat, cltvExpiryDelta: 40 }
  t.is(await refused({}), 'invalid-request nodeId')
  t.is(await refused({ nodeId: dave.id }), 'invalid-request amountMsat')
  t.is(await refused({ nodeId: dave.id, amountMsat: 0n }), 'invalid-request amountMsat')
  t.is(await refused({ nodeId: alice.id, amountMsat }), 'invalid-request nodeId')
  t.is(await refused({ nodeId: dave.id, amountMsat, excludedNodes: [dave.id] }), 'invalid-request excludedNodes.0')
  t.is(await refused({ nodeId: dave.id, amountMsat, maxFeeMsat: 0n }), 'fee-limit-exceeded maxFeeMsat')
  t.is(await refused({ nodeId: dave.id, amountMsat: 10n ** 12n }), 'insufficient-balance ')
  t.is(await refused({ nodeId: dave.id, route: [hop] }), 'invalid-request nodeId')
  t.is(await refused({ route: [hop], maxHops: 3 }), 'invalid-request maxHops')
  t.is(await refused({ moreRoutes: [[hop]] }), 'invalid-request moreRoutes')
  t.is(await refused({ route: [{ ...hop, shortChannelId: '1x1x1' }] }), 'channel-not-found route.0.shortChannelId')
  t.is(await refused({ route: [{ ...hop, nodeId: dave.id }] }), 'invalid-route route.0')

  // One plugin has no more out than its share, however many probes that is in.
  const small = [{ ...hop, amountMsat: 1_000n }]
  const byPlugin = (key: string, routes: number) =>
    alice.node.gateway.ask(
      'router',
      'probe',
      { route: small, ...(routes > 1 && { moreRoutes: Array.from({ length: routes - 1 }, () => small) }) },
      { caller: { kind: 'plugin', name: 'prober', version: '1.0.0' }, key, timeoutMs: 200_000 },
    )
  const [most, more] = await Promise.all([byPlugin('most', 16), byPlugin('more', 1)])
  t.like(most, { ok: true, value: { probe: { reached: true, plugin: 'prober', parts: { length: 16 } } } })
  t.like(more, { ok: false, error: { code: 'too-many-probes' } })
  t.like(await byPlugin('later', 1), { ok: true })

  const once = await alice.tryAsk('router', 'probe', { nodeId: dave.id, amountMsat }, 'one')
  t.like(once, { ok: true, value: { probe: { reached: true } } })
  t.deepEqual(await alice.tryAsk('router', 'probe', { nodeId: dave.id, amountMsat }, 'one'), once)
  t.like(await alice.tryAsk('router', 'probe', { nodeId: bob.id, amountMsat }, 'one'), {
    error: { code: 'idempotency-mismatch' },
  })
})

test('a probe that is out when the node stops is told when it comes back, and holds nothing after that', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-probes-'))
  const scene = await diamond({}, join(folder, 'alice.sqlite'))
  const { world, alice, carol } = scene
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true })
  })
  const request = { nodeId: carol.id, amountMsat }
  void alice.tryAsk('router', 'probe', request, 'out')
  await alice.until(async () => (await alice.ask('router', 'probes', {})).items.length === 1)
  await alice.stop()
  await alice.start()
  await alice.connectTo(carol)
  await alice.until(async () => alice.payloads('router.probed').length === 1)
  t.like(alice.payloads('router.probed')[0], { destination: carol.id })
  t.like(await alice.tryAsk('router', 'probe', request, 'out'), { error: { code: 'outcome-unknown' } })
  t.deepEqual((await alice.ask('router', 'probes', {})).items as readonly Probe[], [])
  t.is((await alice.store.scan(TABLE.probe)).length, 0)
  t.deepEqual((await alice.ask('payments', 'list', {})).items, [])
})
