import { seededRng } from '../../../core/src/lib/rng.ts'
import { type CutPoint, cutAt, dropCut, nothingIsOwed } from '../stage/message-tap.ts'
import { ours } from '../stage/stage.ts'
import { group } from './scenario.ts'

const TYPES = [
  'update_add_htlc',
  'update_fulfill_htlc',
  'update_fail_htlc',
  'commitment_signed',
  'revoke_and_ack',
  'channel_reestablish',
] as const

/** Not every message comes so often as to be cut: then the round goes on without. Messages and not time, which a busy machine lacks. */
const CUT_WITHIN = 20

export const storm = group('Storms', [
  {
    title: 'connections cut at random while payments cross and fee rates change — nothing is lost or paid twice',
    role: 'both',
    async run(stage) {
      const { t } = stage
      const rng = seededRng(20)
      let feerate = 253
      const { us, peer, channelId } = await stage.channel({
        capacitySat: 5_000_000n,
        pushMsat: 2_500_000_000n,
        node: { backend: (backend) => ({ ...backend, estimateFeerate: () => feerate }) },
      })
      stage.keepConnected(us)
      let balance = 2_500_000_000n
      const counts = { cuts: 0, sent: 0, failed: 0, received: 0, refused: 0 }
      for (let round = 0; round < 12; round++) {
        const outgoing = Array.from({ length: 5 }, async (_, i) => {
          const amountMsat = 1_000_000n * BigInt(i + 1) + BigInt(round)
          // Of these the peer knows nothing: they fail, in the same commitments in which others settle.
          const unknown = i === 4
          const { shortChannelId = '' } = await ours(us, channelId)
          const answer = unknown
            ? await us.tryAsk('payments', 'sendToRoute', {
                paymentHash: round.toString(16).padStart(64, '7'),
                paymentSecret: '22'.repeat(32),
                route: [{ nodeId: peer.nodeId, shortChannelId, amountMsat, cltvExpiryDelta: 40 }],
              })
            : await us.tryAsk('payments', 'payInvoice', {
                invoice: (await peer.createInvoice({ amountMsat })).bolt11,
              })
          t.false(unknown && answer.ok)
          if (answer.ok) balance -= amountMsat
          counts[answer.ok ? 'sent' : 'failed']++
        })
        const incoming = Array.from({ length: 5 }, async (_, i) => {
          const amount = 700_000n * BigInt(i + 1) + BigInt(round)
          const { ok } = await peer.pay(await us.invoice(amount))
          if (ok) balance += amount
          counts[ok ? 'received' : 'refused']++
        })
        feerate = [600, 253, 900][round % 3] as number
        if (stage.can('commitment-feerate')) await peer.setFeerate(feerate)
        const mined = stage.mine(1)
        for (let cuts = 0; cuts < 3; cuts++) {
          const point: CutPoint = {
            direction: rng.below(2) === 0 ? 'in' : 'out',
            type: TYPES[rng.below(TYPES.length)] ?? 'revoke_and_ack',
            nth: 1 + rng.below(3),
          }
          const cut = cutAt(peer.nodeId, point, CUT_WITHIN).then(
            () => void counts.cuts++,
            () => undefined,
          )
          await Promise.race([cut, Promise.all([...outgoing, ...incoming])])
        }
        await Promise.all([...outgoing, ...incoming, mined])
        dropCut()
        await stage.isUsable(us, peer, channelId)
        const balances = await stage.settled(us, peer, channelId)
        await us.until(async () => nothingIsOwed(peer.nodeId))
        t.deepEqual(balances, { oursMsat: balance, theirsMsat: 5_000_000_000n - balance }, `round ${round}`)
        await peer.forgetFailures()
      }
      t.log(counts)
      t.true(counts.cuts >= 6)
      // A payer may give up where the connection is gone just then.
      t.true(counts.sent >= 15 && counts.received >= 15)
      t.deepEqual(us.payloads('channel.errored'), [])
      t.is(us.payloads('payment.sent').length, counts.sent)
      t.is(us.payloads('payment.received').length, counts.received)
      t.is((await us.ask('payments', 'list', { status: 'in-flight' })).items.length, 0)
    },
  },
  {
    title: 'connections cut at random on both sides of relays — each payment settles on both channels or on none',
    role: 'we',
    needs: ['private-hints', 'push'],
    async run(stage) {
      const { t } = stage
      const rng = seededRng(4)
      const [alice, bob] = [await stage.peer(), await stage.peer(1)]
      const us = await stage.node('us')
      await stage.connect(us, alice)
      await stage.connect(us, bob)
      stage.keepConnected(us)
      const options = { capacitySat: 5_000_000n, pushMsat: 2_500_000_000n }
      const left = await stage.openFrom(alice, us, options)
      const right = await stage.openTo(bob, us, options)
      let [alices, bobs] = [2_500_000_000n, 2_500_000_000n]
      const counts = { cuts: 0, settled: 0, failed: 0 }
      for (let round = 0; round < 8; round++) {
        // A peer may name no channel in an invoice while its connection is gone.
        const invoices = await Promise.all(
          Array.from({ length: 8 }, async (_, i) => {
            const amountMsat = 1_500_000n * BigInt(i + 1) + BigInt(round)
            const [payer, payee, through] = i % 2 === 0 ? [alice, bob, right] : [bob, alice, left]
            return { amountMsat, payer, bolt11: (await payee.createInvoice({ amountMsat, through })).bolt11 }
          }),
        )
        const payments = invoices.map(async ({ amountMsat, payer, bolt11 }) => {
          const outcome = await payer.pay(bolt11)
          counts[outcome.ok ? 'settled' : 'failed']++
          if (!outcome.ok) return
          const paid = amountMsat + outcome.feeMsat
          alices += payer === alice ? -paid : amountMsat
          bobs += payer === bob ? -paid : amountMsat
        })
        const all = Promise.all(payments)
        for (let cuts = 0; cuts < 2; cuts++) {
          const point: CutPoint = {
            direction: rng.below(2) === 0 ? 'in' : 'out',
            type: TYPES[rng.below(TYPES.length)] ?? 'revoke_and_ack',
            nth: 1 + rng.below(3),
          }
          const cut = cutAt(rng.below(2) === 0 ? alice.nodeId : bob.nodeId, point, CUT_WITHIN).then(
            () => void counts.cuts++,
            () => undefined,
          )
          await Promise.race([cut, all])
        }
        await all
        dropCut()
        await stage.isUsable(us, alice, left)
        await stage.isUsable(us, bob, right)
        t.is((await stage.settled(us, alice, left)).theirsMsat, alices, `round ${round}, alice`)
        t.is((await stage.settled(us, bob, right)).theirsMsat, bobs, `round ${round}, bob`)
        await alice.forgetFailures()
        await bob.forgetFailures()
      }
      t.log(counts)
      t.true(counts.cuts >= 4 && counts.settled >= 24)
      t.deepEqual(us.payloads('channel.errored'), [])
      await us.until(async () => us.payloads('payment.relayed').length === counts.settled)
    },
  },
])
