import { type OurNode, ours, type Stage } from '../stage/stage.ts'
import { throughThePeer } from './relay-cast.ts'
import { group } from './scenario.ts'

const REACHED = 'incorrect-or-unknown-payment-details'

/** A probe has left nothing: no HTLC, no balance that is another, and no payment. */
const nothingIsLeft = async (stage: Stage, us: OurNode): Promise<void> => {
  const { t } = stage
  t.deepEqual((await us.ask('payments', 'list', {})).items, [])
  t.deepEqual((await us.ask('router', 'probes', {})).items, [])
  t.deepEqual(us.payloads('channel.errored'), [])
}

export const probing = group('Probes', [
  {
    title:
      'we probe what gets to the peer, in one part and in two — it takes them for payments that it does not know, and nothing is paid',
    role: 'we',
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId: first } = await stage.channel({})
      const channels = [first, await stage.openTo(peer, us)]
      for (const [amountMsat, parts] of [
        [30_000_001n, 1],
        [1_500_000_000n, 2],
      ] as const) {
        const { probe } = await us.ask('router', 'probe', { nodeId: peer.nodeId, amountMsat, maxParts: 4 })
        t.like(probe, { reached: true, feesMsat: 0n })
        t.is(probe.parts.length, parts)
        for (const { status, failure } of probe.parts) t.deepEqual([status, failure?.code], ['reached', REACHED])
      }
      let balance = 0n
      for (const channelId of channels) balance += (await stage.settled(us, peer, channelId)).oursMsat
      t.is(balance, 2_000_000_000n)
      await nothingIsLeft(stage, us)
      // What comes after is a payment as any other.
      t.is((await us.pay((await peer.createInvoice({ amountMsat: 5_000_000n })).bolt11)).status, 'settled')
    },
  },
  {
    title:
      'we probe a node behind the peer — we read that an amount gets there, and of one that is too much, that the peer sends it no further',
    role: 'we',
    async run(stage) {
      const { t } = stage
      const { us, them, peer, first, second, remotePolicy } = await throughThePeer(stage, { capacitySat: 2_000_000n })
      const { shortChannelId: toPeer = '' } = await ours(us, first)
      const { remoteAlias: toThem = '' } = await ours(them, second)
      const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = remotePolicy
      const probe = async (delivered: bigint) => {
        const fee = feeBaseMsat + (delivered * BigInt(feeProportionalMillionths)) / 1_000_000n
        const route = [
          {
            nodeId: peer.nodeId,
            shortChannelId: toPeer,
            amountMsat: delivered + fee,
            cltvExpiryDelta: 60 + Math.max(cltvExpiryDelta, 40),
          },
          { nodeId: them.id, shortChannelId: toThem, amountMsat: delivered, cltvExpiryDelta: 60 },
        ]
        return (await us.ask('router', 'probe', { route })).probe
      }
      const reached = await probe(30_000_000n)
      t.like(reached, {
        reached: true,
        parts: [{ status: 'reached', failure: { code: REACHED, erringNode: them.id } }],
      })
      const stopped = await probe(1_500_000_000n)
      t.like(stopped, { reached: false, parts: [{ status: 'failed', failure: { erringNode: peer.nodeId } }] })
      t.deepEqual(
        stopped.parts[0]?.hops.map(({ outcome }) => outcome),
        ['carried', 'refused'],
      )
      t.is((await stage.settled(us, peer, first)).oursMsat, 2_000_000_000n)
      t.is((await stage.settled(them, peer, second)).oursMsat, 0n)
      await nothingIsLeft(stage, us)
      await nothingIsLeft(stage, them)
      t.deepEqual(them.payloads('payment.received'), [])
    },
  },
])
