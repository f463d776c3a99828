import type { TestNode } from '../../scenarios/support/world.ts'
import type { Peer } from '../drivers/driver.ts'
import { type CutPoint, cutAt, mirrored, nameOf, nothingIsOwed } from '../stage/message-tap.ts'
import { type Balances, ours, type Stage } from '../stage/stage.ts'
import { group } from './scenario.ts'

const PUSHED = 300_000_000n
const AMOUNT = 25_000_000n
const OURS_AT_FIRST = 1_000_000_000n - PUSHED

interface Pair {
  readonly us: TestNode
  readonly peer: Peer
  readonly channelId: string
}

const pair = async (stage: Stage): Promise<Pair> => {
  const all = await stage.channel({ pushMsat: PUSHED })
  stage.keepConnected(all.us)
  return all
}

/** Both hold the same, and the last revocation has arrived. */
const settled = async (stage: Stage, { us, peer, channelId }: Pair): Promise<Balances> => {
  const balances = await stage.settled(us, peer, channelId)
  await us.until(async () => nothingIsOwed(peer.nodeId))
  return balances
}

/** Nothing is left over: a payment in each direction still goes through. */
const goesOn = async (stage: Stage, all: Pair, oursMsat: bigint): Promise<void> => {
  const { t } = stage
  const { us, peer, channelId } = all
  t.is((await settled(stage, all)).oursMsat, oursMsat)
  t.is((await us.pay((await peer.createInvoice({ amountMsat: 2_000_000n })).bolt11)).status, 'settled')
  t.like(await peer.pay(await us.invoice(1_000_000n)), { ok: true })
  t.is((await settled(stage, all)).oursMsat, oursMsat - 1_000_000n)
  t.is((await ours(us, channelId)).state, 'usable')
  t.deepEqual(us.payloads('channel.errored'), [])
}

// All messages of one payment, in their order. Each is lost in turn, with all that would have followed.
const OUTGOING: readonly CutPoint[] = [
  { direction: 'out', type: 'update_add_htlc' },
  { direction: 'out', type: 'commitment_signed' },
  { direction: 'in', type: 'revoke_and_ack' },
  { direction: 'in', type: 'commitment_signed' },
  { direction: 'out', type: 'revoke_and_ack' },
  { direction: 'in', type: 'update_fulfill_htlc' },
  { direction: 'in', type: 'commitment_signed', nth: 2 },
  { direction: 'out', type: 'revoke_and_ack', nth: 2 },
  { direction: 'out', type: 'commitment_signed', nth: 2 },
  { direction: 'in', type: 'revoke_and_ack', nth: 2 },
]

