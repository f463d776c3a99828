import test, { type ExecutionContext } from 'ava'
import { displayTxid } from '../../core/src/bitcoin/transaction.ts'
import { type InteropWorld, interopWorld, ourChannel } from './support/interop-world.ts'

const PUSHED = 300_000_000n
const AMOUNT = 50_000_000n
/** LDK's to_self_delay for us, and depth enough for whatever waits. */
const OUR_DELAY = 150

const inMempool = (interop: InteropWorld, txid: unknown): boolean =>
  interop.world.chain.mempool.some((entry) => displayTxid(entry.txid) === txid)

const setUp = async (t: ExecutionContext) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  const channelId = await interop.openToLdk(us, ldk, { pushMsat: PUSHED })
  // The fees of anchors channels come from coins of the wallet.
  interop.pay(ldk.wallet.script, 100_000n)
  await interop.mine(1)
  const walletSat = async () => {
    const { confirmedSat } = await us.ask('wallet', 'balance', {})
    return confirmedSat as bigint
  }
  /** Mines a few blocks at a time until it holds; what either side broadcasts on the way is mined with the next ones. */
  const mineUntil = async (what: string, holds: () => Promise<boolean>, most = 400, step = 4): Promise<void> => {
    for (let blocks = 0; !(await holds()); blocks += step) {
      if (blocks >= most) throw new Error(`${most} blocks, and not ${what}`)
      await interop.mine(step)
    }
  }
  const hold = async () => {
    ldk.setAutoClaim(false)
    const asked = us.tryAsk('payments', 'payInvoice', { invoice: ldk.createInvoice(AMOUNT) })
    await ldk.until('a held payment', () => ldk.events.at(-1)?.type === 'payment-claimable')
    return { asked }
  }
  return { interop, us, ldk, channelId, walletSat, mineUntil, hold }
}

test('we close alone, with nothing in flight — our share comes back when LDK’s delay is over, LDK has its own at once', async (t) => {
  const { interop, us, ldk, channelId, walletSat, mineUntil } = await setUp(t)
  const before = await walletSat()
  const { txid } = await us.ask('channels', 'forceClose', { channelId })
  await us.until(async () => inMempool(interop, txid))
  t.like(us.payloads('channel.closing')[0], { kind: 'local-force', initiator: 'local', txid })
  await ldk.until('the error of ours', () => ldk.events.some(({ type }) => type === 'channel-closed'))
  const closed = ldk.events.find((event) => event.type === 'channel-closed')
  t.regex(closed?.type === 'channel-closed' ? closed.reason : '', /force-closed with message/)
  await mineUntil('swept by LDK', async () => ldk.events.some(({ type }) => type === 'swept'), 10)
  await mineUntil('closed', async () => us.payloads('channel.closed').length === 1, OUR_DELAY + 50)
  t.like(us.payloads('channel.closed')[0], { kind: 'local-force', txid })
  const gained = (await walletSat()) - before
  t.true(gained > 690_000n && gained < 700_000n, `${gained}`)
})

test('we close alone with a payment to LDK in flight that LDK never claims — it fails, and its amount comes back', async (t) => {
  const { us, ldk, channelId, walletSat, mineUntil, hold } = await setUp(t)
  const before = await walletSat()
  const { asked } = await hold()
  await us.ask('channels', 'forceClose', { channelId })
  await mineUntil('the payment failed', async () => us.payloads('payment.failed').length === 1)
  t.like(await asked, { ok: false, error: { code: 'payment-failed' } })
  await mineUntil('closed', async () => us.payloads('channel.closed').length === 1)
  const gained = (await walletSat()) - before
  t.true(gained > 688_000n && gained < 700_000n, `${gained}`)
  t.is(ldk.channels().length, 0)
})

