import { ours } from '../stage/stage.ts'
import { throughThePeer } from './relay-cast.ts'
import { group } from './scenario.ts'

export const overThePeer = group('Over the peer', [
  {
    title:
      'we pay an offer of a node behind the peer, again and again — it passes on the messages and the payments of blinded paths',
    role: 'peer',
    needs: ['relays-messages'],
    async run(stage) {
      const { t } = stage
      const { us, them, peer, first, second } = await throughThePeer(stage)
      const { offer } = await them.ask('offers', 'create', { amountMsat: 9_000_000n, description: 'tea' })
      t.true((await us.ask('offers', 'decode', { offer: offer.offer })).offer.paths > 0)
      let fees = 0n
      for (let i = 1; i <= 3; i++) {
        const { payment } = await us.ask('offers', 'pay', { offer: offer.offer })
        t.like(payment, { status: 'settled', amountMsat: 9_000_000n })
        fees += payment.feesMsat
        await them.until(async () => them.payloads('payment.received').length === i)
      }
      t.is((await stage.settled(us, peer, first)).oursMsat, 1_000_000_000n - 27_000_000n - fees)
      t.is((await stage.settled(them, peer, second)).oursMsat, 27_000_000n)
    },
  },
  {
    title: 'we pay an offer of a node behind the peer that is away — no invoice comes, and it is paid later',
    role: 'peer',
    needs: ['relays-messages'],
    async run(stage) {
      const { t } = stage
      const { us, them, peer, second } = await throughThePeer(stage)
      const { offer } = await them.ask('offers', 'create', { amountMsat: 9_000_000n, description: 'tea' })
      await them.ask('peers', 'disconnect', { nodeId: peer.nodeId })
      await them.until(async () => (await ours(them, second)).state === 'offline')
      t.like(await us.tryAsk('offers', 'pay', { offer: offer.offer }), { error: { code: 'issuer-not-answering' } })
      await stage.connect(them, peer)
      await stage.isUsable(them, peer, second)
      t.like(await us.ask('offers', 'pay', { offer: offer.offer }), { payment: { status: 'settled' } })
      t.is((await stage.settled(them, peer, second)).oursMsat, 9_000_000n)
    },
  },
])
