import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
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
    invoice: refund.refund,
  })

  // Nobody is paid by it again.
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
})
