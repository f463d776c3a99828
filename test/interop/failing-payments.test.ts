import test from 'ava'
import { interopWorld, ldkChannel, ourChannel } from './support/interop-world.ts'
import { madeUpInvoice } from './support/made-up-invoice.ts'

const payee = async (t: Parameters<typeof interopWorld>[0]) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const log: string[] = []
  const ldk = await interop.ldk('ldk', (line) => void log.push(line))
  await interop.connect(us, ldk)
  const channelId = await interop.openToLdk(us, ldk, { pushMsat: 300_000_000n })
  const { shortChannelId = '' } = await ourChannel(us, channelId)
  /** What LDK reads in the failures that come back to it. */
  const read = (code: string): boolean => log.some((line) => line.includes('Onion Error') && line.includes(code))
  return { interop, us, ldk, channelId, shortChannelId, read }
}

test('a payment to LDK with a hash that it does not know — we read incorrect_or_unknown_payment_details', async (t) => {
  const { interop, us, ldk, channelId, shortChannelId } = await payee(t)
  const answer = await us.tryAsk('payments', 'sendToRoute', {
    paymentHash: '11'.repeat(32),
    paymentSecret: '22'.repeat(32),
    route: [{ nodeId: ldk.nodeId, shortChannelId, amountMsat: 10_000_000n, cltvExpiryDelta: 40 }],
  })
  t.like(answer, {
    ok: false,
    error: {
      code: 'payment-failed',
      details: { failure: { code: 'incorrect-or-unknown-payment-details', erringNode: ldk.nodeId } },
    },
  })
  t.is(us.payloads('payment.failed').length, 1)
  t.deepEqual(await interop.settled(us, ldk, channelId), { oursMsat: 700_000_000n, theirsMsat: 300_000_000n })
})

test('a payment that LDK fails by hand — we read why, and a new one goes through', async (t) => {
  const { interop, us, ldk, channelId } = await payee(t)
  ldk.setAutoClaim(false)
  const paying = us.tryAsk('payments', 'payInvoice', { invoice: ldk.createInvoice(5_000_000n) })
  await ldk.until('a held payment', () => ldk.events.at(-1)?.type === 'payment-claimable')
  t.is((await ourChannel(us, channelId)).htlcsInFlight, 1)
  ldk.failHeld()
  t.like(await paying, {
    ok: false,
    error: { code: 'payment-failed', details: { failure: { code: 'incorrect-or-unknown-payment-details' } } },
  })
  ldk.setAutoClaim(true)
  t.is((await us.pay(ldk.createInvoice(5_000_000n))).status, 'settled')
  t.is((await interop.settled(us, ldk, channelId)).oursMsat, 695_000_000n)
})

test('amounts above the balance, and expired or paid invoices, are refused before anything is sent', async (t) => {
  const { us, ldk, channelId } = await payee(t)
  const updates = ldkChannel(ldk, channelId)
  const tooMuch = await us.tryAsk('payments', 'payInvoice', { invoice: ldk.createInvoice(700_000_001n) })
  t.like(tooMuch, { ok: false, error: { code: 'insufficient-balance' } })
  // BOLT 2, channel_reserve_satoshis and fees: our whole balance is not ours to spend.
  const allOfIt = await us.tryAsk('payments', 'payInvoice', { invoice: ldk.createInvoice(700_000_000n) })
  t.like(allOfIt, { ok: false, error: { code: 'insufficient-balance' } })
  const expired = await us.tryAsk('payments', 'payInvoice', {
    invoice: madeUpInvoice({ amountMsat: 1_000n, ageSeconds: 3601 }),
  })
  t.like(expired, { ok: false, error: { code: 'invoice-expired' } })
  t.deepEqual(ldkChannel(ldk, channelId), updates)

  const invoice = ldk.createInvoice(1_000n)
  t.is((await us.pay(invoice)).status, 'settled')
  t.like(await us.tryAsk('payments', 'payInvoice', { invoice }), { ok: false, error: { code: 'already-paid' } })
  const ours = await us.invoice(1_000n)
  t.like(await us.tryAsk('payments', 'payInvoice', { invoice: ours }), { ok: false, error: { code: 'own-invoice' } })
})

test('the most that one HTLC can carry, as we say it — LDK takes it, and a millisatoshi more we refuse', async (t) => {
  const { us, ldk, channelId, interop } = await payee(t)
  const { spendableMsat } = await ourChannel(us, channelId)
  const more = await us.tryAsk('payments', 'payInvoice', { invoice: ldk.createInvoice(spendableMsat + 1n) })
  t.like(more, { ok: false, error: { code: 'insufficient-balance' } })
  const all = await us.pay(ldk.createInvoice(spendableMsat))
  t.is(all.status, 'settled')
  t.is((await interop.settled(us, ldk, channelId)).oursMsat, 700_000_000n - spendableMsat)
  // And back, as much as LDK has to give.
  t.is((await ldk.pay(await us.invoice(900_000_000n))).type, 'payment-sent')
})

test('LDK sends us a keysend — it reads that we asked for no such payment, and pays our invoices as before', async (t) => {
  const { interop, us, ldk, channelId, read } = await payee(t)
  t.like(await ldk.keysend(us.id, 10_000_000n), {
    type: 'payment-failed',
    reason: 'LDKPaymentFailureReason_RecipientRejected',
  })
  t.true(read('incorrect_or_unknown_payment_details'))
  t.is((await ldk.pay(await us.invoice(10_000_000n))).type, 'payment-sent')
  t.is((await interop.settled(us, ldk, channelId)).oursMsat, 710_000_000n)
})

test('LDK pays an invoice of ours twice — the second is refused, and LDK reads the failure', async (t) => {
  const { interop, us, ldk, channelId, read } = await payee(t)
  const other = await interop.ldk('other')
  await interop.connect(us, other)
  const otherChannel = await interop.openToLdk(us, other, { pushMsat: 300_000_000n })
  const invoice = await us.invoice(40_000_000n)
  t.is((await other.pay(invoice)).type, 'payment-sent')
  t.false(read('incorrect_or_unknown_payment_details'))
  t.like(await ldk.pay(invoice), { type: 'payment-failed', reason: 'LDKPaymentFailureReason_RecipientRejected' })
  t.true(read('incorrect_or_unknown_payment_details'))
  t.is((await interop.settled(us, ldk, channelId)).oursMsat, 700_000_000n)
  t.is((await interop.settled(us, other, otherChannel)).oursMsat, 740_000_000n)
  t.is(us.payloads('payment.received').length, 1)
})
