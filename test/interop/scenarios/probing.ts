import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { type OurNode, ours } from '../stage/stage.ts'
import { throughThePeer } from './relay-cast.ts'
import { group } from './scenario.ts'

const PUSHED = 300_000_000n

/** Nothing of probes is a payment. */
const paidNothing = async (us: OurNode) => ({
  sent: (await us.ask('payments', 'list', {})).items.length,
  failed: us.payloads('payment.failed').length,
  out: (await us.ask('router', 'probes', {})).items.length,
})

const NOTHING = { sent: 0, failed: 0, out: 0 }

const outcomesOf = ({ probe }: ReplyOf<'router', 'probe'>) =>
  probe.parts.map(({ hops }) => hops.map(({ outcome }) => outcome))

export const probing = group('Probes', [
  {
    title: 'we probe the peer, in one part and in two — it is reached, nothing is paid, and a payment goes after them',
    role: 'we',
    needs: ['push'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: PUSHED })
      await stage.openTo(peer, us)
      const one = await us.ask('router', 'probe', { nodeId: peer.nodeId, amountMsat: 50_000_000n })
      t.like(one.probe, { reached: true, feesMsat: 0n, amountMsat: 50_000_000n })
      t.deepEqual(outcomesOf(one), [['carried']])
      const two = await us.ask('router', 'probe', { nodeId: peer.nodeId, amountMsat: 1_200_000_000n, maxParts: 4 })
      t.true(two.probe.reached)
      t.true(two.probe.parts.length >= 2)
      t.deepEqual(await paidNothing(us), NOTHING)
      t.is((await stage.settled(us, peer, channelId)).theirsMsat, PUSHED)
      t.is((await us.pay((await peer.createInvoice({ amountMsat: 30_000_000n })).bolt11)).status, 'settled')
    },
  },
  {
    title: 'we probe beyond the peer, what fits and what does not — we learn how far each came, and why no further',
    role: 'peer',
    async run(stage) {
      const { t } = stage
      const { us, them, peer, first, second, remotePolicy } = await throughThePeer(stage)
      const { shortChannelId: toPeer = '' } = await ours(us, first)
      const { remoteAlias: toThem = '' } = await ours(them, second)
      const probe = async (amountMsat: bigint) => {
        const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = remotePolicy
        const feesMsat = feeBaseMsat + (amountMsat * BigInt(feeProportionalMillionths)) / 1_000_000n
        const route = [
          {
            nodeId: peer.nodeId,
            shortChannelId: toPeer,
            amountMsat: amountMsat + feesMsat,
            cltvExpiryDelta: 60 + cltvExpiryDelta,
          },
          { nodeId: them.id, shortChannelId: toThem, amountMsat, cltvExpiryDelta: 60 },
        ]
        return us.ask('router', 'probe', { route })
      }
      const fits = await probe(80_000_000n)
      t.true(fits.probe.reached)
      t.deepEqual(outcomesOf(fits), [['carried', 'carried']])
      t.true((await peer.pay(await them.invoice(700_000_000n))).ok)
      await stage.settled(them, peer, second)
      const tooMuch = await probe(500_000_000n)
      t.false(tooMuch.probe.reached)
      t.deepEqual(outcomesOf(tooMuch), [['carried', 'refused']])
      t.is(tooMuch.probe.parts[0]?.failure?.erringNode, peer.nodeId)
      t.deepEqual(await paidNothing(us), NOTHING)
      t.is((await stage.settled(us, peer, first)).oursMsat, 1_000_000_000n)
      t.is((await us.pay(await them.invoice(80_000_000n))).status, 'settled')
    },
  },
])