test('we close alone with a payment to LDK in flight that LDK claims on the chain — we learn its preimage', async (t) => {
  const { us, ldk, channelId, walletSat, mineUntil, hold } = await setUp(t)
  const before = await walletSat()
  const { asked } = await hold()
  await us.ask('channels', 'forceClose', { channelId })
  await mineUntil('LDK’s view of the close', async () => ldk.channels().length === 0, 5, 1)
  ldk.claimHeld()
  await mineUntil('the payment settled', async () => us.payloads('payment.sent').length === 1, 20)
  t.like(await asked, { ok: true, value: { payment: { status: 'settled' } } })
  await mineUntil('closed', async () => us.payloads('channel.closed').length === 1)
  const gained = (await walletSat()) - before
  t.true(gained > 640_000n && gained < 650_000n, `${gained}`)
  t.is(us.payloads('payment.failed').length, 0)
})

test('we close alone while we relay from LDK to LDK — the payee’s preimage claims the payer’s HTLC on the chain', async (t) => {
  const { interop, us, ldk: alice, channelId: incoming, walletSat, mineUntil } = await setUp(t)
  const bob = await interop.ldk('bob')
  await interop.connect(us, bob)
  const outgoing = await interop.openToLdk(us, bob)
  const before = await walletSat()
  bob.setAutoClaim(false)
  const paying = alice.pay(bob.createInvoice(AMOUNT))
  await bob.until('a held payment', () => bob.events.at(-1)?.type === 'payment-claimable')
  await us.ask('channels', 'forceClose', { channelId: incoming })
  await mineUntil('alice’s view of the close', async () => alice.channels().length === 0, 5, 1)
  bob.claimHeld()
  await us.until(async () => us.payloads('payment.relayed').length === 1)
  await mineUntil('alice’s payment sent', async () => alice.events.some(({ type }) => type === 'payment-sent'), 20)
  t.is((await paying).type, 'payment-sent')
  await mineUntil('closed', async () => us.payloads('channel.closed').length === 1)
  const gained = (await walletSat()) - before
  // Our share and the relayed amount with its fee of 6 sat, less what the transactions cost.
  t.true(gained > 738_000n && gained < 750_007n, `${gained}`)
  t.is((await interop.settled(us, bob, outgoing)).theirsMsat, AMOUNT)
})

test('LDK closes alone and tells us, with a payment of ours in flight — we record it, and LDK’s commitment stands', async (t) => {
  const { interop, us, ldk, channelId, mineUntil, hold } = await setUp(t)
  await hold()
  ldk.forceClose(channelId)
  // BOLT 1, error: the channel fails on our side, too.
  await us.until(async () => us.payloads('channel.closing').length > 0)
  t.true(us.payloads('channel.errored').some(({ source, text }) => source === 'remote' && text === 'asked to'))
  t.is((await ourChannel(us, channelId)).state, 'closing')
  await interop.mine(1)
  // What is ours in LDK's commitment is not claimed yet: the operator is told.
  await us.until(async () =>
    us.payloads('channel.errored').some(({ code }) => code === 'remote-commitment-not-handled'),
  )
  t.is((await ourChannel(us, channelId)).closeKind, 'remote-force')
  t.is((await ourChannel(us, channelId)).htlcsInFlight, 1)
  t.is(ldk.channels().length, 0)
  t.false(await us.isUsable(channelId))
  t.deepEqual(us.payloads('payment.failed'), [])
  // Its own share is LDK's when our delay is over.
  await mineUntil('LDK’s sweep', async () => ldk.events.some(({ type }) => type === 'swept'), 800, 40)
})

test('LDK closes alone while it is away, with a payment of ours in flight — we see it on the chain', async (t) => {
  const { interop, us, ldk, channelId, hold } = await setUp(t)
  await hold()
  await us.ask('peers', 'disconnect', { nodeId: ldk.nodeId })
  await ldk.until('the disconnection', () => !ldk.isConnected(us.id))
  ldk.forceClose(channelId)
  await interop.mine(1)
  await us.until(async () => us.payloads('channel.closing').length === 1)
  t.like(us.payloads('channel.closing')[0], { channelId, kind: 'remote-force', initiator: 'remote' })
  t.is((await ourChannel(us, channelId)).closeKind, 'remote-force')
  t.true(us.payloads('channel.errored').some(({ code }) => code === 'remote-commitment-not-handled'))
  t.deepEqual(us.payloads('payment.failed'), [])
})
