import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { sha256 } from '../../core/src/crypto/hashes.ts'
import { toHex, utf8Encode } from '../../core/src/lib/bytes.ts'
import { type TestNode, World } from './support/world.ts'

/** Channels from alice to bob and from bob to carol; alice and bob keep theirs on the disk. */
const chain = async (t: ExecutionContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-hold-times-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice', { path: join(folder, 'alice.sqlite') })
  const bob = await world.node('bob', { path: join(folder, 'bob.sqlite') })
  const time = { aheadMs: 0 }
  const carol = await world.node('carol', { monotonic: () => performance.now() + time.aheadMs })
  for (const node of [alice, bob]) await node.faucet(10_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  const first = await alice.openTo(bob, 1_000_000n)
  const second = await bob.openTo(carol, 1_000_000n)
  return { alice, bob, carol, first, second, time }
}

/** What each node of the only part says, in tenths of a second. */
const holdTimes = (t: ExecutionContext, payment: Awaited<ReturnType<TestNode['pay']>> | undefined) => {
  const [part, ...others] = payment?.parts ?? []
  t.is(others.length, 0)
  return part?.holdTimesMs?.map((ms) => ms / 100)
}

test('hold times — the payer learns for how long each node held a payment, whether it arrives or fails', async (t) => {
  const { alice, carol } = await chain(t)
  const paid = holdTimes(t, await alice.pay(await carol.invoice(50_000_000n)))
  t.is(paid?.length, 2)
  t.true(paid?.every(Number.isSafeInteger))
  const [told] = alice.payloads('payment.sent') as { parts: { holdTimesMs?: number[] }[] }[]
  t.is(told?.parts[0]?.holdTimesMs?.length, 2)

  const invoice = await carol.invoice(10_000_000n)
  const invoices = await carol.ask('invoices', 'list', { status: 'open' })
  await carol.ask('invoices', 'cancel', { paymentHash: invoices.items[0]?.paymentHash ?? '' })
  t.like(await alice.tryAsk('payments', 'payInvoice', { invoice }), { ok: false, error: { code: 'payment-failed' } })
  const { items } = await alice.ask('payments', 'list', { status: 'failed' })
  t.is(holdTimes(t, items[0])?.length, 2)
  t.is(items[0]?.failure?.erringNode, carol.id)
})

test('hold times — over a restart of payer and relay, the relay says that it does not know, and the payee what it knows', async (t) => {
  const { alice, bob, carol, first, second, time } = await chain(t)
  const preimage = sha256(utf8Encode('told later'))
  const paymentHash = toHex(sha256(preimage))
  const { invoice } = await carol.ask('invoices', 'createHold', { paymentHash, amountMsat: 50_000_000n })
  void alice.tryAsk('payments', 'payInvoice', { invoice: invoice.invoice })
  await carol.until(async () => carol.payloads('invoice.held').length === 1)
  for (const node of [alice, bob]) {
    await node.stop()
    await node.start()
  }
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  await alice.until(async () => alice.isUsable(first))
  await bob.until(async () => bob.isUsable(second))
  time.aheadMs = 5_000
  await carol.ask('invoices', 'settle', { preimage: toHex(preimage) })
  const payment = async () => (await alice.ask('payments', 'get', { paymentHash })).payment
  await alice.until(async () => (await payment()).status === 'settled')
  const [relay, payee = 0] = holdTimes(t, await payment()) ?? []
  t.is(relay, 0)
  t.true(payee >= 50)
})
