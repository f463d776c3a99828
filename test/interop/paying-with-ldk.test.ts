import test from 'ava'
import { interopWorld, ldkChannel, ourChannel } from './support/interop-world.ts'

test('we pay LDK and LDK pays us by BOLT 11 invoices — one after the other, to the millisatoshi', async (t) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  const channelId = await interop.openToLdk(us, ldk, { pushMsat: 300_000_000n })

  let ours = 700_000_000n
  for (let i = 0n; i < 20n; i++) {
    // Some of these are dust and in no output, some are not.
    const amount = 1_234_567n * (i % 5n) + i + 1n
    const sent = await us.pay(ldk.createInvoice(amount))
    t.is(sent.status, 'settled')
    t.is(sent.amountMsat, amount)
    t.is(sent.feesMsat, 0n)
    ours -= amount
    const back = 777_777n * (i % 4n) + 2n * i + 1n
    const invoice = await us.invoice(back)
    const paid = await ldk.pay(invoice)
    t.is(paid.type, 'payment-sent', invoice)
    t.is(paid.type === 'payment-sent' ? paid.feeMsat : undefined, 0n)
    ours += back
  }
  t.deepEqual(await interop.settled(us, ldk, channelId), { oursMsat: ours, theirsMsat: 1_000_000_000n - ours })
  t.is(ldkChannel(ldk, channelId).localMsat, 1_000_000_000n - ours)
  t.is(us.payloads('payment.sent').length, 20)
  t.is(us.payloads('payment.received').length, 20)
  t.is(ldk.events.filter(({ type }) => type === 'payment-claimed').length, 20)
})

test('payments with LDK cross in both directions at once — each arrives once', async (t) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  const channelId = await interop.openToUs(ldk, us, { capacitySat: 5_000_000n, pushMsat: 2_000_000_000n })

  const amounts = Array.from({ length: 40 }, (_, i) => 1_000_003n * BigInt(i + 1))
  const total = amounts.reduce((sum, amount) => sum + amount, 0n)
  const invoices = await Promise.all(amounts.map((amount) => us.invoice(amount - 1n)))
  const [sent, received] = await Promise.all([
    Promise.all(amounts.map((amount) => us.pay(ldk.createInvoice(amount)))),
    Promise.all(invoices.map((invoice) => ldk.pay(invoice))),
  ])
  t.true(sent.every(({ status }) => status === 'settled'))
  t.deepEqual(
    sent.map(({ amountMsat }) => amountMsat),
    amounts,
  )
  t.true(received.every(({ type }) => type === 'payment-sent'))
  // What came in is one millisatoshi less for each payment.
  const ours = 2_000_000_000n - total + total - BigInt(amounts.length)
  t.deepEqual(await interop.settled(us, ldk, channelId), { oursMsat: ours, theirsMsat: 5_000_000_000n - ours })
  await us.until(async () => us.payloads('payment.received').length === amounts.length)
  t.deepEqual(
    new Set(us.payloads('payment.received').map(({ amountMsat }) => BigInt(amountMsat as string))),
    new Set(amounts.map((amount) => amount - 1n)),
  )
  t.deepEqual(
    new Set(ldk.events.flatMap((event) => (event.type === 'payment-claimed' ? [event.amountMsat] : []))),
    new Set(amounts),
  )
})

test('an invoice without an amount — the payer says how much, on either side', async (t) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  const channelId = await interop.openToLdk(us, ldk, { pushMsat: 300_000_000n })
  const { payment } = await us.ask('payments', 'payInvoice', {
    invoice: ldk.createInvoice(undefined),
    amountMsat: 7_777n,
  })
  t.is(payment.status, 'settled')
  const { invoice } = await us.ask('invoices', 'create', { description: 'as you like' })
  t.is((await ldk.pay(invoice.invoice, 55_555n)).type, 'payment-sent')
  const { oursMsat } = await interop.settled(us, ldk, channelId)
  t.is(oursMsat, 700_000_000n - 7_777n + 55_555n)
  t.is((await us.ask('invoices', 'get', { paymentHash: invoice.paymentHash })).invoice.receivedMsat, 55_555n)
})

test('LDK splits a payment over two channels — both parts are taken as one', async (t) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  const channels = [await interop.openToUs(ldk, us), await interop.openToUs(ldk, us)]
  const paid = await ldk.pay(await us.invoice(1_500_000_000n))
  t.is(paid.type, 'payment-sent')
  await us.until(async () => us.payloads('payment.received').length === 1)
  const [received] = us.payloads('payment.received')
  t.is(received?.amountMsat, '1500000000')
  t.is((received?.parts as unknown[] | undefined)?.length, 2)
  let ours = 0n
  for (const channelId of channels) ours += (await interop.settled(us, ldk, channelId)).oursMsat
  t.is(ours, 1_500_000_000n)
  t.is((await ourChannel(us, channels[0] as string)).htlcsInFlight, 0)
})
