import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import { World } from './support/world.ts'

test('offers — whoever has one pays it, over others and again and again, and the issuer is told what for', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-offers-'))
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

  const asked = { amountMsat: 5_000_000n, description: 'tea', quantityMax: 10 }
  const { offer } = await carol.ask('offers', 'create', asked)
  t.like(offer, { status: 'active', amountMsat: 5_000_000n, description: 'tea', quantityMax: 10, blinded: true })
  t.like((await alice.ask('offers', 'decode', { offer: offer.offer })).offer, {
    offerId: offer.offerId,
    amountMsat: 5_000_000n,
    own: false,
    paths: 1,
  })
  t.true((await carol.ask('offers', 'decode', { offer: offer.offer })).offer.own)

  const { payment } = await alice.ask('offers', 'pay', { offer: offer.offer, quantity: 3, payerNote: 'with milk' })
  t.like(payment, { status: 'settled', amountMsat: 15_000_000n, invoice: offer.offer, description: 'tea' })
  await carol.until(async () => carol.payloads('payment.received').length === 1)
  const told = { offerId: offer.offerId, quantity: 3, payerNote: 'with milk' }
  t.like(carol.payloads('payment.received')[0], { ...told, amountMsat: '15000000', paymentHash: payment.paymentHash })
  const { invoice } = await carol.ask('invoices', 'get', { paymentHash: payment.paymentHash })
  t.like(invoice, { ...told, status: 'paid', receivedMsat: 15_000_000n, invoice: offer.offer, description: 'tea' })
  const proof = await alice.ask('offers', 'proof', { paymentHash: payment.paymentHash })
  t.like(proof, { offerId: offer.offerId, offer: offer.offer, preimage: payment.preimage ?? '' })

  // The same key pays once; another one again.
  const again = { offer: offer.offer, quantity: 1 }
  const payUnder = async (key: string): Promise<string> => {
    const answer = await alice.tryAsk('offers', 'pay', again, key)
    return answer.ok ? (answer.value as ReplyOf<'offers', 'pay'>).payment.paymentHash : answer.error.code
  }
  const first = await payUnder('once')
  t.is(await payUnder('once'), first)
  await alice.stop()
  await alice.start()
  t.is(await payUnder('once'), first)
  await alice.connectTo(bob)
  await alice.until(() => alice.isUsable(channels[0]?.channelId ?? ''))
  const second = await payUnder('twice')
  t.is(second.length, 64)
  t.not(second, first)
  await carol.until(async () => carol.payloads('payment.received').length === 3)

  // What the offer does not allow costs nothing, and says why.
  const refused = async (node: typeof alice, more: object) => {
    const answer = await node.tryAsk('offers', 'pay', { offer: offer.offer, ...more })
    return answer.ok ? undefined : answer.error.code
  }
  t.is(await refused(alice, { quantity: 11 }), 'quantity-invalid')
  t.is(await refused(alice, { amountMsat: 1n }), 'amount-too-low')
  t.is(await refused(carol, {}), 'own-offer')
  t.is(await refused(alice, { offer: offer.offer.slice(0, -3) }), 'offer-invalid')
  const unmade = async (request: object) => {
    const answer = await carol.tryAsk('offers', 'create', request)
    return answer.ok ? undefined : answer.error.code
  }
  t.is(await unmade({ amountMsat: 1n }), 'description-required')
  t.is(await unmade({ amountMsat: 0n, description: 'x' }), 'amount-out-of-bounds')
  for (const operation of ['get', 'disable']) {
    t.like(await carol.tryAsk('offers', operation, { offerId: '00'.repeat(32) }), {
      error: { code: 'offer-not-found' },
    })
  }
  t.is((await carol.ask('offers', 'disable', { offerId: offer.offerId })).offer.status, 'disabled')
  t.is(await refused(alice, {}), 'invoice-refused')
  t.is((await carol.ask('offers', 'list', { status: 'disabled' })).items.length, 1)
  t.is((await carol.ask('offers', 'list', { status: 'active' })).items.length, 0)
})
