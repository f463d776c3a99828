import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { interopWorld, ourChannel } from './support/interop-world.ts'
import { type CutPoint, cutAt } from './support/message-tap.ts'

const PUSHED = 300_000_000n
const AMOUNT = 25_000_000n

const onDisk = async (t: ExecutionContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-interop-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const interop = await interopWorld(t)
  const data = join(folder, 'data')
  mkdirSync(data)
  const us = await interop.node('us', { path: join(data, 'node.sqlite') })
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  const channelId = await interop.openToLdk(us, ldk, { pushMsat: PUSHED })
  /** Our node ends and starts again, and finds LDK by itself. */
  const restart = async (): Promise<void> => {
    await us.stop()
    await us.start()
    await interop.isUsable(us, ldk, channelId)
  }
  return { interop, us, ldk, channelId, restart, folder, data }
}

/** The connection breaks at these messages, and our node is stopped then. */
const OUTGOING: readonly CutPoint[] = [
  { direction: 'out', type: 'update_add_htlc' },
  { direction: 'in', type: 'revoke_and_ack' },
  { direction: 'out', type: 'revoke_and_ack' },
  { direction: 'in', type: 'update_fulfill_htlc' },
  { direction: 'out', type: 'revoke_and_ack', nth: 2 },
]

const INCOMING: readonly CutPoint[] = [
  { direction: 'in', type: 'commitment_signed' },
  { direction: 'out', type: 'revoke_and_ack' },
  { direction: 'in', type: 'revoke_and_ack' },
  { direction: 'out', type: 'update_fulfill_htlc' },
  { direction: 'in', type: 'revoke_and_ack', nth: 2 },
]

for (const point of OUTGOING)
  test(`our node restarted when ${point.type} (${point.nth ?? 1}, ${point.direction}) of a payment to LDK was lost — it settles once`, async (t) => {
    const { interop, us, ldk, channelId, restart } = await onDisk(t)
    const cut = cutAt(ldk.nodeId, point)
    const invoice = ldk.createInvoice(AMOUNT)
    const asked = us.tryAsk('payments', 'payInvoice', { invoice })
    await cut
    await restart()
    // Whoever asked before the restart is told the outcome or that it is not known: never that the payment failed.
    const outcome = await asked
    if (!outcome.ok) t.is(outcome.error.code, 'outcome-unknown')
    const payment = async () => (await us.ask('payments', 'list', {})).items[0]
    await us.until(async () => (await payment())?.status === 'settled')
    t.is((await payment())?.invoice, invoice)
    t.is((await interop.settled(us, ldk, channelId)).oursMsat, 1_000_000_000n - PUSHED - AMOUNT)
    t.is((await us.ask('payments', 'list', {})).items.length, 1)
    t.like(await us.tryAsk('payments', 'payInvoice', { invoice }), { ok: false, error: { code: 'already-paid' } })
    t.is(us.payloads('payment.sent').length, 1)
    t.is((await us.pay(ldk.createInvoice(1_000_000n))).status, 'settled')
  })

for (const point of INCOMING)
  test(`our node restarted when ${point.type} (${point.nth ?? 1}, ${point.direction}) of a payment by LDK was lost — it settles once`, async (t) => {
    const { interop, us, ldk, channelId, restart } = await onDisk(t)
    const invoice = await us.invoice(AMOUNT)
    const cut = cutAt(ldk.nodeId, point)
    const paying = ldk.pay(invoice)
    await cut
    await restart()
    t.is((await paying).type, 'payment-sent')
    t.is((await interop.settled(us, ldk, channelId)).oursMsat, 1_000_000_000n - PUSHED + AMOUNT)
    await us.until(async () => us.payloads('payment.received').length > 0)
    t.is(us.payloads('payment.received').length, 1)
    t.like((await us.ask('invoices', 'list', {})).items[0], { status: 'paid', receivedMsat: AMOUNT })
    t.is((await ldk.pay(await us.invoice(1_000_000n))).type, 'payment-sent')
  })

