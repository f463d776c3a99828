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
])
