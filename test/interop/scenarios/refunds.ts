import { group } from './scenario.ts'

const AMOUNT = 6_000_000n

export const refunds = group('Refunds', [
  {
    title: 'we fetch a refund of the peer — it pays us, to the millisatoshi, and nobody a second time',
    role: 'we',
    needs: ['refunds'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: 300_000_000n })
      const refund = await peer.createRefund(AMOUNT)
      t.like(await us.ask('refunds', 'decode', { refund }), { refund: { amountMsat: AMOUNT, own: false } })
      const { invoice } = await us.ask('refunds', 'claim', { refund })
      await us.until(async () => us.payloads('payment.received').length === 1)
      const { paymentHash } = invoice
      t.like(us.payloads('payment.received'), [{ amountMsat: String(AMOUNT), paymentHash }])
      // It says no, or nothing.
      await us.tryAsk('refunds', 'claim', { refund }, 'again')
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 700_000_000n + AMOUNT)
      t.is(us.payloads('payment.received').length, 1)
    },
  },
  {
    title: 'the peer fetches a refund of ours — we pay it once, and none that we have taken back',
    role: 'peer',
    needs: ['refunds'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: 300_000_000n })
      const create = async () =>
        (await us.ask('refunds', 'create', { amountMsat: AMOUNT, description: 'a broken cup' })).refund
      const [paid, taken] = [await create(), await create()]
      await us.ask('refunds', 'cancel', { refundId: taken.refundId })
      const paymentHash = await peer.claimRefund(paid.refund)
      const { refundId } = paid
      await us.until(async () => (await us.ask('refunds', 'get', { refundId })).refund.status === 'paid')
      t.like(await us.ask('refunds', 'get', { refundId }), { refund: { status: 'paid', paymentHash } })
      // Where it waits to be paid, it reads that it is not.
      for (const { refund } of [paid, taken]) await peer.claimRefund(refund).catch(() => undefined)
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 700_000_000n - AMOUNT)
      t.is(us.payloads('payment.sent').length, 1)
      t.like(await us.ask('refunds', 'get', { refundId: taken.refundId }), { refund: { status: 'cancelled' } })
      const received = (await peer.received()).filter((each) => each.paymentHash === paymentHash)
      t.deepEqual(received, [{ paymentHash, amountMsat: AMOUNT }])
    },
  },
])