test('our node restarted while LDK holds a payment of ours — it settles when LDK claims it, or fails when LDK fails it', async (t) => {
  const { interop, us, ldk, channelId, restart } = await onDisk(t)
  ldk.setAutoClaim(false)
  let ours = 1_000_000_000n - PUSHED
  for (const status of ['settled', 'failed'] as const) {
    const held = ldk.events.length
    const asked = us.tryAsk('payments', 'payInvoice', { invoice: ldk.createInvoice(AMOUNT) })
    await ldk.until('a held payment', () => ldk.events.slice(held).some(({ type }) => type === 'payment-claimable'))
    await restart()
    const outcome = await asked
    t.false(outcome.ok)
    t.is((await ourChannel(us, channelId)).htlcsInFlight, 1)
    if (status === 'settled') ldk.claimHeld()
    else ldk.failHeld()
    await us.until(async () => (await us.ask('payments', 'list', {})).items[0]?.status === status)
    if (status === 'settled') ours -= AMOUNT
    t.is((await interop.settled(us, ldk, channelId)).oursMsat, ours)
  }
})

test('our node restarted while it relays a payment from LDK to LDK — both channels settle once', async (t) => {
  const { interop, us, ldk: alice, channelId: incoming, restart } = await onDisk(t)
  const bob = await interop.ldk('bob')
  await interop.connect(us, bob)
  const outgoing = await interop.openToLdk(us, bob)
  const points: { peer: string; point: CutPoint }[] = [
    { peer: bob.nodeId, point: { direction: 'out', type: 'update_add_htlc' } },
    { peer: bob.nodeId, point: { direction: 'in', type: 'update_fulfill_htlc' } },
    { peer: alice.nodeId, point: { direction: 'out', type: 'update_fulfill_htlc' } },
  ]
  let [ours, theirs] = [1_000_000_000n - PUSHED, 0n]
  for (const { peer, point } of points) {
    const cut = cutAt(peer, point)
    const paying = alice.pay(bob.createInvoice(AMOUNT))
    await cut
    await restart()
    t.is((await paying).type, 'payment-sent', point.type)
    ours += AMOUNT + 1_000n + AMOUNT / 10_000n
    theirs += AMOUNT
    await interop.isUsable(us, bob, outgoing)
    t.is((await interop.settled(us, alice, incoming)).oursMsat, ours, point.type)
    t.is((await interop.settled(us, bob, outgoing)).theirsMsat, theirs, point.type)
  }
  await us.until(async () => us.payloads('payment.relayed').length === points.length)
})

test('our node started on an old copy of its database — it publishes nothing, says so, and LDK closes', async (t) => {
  const { interop, us, ldk, channelId, folder, data } = await onDisk(t)
  const copy = join(folder, 'copy')
  await us.stop()
  cpSync(data, copy, { recursive: true })
  await us.start()
  await interop.isUsable(us, ldk, channelId)
  for (let i = 0; i < 3; i++) t.is((await us.pay(ldk.createInvoice(AMOUNT))).status, 'settled')
  await interop.settled(us, ldk, channelId)
  await us.stop()
  rmSync(data, { recursive: true })
  cpSync(copy, data, { recursive: true })
  await us.start()
  // BOLT 2, channel_reestablish: our commitment is revoked, so to publish it would cost us everything.
  await us.until(async () => us.payloads('channel.errored').length > 0)
  t.is((await ourChannel(us, channelId)).state, 'closing')
  await ldk.until('the end of the channel', () => ldk.channels().length === 0)
  const [spend, ...others] = interop.world.chain.mempool
  t.deepEqual(others, [])
  // What LDK has in it is what the payments since the copy were worth, too.
  t.true(spend?.tx.outputs.some(({ amount }) => amount === (PUSHED + 3n * AMOUNT) / 1000n))
  await interop.mine(1)
  await us.until(async () => (await ourChannel(us, channelId)).closeKind === 'remote-force')
  t.deepEqual(
    us.payloads('channel.closing').filter(({ kind }) => kind === 'local-force'),
    [],
  )
})
