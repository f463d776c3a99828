import { toHex, utf8Encode } from '../../../core/src/lib/bytes.ts'
import { group } from './scenario.ts'

const PUSHED = 300_000_000n
// Printable: Core Lightning refuses a payment with a record that it cannot describe.
const MESSAGE = utf8Encode('hi')

export const keysend = group('Payments without an invoice', [
  {
    title: 'the peer sends us a keysend — we take it, to the millisatoshi, and once',
    role: 'peer',
    needs: ['keysend'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: PUSHED })
      t.like(await peer.keysend(us.id, 10_000_001n), { ok: true, feeMsat: 0n })
      await us.until(async () => us.payloads('payment.received').length === 1)
      t.like(us.payloads('payment.received'), [{ amountMsat: '10000001', keysend: true }])
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 710_000_001n)
    },
  },
  {
    title:
      'the peer sends us keysends with records of its own — we tell of an odd one, and give a payment back that has an even one',
    role: 'peer',
    needs: ['keysend', 'custom-records'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: PUSHED })
      const refused = await peer.keysend(us.id, 10_000_002n, { 65536: MESSAGE })
      t.false(refused.ok)
      if (stage.can('failure-names')) t.like(refused, { failures: ['incorrect_or_unknown_payment_details'] })
      t.like(await peer.keysend(us.id, 10_000_003n, { 65537: MESSAGE }), { ok: true })
      await us.until(async () => us.payloads('payment.received').length === 1)
      t.like(us.payloads('payment.received'), [
        { amountMsat: '10000003', keysend: true, customRecords: [{ type: 65_537, value: toHex(MESSAGE) }] },
      ])
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 710_000_003n)
    },
  },
  {
    title: 'we send the peer keysends, without and with a record of our own — it has them, to the millisatoshi',
    role: 'we',
    needs: ['keysend'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: PUSHED })
      const records = [{}, { customRecords: [{ type: 65_537, value: toHex(MESSAGE) }] }]
      const sent: string[] = []
      for (const [i, more] of records.entries()) {
        const request = { destination: peer.nodeId, amountMsat: 20_000_001n + BigInt(i), ...more }
        const { payment } = await us.ask('payments', 'keysend', request)
        t.like(payment, { status: 'settled', keysend: true, feesMsat: 0n })
        sent.push(payment.paymentHash)
      }
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 659_999_997n)
      const received = (await peer.received()).filter(({ paymentHash }) => sent.includes(paymentHash))
      t.deepEqual(received.map(({ amountMsat }) => amountMsat).sort(), [20_000_001n, 20_000_002n])
    },
  },
  {
    title: 'we send the peer a keysend in parts, over two channels — it takes both parts as one',
    role: 'we',
    needs: ['keysend', 'keysend-in-parts'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId: first } = await stage.channel({})
      const channels = [first, await stage.openTo(peer, us)]
      const amountMsat = 1_500_000_001n
      const { payment } = await us.ask('payments', 'keysend', { destination: peer.nodeId, amountMsat, maxParts: 4 })
      t.like(payment, { status: 'settled', keysend: true, feesMsat: 0n })
      t.is(payment.parts.length, 2)
      let balance = 0n
      for (const channelId of channels) balance += (await stage.settled(us, peer, channelId)).oursMsat
      t.is(balance, 2_000_000_000n - amountMsat)
      const { paymentHash } = payment
      const received = (await peer.received()).filter((each) => each.paymentHash === paymentHash)
      t.deepEqual(received, [{ paymentHash, amountMsat }])
    },
  },
])
