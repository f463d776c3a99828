import { madeUpInvoice } from '../stage/made-up-invoice.ts'
import { ours, type Stage, theirs } from '../stage/stage.ts'
import { group, type Scenario } from './scenario.ts'

const PUSHED = 300_000_000n
const REJECTED = 'incorrect_or_unknown_payment_details'

const pair = (stage: Stage) => stage.channel({ pushMsat: PUSHED })

/** The peer pays 3,000 sat with a record beside the onion, and then 10,000 without. */
const withRecordBeside = (title: string, type: number, arrives: boolean): Omit<Scenario, 'group'> => ({
  title,
  role: 'peer',
  needs: ['htlc-records'],
  async run(stage) {
    const { t } = stage
    const { us, peer, channelId } = await pair(stage)
    const drops = us.payloads('peer.disconnected').length
    const htlcRecords = { [type]: Uint8Array.of(7, 7) }
    t.like(await peer.pay(await us.invoice(3_000_000n), { htlcRecords }), { ok: arrives })
    t.like(await peer.pay(await us.invoice(10_000_000n)), { ok: true })
    t.is((await stage.settled(us, peer, channelId)).oursMsat, arrives ? 713_000_000n : 710_000_000n)
    t.is(us.payloads('peer.disconnected').length, drops)
    t.deepEqual(us.payloads('channel.errored'), [])
  },
})

export const failing = group('Payments that fail', [
  {
    title: 'we pay a hash that the peer does not know — we read incorrect_or_unknown_payment_details',
    role: 'we',
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await pair(stage)
      const { shortChannelId = '' } = await ours(us, channelId)
      const answer = await us.tryAsk('payments', 'sendToRoute', {
        paymentHash: '11'.repeat(32),
        paymentSecret: '22'.repeat(32),
        route: [{ nodeId: peer.nodeId, shortChannelId, amountMsat: 10_000_000n, cltvExpiryDelta: 40 }],
      })
      t.like(answer, {
        ok: false,
        error: {
          code: 'payment-failed',
          details: { failure: { code: 'incorrect-or-unknown-payment-details', erringNode: peer.nodeId } },
        },
      })
      t.is(us.payloads('payment.failed').length, 1)
      t.deepEqual(await stage.settled(us, peer, channelId), { oursMsat: 700_000_000n, theirsMsat: 300_000_000n })
    },
  },
  {
    title: 'the peer fails a payment of ours by hand — we read why, and a new one goes through',
    role: 'we',
    needs: ['hold'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await pair(stage)
      const { bolt11, paymentHash } = await peer.createInvoice({ amountMsat: 5_000_000n, hold: true })
      const paying = us.tryAsk('payments', 'payInvoice', { invoice: bolt11 })
      await stage.until('the peer holds it', () => peer.isHeld(paymentHash))
      t.is((await ours(us, channelId)).htlcsInFlight, 1)
      await peer.failHeld(paymentHash)
      t.like(await paying, {
        ok: false,
        error: { code: 'payment-failed', details: { failure: { code: 'incorrect-or-unknown-payment-details' } } },
      })
      t.is((await us.pay((await peer.createInvoice({ amountMsat: 5_000_000n })).bolt11)).status, 'settled')
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 695_000_000n)
    },
  },
  {
    title: 'amounts above the balance, and expired, paid or own invoices, are refused before anything is sent',
    role: 'we',
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await pair(stage)
      const before = await theirs(peer, channelId)
      const pay = async (invoice: string) => us.tryAsk('payments', 'payInvoice', { invoice })
      const invoiceOf = async (amountMsat: bigint) => (await peer.createInvoice({ amountMsat })).bolt11
      const tooMuch = await pay(await invoiceOf(700_000_001n))
      t.like(tooMuch, { ok: false, error: { code: 'insufficient-balance' } })
      // BOLT 2, channel_reserve_satoshis and fees: our whole balance is not ours to spend.
      const allOfIt = await pay(await invoiceOf(700_000_000n))
      t.like(allOfIt, { ok: false, error: { code: 'insufficient-balance' } })
      const expired = await pay(madeUpInvoice({ amountMsat: 1_000n, ageSeconds: 3601 }))
      t.like(expired, { ok: false, error: { code: 'invoice-expired' } })
      t.deepEqual(await theirs(peer, channelId), before)

      const invoice = await invoiceOf(1_000n)
      t.is((await us.pay(invoice)).status, 'settled')
      t.like(await pay(invoice), { ok: false, error: { code: 'already-paid' } })
      t.like(await pay(await us.invoice(1_000n)), { ok: false, error: { code: 'own-invoice' } })
    },
  },
  {
    title: 'the most that one HTLC can carry, as we say it — the peer takes it, and a millisatoshi more we refuse',
    role: 'both',
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await pair(stage)
      const { spendableMsat } = await ours(us, channelId)
      const tooMuch = await peer.createInvoice({ amountMsat: spendableMsat + 1n })
      const more = await us.tryAsk('payments', 'payInvoice', { invoice: tooMuch.bolt11 })
      t.like(more, { ok: false, error: { code: 'insufficient-balance' } })
      const { bolt11 } = await peer.createInvoice({ amountMsat: spendableMsat })
      t.is((await us.pay(bolt11)).status, 'settled')
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 700_000_000n - spendableMsat)
      // And back, as much as the peer has to give.
      t.like(await peer.pay(await us.invoice(900_000_000n)), { ok: true })
    },
  },
  withRecordBeside(
    'the peer puts odd records of its own into update_add_htlc — it pays, and so does its next payment',
    65_537,
    true,
  ),
  withRecordBeside(
    'the peer puts an even record of its own into update_add_htlc — that payment alone fails, and the next arrives',
    65_536,
    false,
  ),
  {
    title: 'the peer pays an invoice of ours that is paid — it is refused, and reads the failure',
    role: 'peer',
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await pair(stage)
      const other = await stage.peer(1)
      await stage.connect(us, other)
      const otherChannel = await stage.openTo(other, us, { pushMsat: PUSHED })
      const invoice = await us.invoice(40_000_000n)
      t.like(await other.pay(invoice), { ok: true })
      const second = await peer.pay(invoice)
      t.false(second.ok)
      if (stage.can('failure-names')) t.like(second, { failures: [REJECTED] })
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 700_000_000n)
      t.is((await stage.settled(us, other, otherChannel)).oursMsat, 740_000_000n)
      t.is(us.payloads('payment.received').length, 1)
    },
  },
])
