import { cpSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type CutPoint, cutAt, nameOf } from '../stage/message-tap.ts'
import { ours, type Stage } from '../stage/stage.ts'
import { compare, HALF, load } from './load.ts'
import { group } from './scenario.ts'

const PUSHED = 300_000_000n
const AMOUNT = 25_000_000n

const onDisk = async (stage: Stage) => {
  const folder = stage.folder()
  const data = join(folder, 'data')
  mkdirSync(data)
  const { us, peer, channelId } = await stage.channel({
    pushMsat: PUSHED,
    node: { path: join(data, 'node.sqlite') },
  })
  /** Our node ends and starts again, and finds the peer by itself. */
  const restart = async (): Promise<void> => {
    await us.stop()
    await us.start()
    await stage.isUsable(us, peer, channelId)
  }
  return { us, peer, channelId, restart, folder, data }
}

/** The connection breaks at these messages, and our node is stopped then. */
const OUTGOING: readonly CutPoint[] = [
  { direction: 'out', type: 'update_add_htlc' },
  { direction: 'in', type: 'revoke_and_ack' },
  { direction: 'out', type: 'revoke_and_ack' },
  { direction: 'in', type: 'update_fulfill_htlc' },
  { direction: 'out', type: 'revoke_and_ack', nth: 2 },
]

const INCOMING: readonly CutPoint[] = [
  { direction: 'in', type: 'commitment_signed' },
  { direction: 'out', type: 'revoke_and_ack' },
  { direction: 'in', type: 'revoke_and_ack' },
  { direction: 'out', type: 'update_fulfill_htlc' },
  { direction: 'in', type: 'revoke_and_ack', nth: 2 },
]

