import type { Particular, Peer } from '../drivers/driver.ts'
import { ours, type Stage, theirs } from '../stage/stage.ts'
import { group } from './scenario.ts'

/** By this many payments each way both sides have changed their keys twice, at two encryptions for each message. */
const MANY = 300
const AT_ONCE = 15
/** More than the reserve, the fee of a commitment and what is kept for a higher one. */
const WITHHELD_MSAT = 30_000_000n

const particularOf = ({ name, particular }: Peer): Particular => {
  if (particular === undefined) throw new Error(`${name} cannot be asked for it`)
  return particular
}

export const particulars = group('What few peers can be asked for', [
  {
    title:
      'the peer takes the type of a channel by itself, with all else that it offers — it opens by what we have, and both pay',
    role: 'peer',
    needs: ['particular'],
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const us = await stage.node('us')
      await stage.connect(us, peer)
      const channelId = await particularOf(peer).openOfItsChoice(us.id, 1_000_000n)
      await stage.becomesUsable(us, peer, channelId)
      // Whether it hides its id is the peer's choice, too.
      t.regex((await ours(us, channelId)).channelType, /^anchors-zero-fee-htlc(\+scid-alias)?$/)
      t.like(await peer.pay(await us.invoice(400_000_000n)), { ok: true })
      await stage.settled(us, peer, channelId)
      t.is((await us.pay((await peer.createInvoice({ amountMsat: 5_000_000n })).bolt11)).status, 'settled')
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 395_000_000n)
      t.deepEqual(us.payloads('channel.errored'), [])
    },
  },
  ...(['us', 'peer'] as const).map((opener) => ({
    title: `all that the peer says it can send arrives, and all that we say goes back, where ${opener === 'us' ? 'we' : 'the peer'} opened`,
    role: 'both' as const,
    needs: ['particular', 'push'] as const,
    async run(stage: Stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ opener, pushMsat: 400_000_000n })
      const particular = particularOf(peer)
      let { oursMsat, theirsMsat } = await stage.settled(us, peer, channelId)
      /** What the peer can send; it reckons again a moment after each payment. */
      const peerCanSend = async (): Promise<bigint> => {
        let sendMsat = 0n
        await stage.until('the peer reckons', async () => {
          sendMsat = await particular.sendableMsat(channelId)
          return sendMsat > theirsMsat - WITHHELD_MSAT && sendMsat <= theirsMsat
        })
        return sendMsat
      }
      for (let i = 0; i < 3; i++) {
        const sendMsat = await peerCanSend()
        t.like(await peer.pay(await us.invoice(sendMsat)), { ok: true }, `${sendMsat}`)
        oursMsat += sendMsat
        t.is((await stage.settled(us, peer, channelId)).oursMsat, oursMsat)
        const { spendableMsat } = await ours(us, channelId)
        t.is((await us.pay((await peer.createInvoice({ amountMsat: spendableMsat })).bolt11)).status, 'settled')
        oursMsat -= spendableMsat
        theirsMsat = (await stage.settled(us, peer, channelId)).theirsMsat
        t.is(theirsMsat, 1_000_000_000n - oursMsat)
      }
      t.deepEqual(us.payloads('channel.errored'), [])
    },
  })),
  {
    title: 'the peer asks other fees for relays — the payee hears of them, and a payer of before still gets through',
    role: 'peer',
    needs: ['relay-fees'],
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const [us, them] = [await stage.node('us'), await stage.node('them')]
      await stage.connect(us, peer)
      await stage.connect(them, peer)
      await stage.openTo(peer, us)
      const second = await stage.openFrom(peer, them)
      const before = await them.invoice(20_000_000n)
      const earlier = (await ours(them, second)).remotePolicy
      const fees = { feeBaseMsat: 5_000n, feeProportionalMillionths: 2_000 }
      await peer.setRelayFees(them.id, fees)
      await them.until(async () => (await ours(them, second)).remotePolicy?.feeBaseMsat === 5_000n)
      t.like((await ours(them, second)).remotePolicy, fees)
      // BOLT 7, channel_update: it allows the old policy for a while.
      const [old, now] = [await us.pay(before), await us.pay(await them.invoice(20_000_000n))]
      const proportional = BigInt(earlier?.feeProportionalMillionths ?? 0)
      const [oldFee, newFee] = [
        (earlier?.feeBaseMsat ?? 0n) + (20_000_000n * proportional) / 1_000_000n,
        5_000n + 40_000n,
      ]
      // LND does not: we read its failure, and pay what it asks now.
      t.is(old.feesMsat, stage.can('old-relay-fees') ? oldFee : newFee)
      t.is(now.feesMsat, newFee)
      t.is((await stage.settled(them, peer, second)).oursMsat, 40_000_000n)
    },
  },
  {
    title: 'the peer pays by two channels that it names, with a part each — we take both as one',
    role: 'peer',
    needs: ['particular'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId: first } = await stage.channel({ opener: 'peer' })
      const second = await stage.openFrom(peer, us)
      const parts = [
        { channelId: first, amountMsat: 123_456_789n },
        { channelId: second, amountMsat: 300_000_001n },
      ]
      const total = 423_456_790n
      t.like(await particularOf(peer).payByChannels(await us.invoice(total), parts), { ok: true, feeMsat: 0n })
      await us.until(async () => us.payloads('payment.received').length === 1)
      t.is(us.payloads('payment.received')[0]?.amountMsat, `${total}`)
      for (const { channelId, amountMsat } of parts)
        t.is((await stage.settled(us, peer, channelId)).oursMsat, amountMsat)
    },
  },
  {
    title:
      'the peer, the funder, comes back with other fee rates — update_fee follows the reconnection, and payments go on',
    role: 'peer',
    needs: ['particular', 'restart'],
    ownPeers: true,
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ opener: 'peer', pushMsat: 400_000_000n })
      let { oursMsat } = await stage.settled(us, peer, channelId)
      for (const feerate of [2_000, 500, 1_000]) {
        await particularOf(peer).restartWithFeerate(feerate)
        await stage.connect(us, peer)
        await stage.until('the new fee rate', async () => (await theirs(peer, channelId)).feeratePerKw === feerate)
        await stage.isUsable(us, peer, channelId)
        t.like(await peer.pay(await us.invoice(10_000_000n)), { ok: true })
        t.is((await us.pay((await peer.createInvoice({ amountMsat: 3_000_000n })).bolt11)).status, 'settled')
        oursMsat += 7_000_000n
        t.is((await stage.settled(us, peer, channelId)).oursMsat, oursMsat)
      }
      t.deepEqual(us.payloads('channel.errored'), [])
    },
  },
  {
    title: 'hundreds of payments each way on one connection — both sides change their keys, and nothing is lost',
    role: 'both',
    needs: ['push'],
    async run(stage) {
      const { t } = stage
      const options = { opener: 'peer', capacitySat: 5_000_000n, pushMsat: 2_500_000_000n } as const
      const { us, peer, channelId } = await stage.channel(options)
      const drops = us.payloads('peer.disconnected').length
      let left = MANY
      const pay = async (): Promise<void> => {
        while (left-- > 0) {
          const { bolt11 } = await peer.createInvoice({ amountMsat: 1_000_001n })
          t.is((await us.pay(bolt11)).status, 'settled')
          t.like(await peer.pay(await us.invoice(1_000_000n)), { ok: true })
        }
      }
      await Promise.all(Array.from({ length: AT_ONCE }, pay))
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 2_500_000_000n - BigInt(MANY))
      t.is(us.payloads('peer.disconnected').length, drops)
    },
  },
])
