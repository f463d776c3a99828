import test, { type ExecutionContext } from 'ava'
import type { TestNode } from '../scenarios/support/world.ts'
import { type Balances, type InteropWorld, interopWorld, ourChannel } from './support/interop-world.ts'
import type { LdkNode } from './support/ldk-node.ts'
import { type CutPoint, cutAt, nothingIsOwed } from './support/message-tap.ts'

const PUSHED = 300_000_000n
const AMOUNT = 25_000_000n

interface Peers {
  readonly interop: InteropWorld
  readonly us: TestNode
  readonly ldk: LdkNode
  readonly channelId: string
}

const peers = async (t: ExecutionContext): Promise<Peers> => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  interop.keepConnected(us)
  return { interop, us, ldk, channelId: await interop.openToLdk(us, ldk, { pushMsat: PUSHED }) }
}

/** Both hold the same, and the last revocation has arrived. */
const settled = async ({ interop, us, ldk, channelId }: Peers): Promise<Balances> => {
  const balances = await interop.settled(us, ldk, channelId)
  await us.until(async () => nothingIsOwed(ldk.nodeId))
  return balances
}

/** Nothing is left over: a payment in each direction still goes through. */
const goesOn = async (t: ExecutionContext, all: Peers, oursMsat: bigint): Promise<void> => {
  const { us, ldk, channelId } = all
  t.is((await settled(all)).oursMsat, oursMsat)
  t.is((await us.pay(ldk.createInvoice(2_000_000n))).status, 'settled')
  t.is((await ldk.pay(await us.invoice(1_000_000n))).type, 'payment-sent')
  t.is((await settled(all)).oursMsat, oursMsat - 1_000_000n)
  t.is((await ourChannel(us, channelId)).state, 'usable')
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

const mirrored = ({ direction, type, nth }: CutPoint): CutPoint => ({
  direction: direction === 'in' ? 'out' : 'in',
  type,
  ...(nth === undefined ? {} : { nth }),
})

const nameOf = ({ direction, type, nth }: CutPoint): string =>
  `${nth === 2 ? 'the second' : 'the'} ${type} ${direction === 'in' ? 'of LDK' : 'of ours'}`

test('a connection cut at any message of a payment to LDK — it settles once', async (t) => {
  const all = await peers(t)
  const { interop, us, ldk, channelId } = all
  let ours = 1_000_000_000n - PUSHED
  for (const point of OUTGOING) {
    const cut = cutAt(ldk.nodeId, point)
    const paying = us.tryAsk('payments', 'payInvoice', { invoice: ldk.createInvoice(AMOUNT) })
    await cut
    const outcome = await paying
    await interop.isUsable(us, ldk, channelId)
    // Whatever we have said was signed for and is durable, so it comes back.
    t.like(outcome, { ok: true, value: { payment: { status: 'settled' } } }, nameOf(point))
    ours -= AMOUNT
    t.deepEqual(await settled(all), { oursMsat: ours, theirsMsat: 1_000_000_000n - ours }, nameOf(point))
  }
  await goesOn(t, all, ours)
})

test('a connection cut at any message of a payment by LDK — it settles once', async (t) => {
  const all = await peers(t)
  const { interop, us, ldk, channelId } = all
  let ours = 1_000_000_000n - PUSHED
  for (const point of OUTGOING.map(mirrored)) {
    const cut = cutAt(ldk.nodeId, point)
    const paying = ldk.pay(await us.invoice(AMOUNT))
    await cut
    t.is((await paying).type, 'payment-sent', nameOf(point))
    ours += AMOUNT
    await interop.isUsable(us, ldk, channelId)
    t.deepEqual(await settled(all), { oursMsat: ours, theirsMsat: 1_000_000_000n - ours }, nameOf(point))
  }
  t.is(us.payloads('payment.received').length, OUTGOING.length)
  await goesOn(t, all, ours)
})

test('a connection cut at any message of a failing payment — it fails on both sides, nothing has moved', async (t) => {
  const all = await peers(t)
  const { interop, us, ldk, channelId } = all
  ldk.setAutoClaim(false)
  const ours = 1_000_000_000n - PUSHED
  const points: CutPoint[] = [
    { direction: 'in', type: 'update_fail_htlc' },
    { direction: 'in', type: 'commitment_signed' },
    { direction: 'out', type: 'revoke_and_ack' },
    { direction: 'out', type: 'commitment_signed' },
    { direction: 'in', type: 'revoke_and_ack' },
  ]
  for (const point of points) {
    const held = ldk.events.length
    const paying = us.tryAsk('payments', 'payInvoice', { invoice: ldk.createInvoice(AMOUNT) })
    await ldk.until('a held payment', () => ldk.events.slice(held).some(({ type }) => type === 'payment-claimable'))
    const cut = cutAt(ldk.nodeId, point)
    ldk.failHeld()
    await cut
    t.like(await paying, { ok: false, error: { code: 'payment-failed' } }, nameOf(point))
    await interop.isUsable(us, ldk, channelId)
    t.is((await settled(all)).oursMsat, ours, nameOf(point))
  }
  ldk.setAutoClaim(true)
  await goesOn(t, all, ours)
})

test('LDK hangs up while payments of both sides are under way — all settle once', async (t) => {
  const all = await peers(t)
  const { interop, us, ldk, channelId } = all
  const theirs = await Promise.all(Array.from({ length: 10 }, (_, i) => us.invoice(1_000_000n + BigInt(i))))
  ldk.setAutoClaim(false)
  const outgoing = Array.from({ length: 10 }, (_, i) =>
    us.tryAsk('payments', 'payInvoice', { invoice: ldk.createInvoice(2_000_000n + BigInt(i)) }),
  )
  const claimable = (): number => ldk.events.filter(({ type }) => type === 'payment-claimable').length
  await ldk.until('ten payments of ours', () => claimable() === 10)
  const incoming = theirs.map((invoice) => ldk.pay(invoice))
  for (let i = 0; i < 3; i++) {
    const before = us.payloads('peer.disconnected').length
    ldk.claimHeld()
    ldk.disconnect(us.id)
    await us.until(async () => us.payloads('peer.disconnected').length > before)
    await interop.isUsable(us, ldk, channelId)
  }
  ldk.setAutoClaim(true)
  const sent = await Promise.all(outgoing)
  const received = await Promise.all(incoming)
  t.true(sent.every(({ ok }) => ok))
  t.true(received.every(({ type }) => type === 'payment-sent'))
  t.is(us.payloads('payment.sent').length, 10)
  t.is(us.payloads('payment.received').length, 10)
  const ours = 1_000_000_000n - PUSHED - 10_000_000n
  await goesOn(t, all, ours)
})

test('a connection cut while the channel is being opened — before funding_signed it is gone, after it it becomes usable', async (t) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  const open = () => us.tryAsk('channels', 'open', { nodeId: ldk.nodeId, fundingSat: 500_000n })
  for (const type of ['accept_channel', 'funding_signed'] as const) {
    const cut = cutAt(ldk.nodeId, { direction: 'in', type })
    const opening = open()
    await cut
    t.like(await opening, { ok: false, error: { code: 'peer-disconnected' } }, type)
    t.is((await us.ask('channels', 'list', {})).items.length, 0)
    t.is((await us.ask('wallet', 'balance', {})).reservedSat, 0n)
    await us.ask('peers', 'connect', { nodeId: ldk.nodeId })
    await ldk.until('our connection', () => ldk.isConnected(us.id))
  }
  for (const direction of ['in', 'out'] as const) {
    const opened = await open()
    if (!opened.ok) return t.fail(opened.error.code)
    const { channelId } = opened.value as { channelId: string }
    const cut = cutAt(ldk.nodeId, { direction, type: 'channel_ready' })
    await interop.mine(6)
    await cut
    await interop.isUsable(us, ldk, channelId)
    t.is((await us.pay(ldk.createInvoice(10_000_000n))).status, 'settled')
  }
})
