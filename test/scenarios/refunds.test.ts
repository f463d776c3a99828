import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { createRefund, encodeRefund } from '../../core/src/invoice/bolt12/request-invoice.ts'
import { testNode } from '../../core/src/payment/fixtures/nodes.ts'
import { World } from './support/world.ts'

test('refunds — whoever has one fetches it once, over others, also after a restart of the one who pays', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-refunds-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const alice = await world.node('alice', { path: join(folder, 'alice.db') })
  const [bob, carol] = [await world.node('bob'), await world.node('carol')]
  for (const node of [alice, bob]) await node.faucet(10_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  const channels = [
    await alice.ask('channels', 'open', { nodeId: bob.id, fundingSat: 1_000_000n }),
    await bob.ask('channels', 'open', { nodeId: carol.id, fundingSat: 1_000_000n }),
  ]
  await world.mine(6)
  await alice.until(() => alice.isUsable(channels[0]?.channelId ?? ''))
  await carol.until(() => carol.isUsable(channels[1]?.channelId ?? ''))

  const create = async () =>
    (await alice.ask('refunds', 'create', { amountMsat: 5_000_000n, description: 'a broken cup' })).refund
  const refund = await create()
  t.like(refund, { status: 'open', amountMsat: 5_000_000n, maxFeeMsat: 50_000n, blinded: true })
  t.like((await carol.ask('refunds', 'decode', { refund: refund.refund })).refund, {
    refundId: refund.refundId,
    amountMsat: 5_000_000n,
    own: false,
    paths: 1,
  })
  const { invoice } = await carol.ask('refunds', 'claim', { refund: refund.refund })
  await carol.until(async () => carol.payloads('payment.received').length === 1)
  t.like(carol.payloads('payment.received')[0], { amountMsat: '5000000', paymentHash: invoice.paymentHash })
  await alice.until(
    async () => (await alice.ask('refunds', 'get', { refundId: refund.refundId })).refund.status === 'paid',
  )
  t.like((await alice.ask('payments', 'get', { paymentHash: invoice.paymentHash })).payment, {
    status: 'settled',
    amountMsat: 5_000_000n,
    invoice: refund.refundId,
  })

  // Nobody is paid by it again, and it cannot be taken back any more.
  t.like(await alice.tryAsk('refunds', 'cancel', { refundId: refund.refundId }), { error: { code: 'refund-paid' } })
  const again = await carol.tryAsk('refunds', 'claim', { refund: refund.refund }, 'again')
  t.like(again, { error: { code: 'invoice-refused', details: { text: 'the refund was paid' } } })
  const [second, taken] = [await create(), await create()]
  await alice.ask('refunds', 'cancel', { refundId: taken.refundId })
  await alice.stop()
  await alice.start()
  await alice.connectTo(bob)
  await alice.until(() => alice.isUsable(channels[0]?.channelId ?? ''))
  const over = await carol.tryAsk('refunds', 'claim', { refund: taken.refund }, 'taken')
  t.like(over, { error: { code: 'invoice-refused', details: { text: 'the refund was taken back' } } })
  await carol.ask('refunds', 'claim', { refund: second.refund })
  await carol.until(async () => carol.payloads('payment.received').length === 2)

  // Whoever has the text has the money: neither side's lists, nor its events, tell it.
  const told = [
    await alice.ask('payments', 'list', {}),
    alice.payloads('payment.sent'),
    await carol.ask('invoices', 'list', {}),
    await carol.ask('payments', 'received', {}),
    carol.payloads('invoice.created'),
  ]
  t.notRegex(
    JSON.stringify(told, (_, value) => (typeof value === 'bigint' ? `${value}` : value)),
    /lnr1/,
  )
  t.true((await carol.ask('invoices', 'list', {})).items.some(({ invoice: text }) => text === second.refundId))
})

