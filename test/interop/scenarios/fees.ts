import { ours, theirs } from '../stage/stage.ts'
import { group } from './scenario.ts'

export const fees = group('Fee rates', [
  {
    title: 'the peer, the funder, changes the fee rate up and down — payments go on in both directions',
    role: 'peer',
    needs: ['commitment-feerate', 'push'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ opener: 'peer', pushMsat: 400_000_000n })
      const receivable = async () => (await ours(us, channelId)).receivableMsat
      let before = await receivable()
      for (const feerate of [1_000, 2_500, 600]) {
        const previous = (await theirs(peer, channelId)).feeratePerKw ?? 0
        // In the same breath as a payment, so that both are in one commitment.
        const paying = peer.pay(await us.invoice(1_000_000n))
        await peer.setFeerate(feerate)
        t.like(await paying, { ok: true })
        await stage.until('the new fee rate', async () => (await theirs(peer, channelId)).feeratePerKw === feerate)
        await stage.settled(us, peer, channelId)
        // What the peer can send us depends on the fee of our commitments: we have seen the change.
        await us.until(async () => {
          const now = await receivable()
          return feerate > previous ? now < before - 1_000_000n : now > before - 1_000_000n
        })
        const { bolt11 } = await peer.createInvoice({ amountMsat: 3_000_000n })
        t.is((await us.pay(bolt11)).status, 'settled')
        await stage.settled(us, peer, channelId)
        before = await receivable()
      }
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 400_000_000n + 3_000_000n - 9_000_000n)
      t.deepEqual(us.payloads('channel.errored'), [])
    },
  },
  {
    title: 'we, the funder, follow the chain’s fee rate — the peer takes it, and payments go on in both directions',
    role: 'we',
    async run(stage) {
      const { t } = stage
      let feerateOfChain = 253
      const { us, peer, channelId } = await stage.channel({
        pushMsat: 400_000_000n,
        node: { backend: (backend) => ({ ...backend, estimateFeerate: () => feerateOfChain }) },
      })
      const pay = async (amountMsat: bigint) => us.pay((await peer.createInvoice({ amountMsat })).bolt11)
      t.is((await theirs(peer, channelId)).feeratePerKw, 253)
      for (const feerate of [1_000, 2_400, 500]) {
        feerateOfChain = feerate
        // The peer sees the same chain: some take no HTLC where the fee is far above what they find right.
        if (stage.can('fee-estimates')) await peer.setFeerate(feerate)
        const paying = pay(5_000_000n)
        await stage.mine(1)
        t.is((await paying).status, 'settled')
        await stage.until('the new fee rate', async () => (await theirs(peer, channelId)).feeratePerKw === feerate)
        t.like(await peer.pay(await us.invoice(2_000_000n)), { ok: true })
      }
      // Near enough to what it is: nothing is changed.
      feerateOfChain = 590
      await stage.mine(1)
      t.is((await pay(1_000_000n)).status, 'settled')
      t.is((await theirs(peer, channelId)).feeratePerKw, 500)
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 600_000_000n - 15_000_000n + 6_000_000n - 1_000_000n)
      t.deepEqual(us.payloads('channel.errored'), [])
      if (stage.can('fee-estimates')) await peer.setFeerate(253)
    },
  },
])