export const reconnecting = group('Cut connections', [
  {
    title: 'a connection cut at each message of a payment to the peer — it settles once',
    role: 'we',
    async run(stage) {
      const { t } = stage
      const all = await pair(stage)
      const { us, peer, channelId } = all
      let balance = OURS_AT_FIRST
      for (const point of OUTGOING) {
        const { bolt11 } = await peer.createInvoice({ amountMsat: AMOUNT })
        const cut = cutAt(peer.nodeId, point)
        const paying = us.tryAsk('payments', 'payInvoice', { invoice: bolt11 })
        await cut
        const outcome = await paying
        await stage.isUsable(us, peer, channelId)
        // Whatever we have said was signed for and is durable, so it comes back.
        t.like(outcome, { ok: true, value: { payment: { status: 'settled' } } }, nameOf(point))
        balance -= AMOUNT
        t.deepEqual(
          await settled(stage, all),
          { oursMsat: balance, theirsMsat: 1_000_000_000n - balance },
          nameOf(point),
        )
      }
      await goesOn(stage, all, balance)
    },
  },
  {
    title: 'a connection cut at each message of a payment by the peer — it settles once',
    role: 'peer',
    async run(stage) {
      const { t } = stage
      const all = await pair(stage)
      const { us, peer, channelId } = all
      let balance = OURS_AT_FIRST
      for (const point of OUTGOING.map(mirrored)) {
        const invoice = await us.invoice(AMOUNT)
        const cut = cutAt(peer.nodeId, point)
        const paying = peer.pay(invoice)
        await cut
        const outcome = await paying
        if (!outcome.ok && point.type === 'update_add_htlc' && !stage.can('pays-again')) {
          // Nothing of it came to us. Its operator asks again, with the same invoice.
          await stage.isUsable(us, peer, channelId)
          t.is((await settled(stage, all)).oursMsat, balance)
          t.like(await peer.pay(invoice), { ok: true }, nameOf(point))
        } else t.like(outcome, { ok: true }, nameOf(point))
        balance += AMOUNT
        await stage.isUsable(us, peer, channelId)
        t.deepEqual(
          await settled(stage, all),
          { oursMsat: balance, theirsMsat: 1_000_000_000n - balance },
          nameOf(point),
        )
      }
      t.is(us.payloads('payment.received').length, OUTGOING.length)
      await goesOn(stage, all, balance)
    },
  },
  {
    title:
      'a connection cut at each message of a payment that the peer fails — it fails on both sides, nothing has moved',
    role: 'we',
    needs: ['hold'],
    async run(stage) {
      const { t } = stage
      const all = await pair(stage)
      const { us, peer, channelId } = all
      const points: CutPoint[] = [
        { direction: 'in', type: 'update_fail_htlc' },
        { direction: 'in', type: 'commitment_signed' },
        { direction: 'out', type: 'revoke_and_ack' },
        { direction: 'out', type: 'commitment_signed' },
        { direction: 'in', type: 'revoke_and_ack' },
      ]
      for (const point of points) {
        const { bolt11, paymentHash } = await peer.createInvoice({ amountMsat: AMOUNT, hold: true })
        const paying = us.tryAsk('payments', 'payInvoice', { invoice: bolt11 })
        await stage.until('the peer holds it', () => peer.isHeld(paymentHash))
        await us.until(async () => nothingIsOwed(peer.nodeId))
        const cut = cutAt(peer.nodeId, point)
        await peer.failHeld(paymentHash)
        await cut
        t.like(await paying, { ok: false, error: { code: 'payment-failed' } }, nameOf(point))
        await stage.isUsable(us, peer, channelId)
        t.is((await settled(stage, all)).oursMsat, OURS_AT_FIRST, nameOf(point))
      }
      await goesOn(stage, all, OURS_AT_FIRST)
    },
  },
  {
    title:
      'the peer hangs up while payments of both sides are under way — each settles once on both sides, or on neither',
    role: 'peer',
    needs: ['hold'],
    async run(stage) {
      const { t } = stage
      const all = await pair(stage)
      const { us, peer, channelId } = all
      const ourInvoices = await Promise.all(Array.from({ length: 10 }, (_, i) => us.invoice(1_000_000n + BigInt(i))))
      const held = await Promise.all(
        Array.from({ length: 10 }, (_, i) => peer.createInvoice({ amountMsat: 2_000_000n + BigInt(i), hold: true })),
      )
      const outgoing = held.map(({ bolt11 }) => us.tryAsk('payments', 'payInvoice', { invoice: bolt11 }))
      for (const { paymentHash } of held) await stage.until('the peer holds it', () => peer.isHeld(paymentHash))
      const incoming = ourInvoices.map((invoice) => peer.pay(invoice))
      for (const few of [held.slice(0, 4), held.slice(4, 7), held.slice(7)]) {
        const before = us.payloads('peer.disconnected').length
        for (const { paymentHash } of few) await peer.settleHeld(paymentHash)
        await peer.disconnect(us.id)
        await us.until(async () => us.payloads('peer.disconnected').length > before)
        await stage.isUsable(us, peer, channelId)
      }
      t.true((await Promise.all(outgoing)).every(({ ok }) => ok))
      // What the peer has not put into a commitment yet, it may give up: then nobody has it.
      const settledOfPeer = (await Promise.all(incoming)).flatMap(({ ok }, i) => (ok ? [1_000_000n + BigInt(i)] : []))
      t.is(us.payloads('payment.sent').length, 10)
      t.deepEqual(
        us
          .payloads('payment.received')
          .map(({ amountMsat }) => BigInt(amountMsat as string))
          .sort((a, b) => (a < b ? -1 : 1)),
        settledOfPeer,
      )
      const received = settledOfPeer.reduce((sum, amount) => sum + amount, 0n)
      await goesOn(stage, all, OURS_AT_FIRST - 20_000_045n + received)
    },
  },
  {
    title: 'a connection cut while we open a channel — before funding_signed it is gone, after it it becomes usable',
    role: 'we',
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const us = await stage.node('us')
      await stage.connect(us, peer)
      const open = () => us.tryAsk('channels', 'open', { nodeId: peer.nodeId, fundingSat: 500_000n })
      for (const type of ['accept_channel', 'funding_signed'] as const) {
        const cut = cutAt(peer.nodeId, { direction: 'in', type })
        const opening = open()
        await cut
        t.like(await opening, { ok: false, error: { code: 'peer-disconnected' } }, type)
        t.is((await us.ask('channels', 'list', {})).items.length, 0)
        t.is((await us.ask('wallet', 'balance', {})).reservedSat, 0n)
        await stage.connect(us, peer)
      }
      for (const direction of ['in', 'out'] as const) {
        const opened = await open()
        if (!opened.ok) return t.fail(opened.error.code)
        const { channelId } = opened.value as { channelId: string }
        const cut = cutAt(peer.nodeId, { direction, type: 'channel_ready' })
        await stage.mine(6)
        await cut
        await stage.isUsable(us, peer, channelId)
        const { bolt11 } = await peer.createInvoice({ amountMsat: 10_000_000n })
        t.is((await us.pay(bolt11)).status, 'settled')
      }
    },
  },
  {
    title: 'a connection cut before a channel confirms, by us and by the peer — it becomes usable when it does',
    role: 'both',
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const us = await stage.node('us')
      await stage.connect(us, peer)
      const cut = async () => {
        await us.ask('peers', 'disconnect', { nodeId: peer.nodeId })
        await stage.until('the peer sees the end of it', async () => !(await peer.isConnected(us.id)))
        await stage.connect(us, peer)
      }
      const opened = await us.ask('channels', 'open', { nodeId: peer.nodeId, fundingSat: 500_000n })
      await cut()
      // LND sends no channel_reestablish before the funding confirms, and channel_ready then.
      await stage.becomesUsable(us, peer, opened.channelId)
      const theirs = await peer.openChannel(us.id, { capacitySat: 600_000n })
      await cut()
      await stage.becomesUsable(us, peer, theirs)
      t.is((await us.pay((await peer.createInvoice({ amountMsat: 10_000_000n })).bolt11)).status, 'settled')
      t.like(await peer.pay(await us.invoice(50_000_000n)), { ok: true })
    },
  },
])