export const restartingUs = group('Restarts of our node', [
  ...OUTGOING.map((point) => ({
    title: `our node restarted when ${nameOf(point)} was lost in a payment to the peer — it settles once`,
    role: 'we' as const,
    async run(stage: Stage) {
      const { t } = stage
      const { us, peer, channelId, restart } = await onDisk(stage)
      const invoice = (await peer.createInvoice({ amountMsat: AMOUNT })).bolt11
      const cut = cutAt(peer.nodeId, point)
      const asked = us.tryAsk('payments', 'payInvoice', { invoice })
      await cut
      await restart()
      // Whoever asked before the restart is told the outcome or that it is not known: never that the payment failed.
      const outcome = await asked
      if (!outcome.ok) t.is(outcome.error.code, 'outcome-unknown')
      const payment = async () => (await us.ask('payments', 'list', {})).items[0]
      await us.until(async () => (await payment())?.status === 'settled')
      t.is((await payment())?.invoice, invoice)
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 1_000_000_000n - PUSHED - AMOUNT)
      t.is((await us.ask('payments', 'list', {})).items.length, 1)
      t.like(await us.tryAsk('payments', 'payInvoice', { invoice }), { ok: false, error: { code: 'already-paid' } })
      t.is(us.payloads('payment.sent').length, 1)
      t.is((await us.pay((await peer.createInvoice({ amountMsat: 1_000_000n })).bolt11)).status, 'settled')
    },
  })),
  ...INCOMING.map((point) => ({
    title: `our node restarted when ${nameOf(point)} was lost in a payment by the peer — it settles once`,
    role: 'peer' as const,
    async run(stage: Stage) {
      const { t } = stage
      const { us, peer, channelId, restart } = await onDisk(stage)
      const invoice = await us.invoice(AMOUNT)
      const cut = cutAt(peer.nodeId, point)
      const paying = peer.pay(invoice)
      await cut
      await restart()
      t.like(await paying, { ok: true })
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 1_000_000_000n - PUSHED + AMOUNT)
      await us.until(async () => us.payloads('payment.received').length > 0)
      t.is(us.payloads('payment.received').length, 1)
      t.like((await us.ask('invoices', 'list', {})).items[0], { status: 'paid', receivedMsat: AMOUNT })
      t.like(await peer.pay(await us.invoice(1_000_000n)), { ok: true })
    },
  })),
  {
    title:
      'our node restarted while the peer holds a payment of ours — it settles when that is claimed, or fails with it',
    role: 'we',
    needs: ['hold'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId, restart } = await onDisk(stage)
      let balance = 1_000_000_000n - PUSHED
      for (const status of ['settled', 'failed'] as const) {
        const { bolt11, paymentHash } = await peer.createInvoice({ amountMsat: AMOUNT, hold: true })
        const asked = us.tryAsk('payments', 'payInvoice', { invoice: bolt11 })
        await stage.until('the peer holds it', () => peer.isHeld(paymentHash))
        await restart()
        t.false((await asked).ok)
        t.is((await ours(us, channelId)).htlcsInFlight, 1)
        if (status === 'settled') await peer.settleHeld(paymentHash)
        else await peer.failHeld(paymentHash)
        await us.until(async () => (await us.ask('payments', 'list', {})).items[0]?.status === status)
        if (status === 'settled') balance -= AMOUNT
        t.is((await stage.settled(us, peer, channelId)).oursMsat, balance)
      }
    },
  },
  {
    title: 'our node restarted while it relays a payment from one peer to another — both channels settle once',
    role: 'we',
    needs: ['private-hints'],
    async run(stage) {
      const { t } = stage
      const { us, peer: alice, channelId: incoming, restart } = await onDisk(stage)
      const bob = await stage.peer(1)
      await stage.connect(us, bob)
      const outgoing = await stage.openTo(bob, us)
      const points: { peer: string; point: CutPoint }[] = [
        { peer: bob.nodeId, point: { direction: 'out', type: 'update_add_htlc' } },
        { peer: bob.nodeId, point: { direction: 'in', type: 'update_fulfill_htlc' } },
        { peer: alice.nodeId, point: { direction: 'out', type: 'update_fulfill_htlc' } },
      ]
      let [balance, bobs] = [1_000_000_000n - PUSHED, 0n]
      for (const { peer, point } of points) {
        const { bolt11 } = await bob.createInvoice({ amountMsat: AMOUNT, through: outgoing })
        const cut = cutAt(peer, point)
        const paying = alice.pay(bolt11)
        await cut
        await restart()
        t.like(await paying, { ok: true }, point.type)
        balance += AMOUNT + 1_000n + AMOUNT / 10_000n
        bobs += AMOUNT
        await stage.isUsable(us, bob, outgoing)
        t.is((await stage.settled(us, alice, incoming)).oursMsat, balance, point.type)
        t.is((await stage.settled(us, bob, outgoing)).theirsMsat, bobs, point.type)
      }
      await us.until(async () => us.payloads('payment.relayed').length === points.length)
    },
  },
  {
    title: 'our node started on an old copy of its database — it publishes nothing, says so, and the peer closes',
    role: 'we',
    needs: ['force-close'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId, folder, data } = await onDisk(stage)
      const copy = join(folder, 'copy')
      await us.stop()
      cpSync(data, copy, { recursive: true })
      await us.start()
      await stage.isUsable(us, peer, channelId)
      for (let i = 0; i < 3; i++)
        t.is((await us.pay((await peer.createInvoice({ amountMsat: AMOUNT })).bolt11)).status, 'settled')
      await stage.settled(us, peer, channelId)
      await us.stop()
      rmSync(data, { recursive: true })
      cpSync(copy, data, { recursive: true })
      await us.start()
      // BOLT 2, channel_reestablish: our commitment is revoked, so to publish it would cost us everything.
      await us.until(async () => us.payloads('channel.errored').length > 0)
      t.is((await ours(us, channelId)).state, 'closing')
      await stage.until('the peer closes', async () =>
        (await peer.channels()).every((each) => each.channelId !== channelId),
      )
      // What the peer has in it is what the payments since the copy were worth, too.
      const theirsSat = (PUSHED + 3n * AMOUNT) / 1000n
      await stage.until('its commitment', async () =>
        (await stage.mempool()).some(({ outputs }) => outputs.some(({ amount }) => amount === theirsSat)),
      )
      await stage.mine(1)
      await us.until(async () => (await ours(us, channelId)).closeKind === 'remote-force')
      t.deepEqual(
        us.payloads('channel.closing').filter(({ kind }) => kind === 'local-force'),
        [],
      )
    },
  },
  ...(['kill', 'stop'] as const).map((how) => ({
    title: `our node is ${how === 'kill' ? 'killed' : 'stopped'} 10 times under load — no channel is lost, and all payments agree`,
    role: 'we' as const,
    async run(stage: Stage) {
      const { t } = stage
      const peer = await stage.peer()
      const { process: node, us } = await stage.process('us')
      await stage.connect(us, peer)
      const channelId = await stage.openTo(peer, us, { capacitySat: 5_000_000n, pushMsat: HALF })
      const settled = () => us.payloads('payment.sent').length + us.payloads('payment.received').length
      let invoices = 0
      const side = {
        async pay(invoice: string, paymentHash: string) {
          const options = { key: `pay-${paymentHash}` }
          return (await node.askUntilAnswered('payments', 'payInvoice', { invoice }, options)).ok
        },
        async invoice(amountMsat: bigint) {
          const options = { key: `invoice-${invoices++}` }
          const answer = await node.askUntilAnswered('invoices', 'create', { amountMsat }, options)
          return answer.ok ? answer.value.invoice.invoice : undefined
        },
      }
      const paying = load(stage, side, peer)
      for (let i = 0; i < 10; i++) {
        const before = settled()
        await node.until('payments go on', () => settled() >= before + 6)
        await node[how]()
        await node.start()
        // It finds the peer by itself.
        await stage.isUsable(us, peer, channelId)
      }
      await paying.stop()
      await compare(stage, us, peer, channelId)
      t.deepEqual(us.payloads('channel.closing'), [])
    },
  })),
])
