import { ours, type Stage } from '../stage/stage.ts'
import { group } from './scenario.ts'

export const paying = group('Payments', [
  {
    title: 'both sides pay by BOLT 11 invoices, one after the other — to the millisatoshi',
    role: 'both',
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: 300_000_000n })
      const before = (await peer.received()).length
      let balance = 700_000_000n
      for (let i = 0n; i < 20n; i++) {
        // Some of these are dust and in no output, some are not.
        const amount = 1_234_567n * (i % 5n) + i + 1n
        const { bolt11 } = await peer.createInvoice({ amountMsat: amount })
        t.like(await us.pay(bolt11), { status: 'settled', amountMsat: amount, feesMsat: 0n })
        balance -= amount
        const back = 777_777n * (i % 4n) + 2n * i + peer.leastHtlcMsat
        const invoice = await us.invoice(back)
        t.like(await peer.pay(invoice), { ok: true, feeMsat: 0n }, invoice)
        balance += back
      }
      t.deepEqual(await stage.settled(us, peer, channelId), {
        oursMsat: balance,
        theirsMsat: 1_000_000_000n - balance,
      })
      t.is(us.payloads('payment.sent').length, 20)
      t.is(us.payloads('payment.received').length, 20)
      t.is((await peer.received()).length - before, 20)
    },
  },
  {
    title: 'payments cross in both directions at once — each arrives once',
    role: 'both',
    needs: ['push'],
    async run(stage) {
      const { t } = stage
      const options = { opener: 'peer', capacitySat: 5_000_000n, pushMsat: 2_000_000_000n } as const
      const { us, peer, channelId } = await stage.channel(options)
      const amounts = Array.from({ length: 25 }, (_, i) => 1_000_003n * BigInt(i + 1))
      const total = amounts.reduce((sum, amount) => sum + amount, 0n)
      const [theirInvoices, ourInvoices] = await Promise.all([
        Promise.all(amounts.map((amountMsat) => peer.createInvoice({ amountMsat }))),
        Promise.all(amounts.map((amount) => us.invoice(amount - 1n))),
      ])
      const [sent, received] = await Promise.all([
        Promise.all(theirInvoices.map(({ bolt11 }) => us.pay(bolt11))),
        Promise.all(ourInvoices.map((invoice) => peer.pay(invoice))),
      ])
      t.deepEqual(
        sent.map(({ status, amountMsat }) => [status, amountMsat]),
        amounts.map((amount) => ['settled', amount]),
      )
      t.deepEqual(
        received.filter(({ ok }) => !ok),
        [],
      )
      // What came in is one millisatoshi less for each payment.
      const balance = 2_000_000_000n - total + total - BigInt(amounts.length)
      t.deepEqual(await stage.settled(us, peer, channelId), {
        oursMsat: balance,
        theirsMsat: 5_000_000_000n - balance,
      })
      await us.until(async () => us.payloads('payment.received').length === amounts.length)
      const receivedMsat = us.payloads('payment.received').map(({ amountMsat }) => BigInt(amountMsat as string))
      t.deepEqual(
        receivedMsat.sort((a, b) => (a < b ? -1 : 1)),
        amounts.map((amount) => amount - 1n),
      )
      const hashes = new Map((await peer.received()).map(({ paymentHash, amountMsat }) => [paymentHash, amountMsat]))
      t.deepEqual(
        theirInvoices.map(({ paymentHash }) => hashes.get(paymentHash)),
        amounts,
      )
    },
  },
  {
    title: 'an invoice without an amount — the payer says how much, on either side',
    role: 'both',
    needs: ['any-amount'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: 300_000_000n })
      const { bolt11 } = await peer.createInvoice({})
      const { payment } = await us.ask('payments', 'payInvoice', { invoice: bolt11, amountMsat: 7_777n })
      t.is(payment.status, 'settled')
      const { invoice } = await us.ask('invoices', 'create', { description: 'as you like' })
      t.like(await peer.pay(invoice.invoice, { amountMsat: 55_555n }), { ok: true })
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 700_000_000n - 7_777n + 55_555n)
      const { paymentHash } = invoice
      t.is((await us.ask('invoices', 'get', { paymentHash })).invoice.receivedMsat, 55_555n)
    },
  },
  {
    title: 'the peer splits a payment over two channels — both parts are taken as one',
    role: 'peer',
    needs: ['multi-part'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId: first } = await stage.channel({ opener: 'peer' })
      const channels = [first, await stage.openFrom(peer, us)]
      t.like(await peer.pay(await us.invoice(1_500_000_000n), { split: true }), { ok: true })
      await us.until(async () => us.payloads('payment.received').length === 1)
      const [received] = us.payloads('payment.received')
      t.is(received?.amountMsat, '1500000000')
      t.true(Array.isArray(received?.parts) && received.parts.length >= 2)
      let balance = 0n
      for (const channelId of channels) balance += (await stage.settled(us, peer, channelId)).oursMsat
      t.is(balance, 1_500_000_000n)
      t.is((await ours(us, first)).htlcsInFlight, 0)
    },
  },
  ...(['us', 'peer'] as const).map((opener) => ({
    title: `eight tenths of a channel in one payment, to and fro, where ${opener === 'us' ? 'we' : 'the peer'} opened it — each settles`,
    role: 'both' as const,
    needs: opener === 'peer' ? (['push'] as const) : [],
    async run(stage: Stage) {
      const { t } = stage
      // A tenth stays on either side: of it come the reserve, and the fees of the opener's commitments.
      const { us, peer, channelId } = await stage.channel({ opener, pushMsat: 100_000_000n })
      const amountMsat = 800_000_000n
      const pay = async () => t.is((await us.pay((await peer.createInvoice({ amountMsat })).bolt11)).status, 'settled')
      const bePaid = async () => t.like(await peer.pay(await us.invoice(amountMsat)), { ok: true })
      const [there, back] = opener === 'us' ? [pay, bePaid] : [bePaid, pay]
      for (let i = 0; i < 3; i++) {
        await there()
        // What has just come in can be sent when the commitments of both sides have it.
        await stage.settled(us, peer, channelId)
        await back()
        await stage.settled(us, peer, channelId)
      }
      const { oursMsat } = await stage.settled(us, peer, channelId)
      t.is(oursMsat, opener === 'us' ? 900_000_000n : 100_000_000n)
    },
  })),
  {
    title: 'we split a payment over two channels — the peer takes both parts as one',
    role: 'we',
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId: first } = await stage.channel({})
      const channels = [first, await stage.openTo(peer, us)]
      const { bolt11, paymentHash } = await peer.createInvoice({ amountMsat: 1_500_000_000n })
      const payment = await us.pay(bolt11)
      t.is(payment.status, 'settled')
      t.is(payment.parts.length, 2)
      let balance = 0n
      for (const channelId of channels) balance += (await stage.settled(us, peer, channelId)).oursMsat
      t.is(balance, 500_000_000n)
      t.deepEqual(
        (await peer.received()).filter((each) => each.paymentHash === paymentHash),
        [{ paymentHash, amountMsat: 1_500_000_000n }],
      )
    },
  },
  ...(['amp', 'blinded'] as const).map((kind) => ({
    title: `an invoice of a kind that we cannot pay (${kind}) — we say so, and send nothing`,
    role: 'we' as const,
    needs: [`${kind}-invoice` as const],
    async run(stage: Stage) {
      const { t } = stage
      const { us, peer } = await stage.channel({})
      const { bolt11 } = await peer.createInvoice({ amountMsat: 5_000_000n, kind })
      const answer = await us.tryAsk('payments', 'payInvoice', { invoice: bolt11 })
      t.like(answer, { ok: false, error: { code: 'invoice-unsupported' } })
      t.deepEqual(us.payloads('payment.failed'), [])
    },
  })),
])
