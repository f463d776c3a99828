import { sha256 } from '../../../core/src/crypto/hashes.ts'
import { toHex, utf8Encode } from '../../../core/src/lib/bytes.ts'
import type { Outcome } from '../drivers/driver.ts'
import { ours } from '../stage/stage.ts'
import { group } from './scenario.ts'

const OPENING = { capacitySat: 5_000_000n, pushMsat: 2_500_000_000n } as const
const AMOUNT = 2_000_000n

export const crowded = group('As many HTLCs as a channel takes', [
  {
    title:
      'the peer holds as many payments of ours as it takes, and is offered no more — half are claimed, half given back',
    role: 'we',
    needs: ['hold'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel(OPENING)
      const paying = []
      for (let i = 0; i < peer.mostHtlcs; i++) {
        const { bolt11, paymentHash } = await peer.createInvoice({ amountMsat: AMOUNT, hold: true })
        paying.push({ paymentHash, outcome: us.tryAsk('payments', 'payInvoice', { invoice: bolt11 }) })
      }
      for (const { paymentHash } of paying) await stage.until('it is held', () => peer.isHeld(paymentHash))
      t.is((await ours(us, channelId)).htlcsInFlight, peer.mostHtlcs)
      const more = await peer.createInvoice({ amountMsat: AMOUNT })
      t.false((await us.tryAsk('payments', 'payInvoice', { invoice: more.bolt11 })).ok)
      // The peer has room of its own.
      t.like(await peer.pay(await us.invoice(AMOUNT)), { ok: true })
      await Promise.all(
        paying.map(({ paymentHash }, i) => (i % 2 === 0 ? peer.settleHeld(paymentHash) : peer.failHeld(paymentHash))),
      )
      const outcomes = await Promise.all(paying.map(({ outcome }) => outcome))
      const claimed = outcomes.filter(({ ok }) => ok).length
      t.is(claimed, Math.ceil(peer.mostHtlcs / 2))
      t.is((await stage.settled(us, peer, channelId)).oursMsat, OPENING.pushMsat - BigInt(claimed - 1) * AMOUNT)
      t.is((await us.pay(more.bolt11)).status, 'settled')
    },
  },
  {
    title:
      'we hold hundreds of payments of the peer, or as many as it sends — half are claimed, half given back, over a new connection',
    role: 'peer',
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel(OPENING)
      const count = Math.min(peer.mostHtlcs, 300)
      const preimages = Array.from({ length: count }, (_, i) => sha256(utf8Encode(`${i} of ${us.id} in ${channelId}`)))
      const outcomes: Promise<Outcome>[] = []
      const early: Outcome[] = []
      for (const preimage of preimages) {
        const request = { paymentHash: toHex(sha256(preimage)), amountMsat: AMOUNT }
        const { invoice } = await us.ask('invoices', 'createHold', request)
        const outcome = peer.pay(invoice.invoice)
        outcomes.push(outcome)
        void outcome.then((each) => early.push(each))
      }
      await us.until(async () => us.payloads('invoice.held').length + early.length === count)
      t.deepEqual(early, [])
      await us.ask('peers', 'disconnect', { nodeId: peer.nodeId })
      await stage.until('the peer sees that we are gone', async () => !(await peer.isConnected(us.id)))
      await stage.connect(us, peer)
      await stage.isUsable(us, peer, channelId)
      await Promise.all(
        preimages.map((preimage, i) =>
          i % 2 === 0
            ? us.ask('invoices', 'settle', { preimage: toHex(preimage) })
            : us.ask('invoices', 'cancel', { paymentHash: toHex(sha256(preimage)) }),
        ),
      )
      const claimed = (await Promise.all(outcomes)).filter(({ ok }) => ok).length
      t.is(claimed, Math.ceil(count / 2))
      t.is((await stage.settled(us, peer, channelId)).oursMsat, OPENING.pushMsat + BigInt(claimed) * AMOUNT)
    },
  },
])
