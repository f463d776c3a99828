import { group } from './scenario.ts'

export const offers = group('Offers', [
  {
    title: 'we pay an offer of the peer, again and again — each time by an invoice of its own, and can show it',
    role: 'we',
    needs: ['offers'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: 300_000_000n })
      const offer = await peer.createOffer(5_000_000n)
      const hashes = new Set<string>()
      for (let i = 0; i < 2; i++) {
        const { payment } = await us.ask('offers', 'pay', { offer, amountMsat: 5_000_000n })
        t.like(payment, { status: 'settled', amountMsat: 5_000_000n, invoice: offer })
        hashes.add(payment.paymentHash)
        const proof = await us.ask('offers', 'proof', { paymentHash: payment.paymentHash })
        t.is(proof.preimage, payment.preimage)
        t.is(proof.offer, offer)
      }
      t.is(hashes.size, 2)
      t.is((await stage.settled(us, peer, channelId)).theirsMsat, 300_000_000n + 10_000_000n)
    },
  },
  {
    title: 'the peer pays an offer of ours, again and again — what comes is told with the offer',
    role: 'peer',
    needs: ['offers', 'push'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ opener: 'peer' })
      const { offer } = await us.ask('offers', 'create', { amountMsat: 7_000_000n, description: 'tea' })
      for (let i = 1; i <= 2; i++) {
        const outcome = await peer.payOffer(offer.offer, 7_000_000n)
        t.like(
          outcome,
          { ok: true },
          JSON.stringify(outcome, (_, value) => String(value)),
        )
        await us.until(async () => us.payloads('payment.received').length === i)
      }
      for (const received of us.payloads('payment.received')) {
        t.like(received, { amountMsat: '7000000', offerId: offer.offerId })
      }
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 14_000_000n)
      await us.ask('offers', 'disable', { offerId: offer.offerId })
      t.like(await us.ask('offers', 'get', { offerId: offer.offerId }), { offer: { status: 'disabled' } })
    },
  },
  {
    title: 'the peer fetches a refund of ours — it is paid once, and the refund tells it',
    role: 'we',
    needs: ['fetches-refunds'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: 300_000_000n })
      const { refund } = await us.ask('refunds', 'create', { amountMsat: 6_000_000n, description: 'two cups' })
      await peer.claimRefund(refund.refund)
      const told = async () => (await us.ask('refunds', 'get', { refundId: refund.refundId })).refund
      await us.until(async () => (await told()).status === 'paid')
      const { paymentHash } = await told()
      t.is((await stage.settled(us, peer, channelId)).theirsMsat, 300_000_000n + 6_000_000n)
      t.like(
        (await peer.received()).filter((received) => received.paymentHash === paymentHash),
        [{ amountMsat: 6_000_000n }],
      )
      // Whoever comes second gets nothing: some wait for an answer, and others are told.
      await peer.claimRefund(refund.refund).catch(() => undefined)
      t.is((await us.ask('payments', 'list', {})).items.length, 1)
      t.is((await stage.settled(us, peer, channelId)).theirsMsat, 300_000_000n + 6_000_000n)
    },
  },
  {
    title: 'we fetch refunds of the peer, one after the other — each is paid',
    role: 'peer',
    needs: ['refunds', 'push'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ opener: 'peer' })
      const texts = [await peer.createRefund(9_000_000n), await peer.createRefund(4_000_000n)]
      for (const [i, text] of texts.entries()) {
        const { refund } = await us.ask('refunds', 'decode', { refund: text })
        t.is(refund.amountMsat, i === 0 ? 9_000_000n : 4_000_000n)
        await us.ask('refunds', 'claim', { refund: text })
        await us.until(async () => us.payloads('payment.received').length === i + 1)
      }
      t.deepEqual(
        us.payloads('payment.received').map(({ amountMsat }) => amountMsat),
        ['9000000', '4000000'],
      )
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 13_000_000n)
    },
  },
])
