import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { sha256 } from '../../core/src/crypto/hashes.ts'
import { toHex, utf8Encode } from '../../core/src/lib/bytes.ts'
import { type TestNode, World } from './support/world.ts'

const preimage = sha256(utf8Encode('told later'))
const paymentHash = toHex(sha256(preimage))

/** Alice pays an invoice of bob's, which holds the payment. */
const heldByBob = async (t: ExecutionContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-hold-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const bob = await world.node('bob', { path: join(folder, 'bob.sqlite') })
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 1_000_000n)
  const { invoice } = await bob.ask('invoices', 'createHold', { paymentHash, amountMsat: 100_000_000n })
  t.like(invoice, { status: 'open', hold: true, paymentHash })
  const outcome = alice.tryAsk('payments', 'payInvoice', { invoice: invoice.invoice })
  await bob.until(async () => bob.payloads('invoice.held').length === 1)
  return { world, alice, bob, channelId, outcome }
}

const invoiceOf = async (node: TestNode) => (await node.ask('invoices', 'get', { paymentHash })).invoice

test('a payment is held over a restart, listed as held, and claimed with its preimage', async (t) => {
  const { alice, bob, channelId, outcome } = await heldByBob(t)
  t.like(bob.payloads('invoice.held'), [{ paymentHash, amountMsat: '100000000' }])
  t.like(await invoiceOf(bob), { status: 'held', preimage: undefined })
  t.is((await bob.ask('invoices', 'list', { status: 'held' })).items.length, 1)
  t.like(await bob.tryAsk('invoices', 'createHold', { paymentHash }), { error: { code: 'payment-hash-used' } })
  await bob.stop()
  await bob.start()
  await alice.connectTo(bob)
  await alice.until(async () => alice.isUsable(channelId))
  t.like(await bob.tryAsk('invoices', 'settle', { preimage: '11'.repeat(32) }), {
    error: { code: 'invoice-not-found' },
  })
  const { invoice } = await bob.ask('invoices', 'settle', { preimage: toHex(preimage) })
  t.like(invoice, { status: 'paid', preimage: toHex(preimage), receivedMsat: 100_000_000n })
  t.like(await outcome, { ok: true, value: { payment: { status: 'settled', preimage: toHex(preimage) } } })
  t.like(bob.payloads('payment.received'), [{ paymentHash, amountMsat: '100000000' }])
  t.like(await bob.tryAsk('invoices', 'cancel', { paymentHash }), { error: { code: 'invoice-paid' } })
  await bob.until(async () => (await bob.ask('channels', 'get', { channelId })).channel.localMsat === 100_000_000n)
})

test('a payment that nobody decides about is given back before its channel is in danger, which goes on', async (t) => {
  const { world, alice, bob, channelId, outcome } = await heldByBob(t)
  const { givenBackAt = 0 } = await invoiceOf(bob)
  const { blockHeight } = await bob.ask('node', 'getInfo', {})
  t.true(givenBackAt - blockHeight >= 120, `${givenBackAt} at ${blockHeight}`)
  await world.mine(givenBackAt - blockHeight - 1)
  t.is((await invoiceOf(bob)).status, 'held')
  await world.mine(1)
  t.like(await outcome, { ok: false, error: { code: 'payment-failed' } })
  t.like(bob.payloads('invoice.cancelled'), [{ paymentHash, reason: 'deadline' }])
  t.is((await invoiceOf(bob)).status, 'expired')
  t.like(await bob.tryAsk('invoices', 'settle', { preimage: toHex(preimage) }), { error: { code: 'invoice-not-held' } })
  t.is((await bob.ask('channels', 'get', { channelId })).channel.state, 'usable')
  t.is((await alice.pay(await bob.invoice(1_000_000n))).status, 'settled')
})

test('invoices.cancel — gives back what is held, and ends an invoice that nobody has paid', async (t) => {
  const { alice, bob, outcome } = await heldByBob(t)
  const { invoice } = await bob.ask('invoices', 'cancel', { paymentHash })
  t.is(invoice.status, 'expired')
  t.like(await outcome, { ok: false, error: { code: 'payment-failed' } })
  const unpaid = await bob.ask('invoices', 'create', { amountMsat: 1_000n })
  await bob.ask('invoices', 'cancel', { paymentHash: unpaid.invoice.paymentHash })
  t.like(await alice.tryAsk('payments', 'payInvoice', { invoice: unpaid.invoice.invoice }), {
    ok: false,
    error: { code: 'payment-failed' },
  })
  t.is(bob.payloads('invoice.cancelled').length, 2)
})