test('refunds — a plugin sees its own, and those alone', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  let keys = 0
  const as = (name: string) => (operation: string, request: object) =>
    alice.node.gateway.ask('refunds', operation, request, {
      caller: { kind: 'plugin', name, version: '1.0.0' },
      key: `${keys++}`,
    })
  const [shop, thief] = [as('shop'), as('thief')]
  const terms = { amountMsat: 5_000n, description: 'tea', maxFeeMsat: 50n }
  const ours = await alice.ask('refunds', 'create', terms)
  const made = await shop('create', terms)
  if (!made.ok) return t.fail(made.error.message)
  const { refund } = made.value as { readonly refund: { readonly refundId: string } }
  const listed = async (ask: typeof shop) => {
    const answer = await ask('list', {})
    return answer.ok ? (answer.value as { readonly items: readonly object[] }).items : []
  }
  t.deepEqual(await listed(thief), [])
  t.like(await listed(shop), [{ refundId: refund.refundId }])
  t.is((await alice.ask('refunds', 'list', {})).items.length, 2)
  for (const operation of ['get', 'cancel']) {
    for (const refundId of [refund.refundId, ours.refund.refundId]) {
      t.like(await thief(operation, { refundId }), { error: { code: 'refund-not-found' } }, `${operation} ${refundId}`)
    }
    t.like(await shop(operation, { refundId: ours.refund.refundId }), { error: { code: 'refund-not-found' } })
    t.like(await shop(operation, { refundId: refund.refundId }), {
      ok: true,
      value: { refund: { ...refund, status: operation === 'get' ? 'open' : 'cancelled' } },
    })
  }
})

test('refunds — what is none of ours, cannot be read, is over, of another network, or leads to nobody, is refused with its name', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await bob.faucet(10_000_000n)
  await bob.connectTo(alice)
  const { channelId } = await bob.ask('channels', 'open', { nodeId: alice.id, fundingSat: 1_000_000n })
  await world.mine(6)
  await alice.until(() => alice.isUsable(channelId))

  const codeOf = async (operation: 'get' | 'cancel' | 'decode' | 'claim', request: object) => {
    const answer = await alice.tryAsk('refunds', operation, request)
    return answer.ok ? undefined : answer.error.code
  }
  const stranger = { secret: new Uint8Array(32).fill(1), nodeId: testNode('stranger').nodeId }
  const made = (chainHash: Uint8Array, expiresAt: number): string => {
    const terms = { chainHash, description: 'tea', amountMsat: 1_000n, offerAbsoluteExpiry: BigInt(expiresAt) }
    return encodeRefund(createRefund(stranger, new Uint8Array(16), terms))
  }
  const [LATER, EARLIER] = [4_000_000_000, 1_000_000]
  t.is(await codeOf('get', { refundId: '07'.repeat(32) }), 'refund-not-found')
  t.is(await codeOf('cancel', { refundId: '07'.repeat(32) }), 'refund-not-found')
  const { regtest, signet } = NETWORKS
  t.is(await codeOf('decode', { refund: made(regtest.chainHash, LATER).slice(0, -6) }), 'refund-invalid')
  t.is(await codeOf('claim', { refund: made(regtest.chainHash, EARLIER) }), 'refund-expired')
  t.is(await codeOf('claim', { refund: made(signet.chainHash, LATER) }), 'refund-wrong-network')
  t.is(await codeOf('claim', { refund: made(regtest.chainHash, LATER) }), 'no-way-to-payer')
})

test('refunds and offers — where it is asked that they do not name the node, and no peer relays, they are not made', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await bob.faucet(10_000_000n)
  await bob.connectTo(alice)
  const wish = { amountMsat: 1_000n, description: 'tea' }
  for (const actor of ['refunds', 'offers'] as const) {
    const refused = await alice.tryAsk(actor, 'create', { ...wish, blinded: true })
    t.like(refused, { ok: false, error: { code: 'no-relaying-peer', field: 'blinded' } }, actor)
    t.deepEqual((await alice.ask(actor, 'list', {})).items, [])
    t.like(await alice.tryAsk(actor, 'create', wish), { ok: true }, actor)
  }
  const { channelId } = await bob.ask('channels', 'open', { nodeId: alice.id, fundingSat: 1_000_000n })
  await world.mine(6)
  await alice.until(() => alice.isUsable(channelId))
  t.true((await alice.ask('refunds', 'create', { ...wish, blinded: true })).refund.blinded)
  t.true((await alice.ask('offers', 'create', { ...wish, blinded: true })).offer.blinded)
})
