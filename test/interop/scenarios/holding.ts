import { sha256 } from '../../../core/src/crypto/hashes.ts'
import { toHex, utf8Encode } from '../../../core/src/lib/bytes.ts'
import { group } from './scenario.ts'

const PUSHED = 300_000_000n

export const holding = group('Payments that we hold', [
  {
    title:
      'the peer pays two invoices whose payments we hold — it waits, over a new connection, and one is claimed and one given back',
    role: 'peer',
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ opener: 'peer', pushMsat: PUSHED })
      const preimages = ['claimed', 'given back'].map((fate) =>
        sha256(utf8Encode(`${fate} by ${us.id} of ${channelId}`)),
      )
      const hashes = preimages.map((preimage) => toHex(sha256(preimage)))
      const outcomes = await Promise.all(
        hashes.map(async (paymentHash) => {
          const { invoice } = await us.ask('invoices', 'createHold', { paymentHash, amountMsat: 20_000_000n })
          // Wrapped: a promise inside a promise would be waited for here.
          return { outcome: peer.pay(invoice.invoice) }
        }),
      )
      await us.until(async () => us.payloads('invoice.held').length === 2)
      await us.ask('peers', 'disconnect', { nodeId: peer.nodeId })
      await stage.until('the peer sees that we are gone', async () => !(await peer.isConnected(us.id)))
      await stage.connect(us, peer)
      await stage.isUsable(us, peer, channelId)
      await us.ask('invoices', 'settle', { preimage: toHex(preimages[0] as Uint8Array) })
      await us.ask('invoices', 'cancel', { paymentHash: hashes[1] as string })
      const [claimed, back] = await Promise.all(outcomes.map(({ outcome }) => outcome))
      t.like(claimed, { ok: true })
      t.false(back?.ok)
      if (stage.can('failure-names')) t.like(back, { failures: ['incorrect_or_unknown_payment_details'] })
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 320_000_000n)
    },
  },
])
