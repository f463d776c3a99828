import type { TestNode } from '../../scenarios/support/world.ts'
import type { Peer } from '../drivers/driver.ts'
import { ours, type Stage } from '../stage/stage.ts'
import { group } from './scenario.ts'

const PUSHED = 300_000_000n
const AMOUNT = 50_000_000n
/** Enough for the delay that any peer asks of us, for its claims, and for the blocks that a payer adds to an expiry to hide how far it goes. */
const MANY_BLOCKS = 1_000

const setUp = async (stage: Stage) => {
  const { us, peer, channelId } = await stage.channel({ pushMsat: PUSHED })
  // The fees of anchors channels come from coins of the wallet.
  await stage.fundPeer(peer, 100_000n)
  const walletSat = async () => (await us.ask('wallet', 'balance', {})).confirmedSat
  const hold = async () => {
    const { bolt11, paymentHash } = await peer.createInvoice({ amountMsat: AMOUNT, hold: true })
    const asked = us.tryAsk('payments', 'payInvoice', { invoice: bolt11 })
    await stage.until('the peer holds it', () => peer.isHeld(paymentHash))
    return { asked, paymentHash }
  }
  return { us, peer, channelId, walletSat, hold, before: await walletSat(), theirsBefore: await peer.walletSat() }
}

/** Mines until it is known. */
const outcome = async <T>(stage: Stage, asked: Promise<T>): Promise<T> => {
  let known = false
  void asked.finally(() => {
    known = true
  })
  await stage.mineUntil('the outcome of a payment', async () => known, MANY_BLOCKS, 4)
  return await asked
}

/** Alone in the end: a peer that heard of it would publish its own commitment at once, and either may come first. */
const closeAlone = async (stage: Stage, us: TestNode, peer: Peer, channelId: string) => {
  await us.ask('peers', 'disconnect', { nodeId: peer.nodeId })
  await stage.until('the peer sees the end of it', async () => !(await peer.isConnected(us.id)))
  const closed = await us.ask('channels', 'forceClose', { channelId })
  await stage.until('our commitment waits for a block', async () => (await stage.mempool()).length > 0)
  return closed
}

/** Where the peer has seen the close. */
const untilPeerClosed = (stage: Stage, peer: Peer, channelId: string): Promise<void> =>
  stage.mineUntil(
    'the peer’s view of the close',
    async () => (await peer.channels()).every((each) => each.channelId !== channelId),
    5,
    1,
  )

const untilClosed = (stage: Stage, us: TestNode): Promise<void> =>
  stage.mineUntil('closed', async () => us.payloads('channel.closed').length === 1, MANY_BLOCKS, 12)

/** HTLCs of one channel: one that each side is to win, and one that each is to lose. */
const bothWays = async (stage: Stage) => {
  const { us, peer: alice, channelId, walletSat, hold } = await setUp(stage)
  const bob = await stage.peer(1)
  await stage.connect(us, bob)
  const outgoing = await stage.openTo(bob, us)
  const offer = async () => {
    const { bolt11, paymentHash } = await bob.createInvoice({ amountMsat: AMOUNT, hold: true, through: outgoing })
    const asked = alice.pay(bolt11)
    await stage.until('bob holds it', () => bob.isHeld(paymentHash))
    return { asked, paymentHash }
  }
  return {
    ...{ us, alice, bob, channelId, outgoing, walletSat },
    sent: { claimed: await hold(), left: await hold() },
    received: { claimed: await offer(), failed: await offer() },
    before: await walletSat(),
  }
}

export const forceClosing = group('Closes by one side alone', [
  ...(['we', 'peer'] as const).map((closer) => ({
    title: `${closer === 'we' ? 'we close' : 'the peer closes'} alone with payments in flight both ways — each side takes what is its own`,
    role: closer,
    needs: ['force-close', 'hold', 'private-hints', 'push'] as const,
    async run(stage: Stage) {
      const { t } = stage
      const { us, alice, bob, channelId, outgoing, walletSat, sent, received, before } = await bothWays(stage)
      if (closer === 'we') await closeAlone(stage, us, alice, channelId)
      else await alice.forceClose(channelId)
      await stage.until('the commitment is in the mempool', async () => (await stage.mempool()).length > 0)
      await stage.mine(1)
      await untilPeerClosed(stage, alice, channelId)
      const closeKind = closer === 'we' ? 'local-force' : 'remote-force'
      await us.until(async () => (await ours(us, channelId)).closeKind === closeKind)
      t.is((await ours(us, channelId)).htlcsInFlight, 4)

      await alice.settleHeld(sent.claimed.paymentHash)
      await bob.settleHeld(received.claimed.paymentHash)
      await bob.failHeld(received.failed.paymentHash)
      await us.until(async () => us.payloads('payment.relayed').length === 1)
      t.like(await outcome(stage, sent.claimed.asked), { ok: true, value: { payment: { status: 'settled' } } })
      t.like(await outcome(stage, received.claimed.asked), { ok: true })
      t.like(await outcome(stage, sent.left.asked), { ok: false, error: { code: 'payment-failed' } })
      t.like(await outcome(stage, received.failed.asked), { ok: false })
      await untilClosed(stage, us)
      // Our 700,000 sat, less what alice claimed, and what she offered us with its fee, less what the transactions cost.
      const gained = (await walletSat()) - before
      t.true(gained > 688_000n && gained < 700_100n, `${gained}`)
      t.is((await stage.settled(us, bob, outgoing)).theirsMsat, AMOUNT)
    },
  })),
  {
    title: 'the peer publishes a commitment that it has revoked, with payments in flight — all of the channel is ours',
    role: 'peer',
    needs: ['revoked-close', 'hold', 'private-hints', 'push'],
    async run(stage) {
      const { t } = stage
      const { us, alice, bob, channelId, walletSat, sent, received, before } = await bothWays(stage)
      const publish = await alice.rememberCommitment(channelId)
      await alice.settleHeld(sent.claimed.paymentHash)
      await alice.failHeld(sent.left.paymentHash)
      await bob.settleHeld(received.claimed.paymentHash)
      await bob.failHeld(received.failed.paymentHash)
      for (const { ok } of await Promise.all([sent.claimed.asked, received.claimed.asked])) t.true(ok)
      await Promise.all([sent.left.asked, received.failed.asked])
      await stage.settled(us, alice, channelId)

      const theirsBefore = await alice.walletSat()
      await publish()
      await stage.until('the old commitment is in the mempool', async () => (await stage.mempool()).length > 0)
      await stage.mine(1)
      await us.until(async () => us.payloads('channel.closing').length === 1)
      t.like(us.payloads('channel.closing')[0], { channelId, kind: 'revoked', initiator: 'remote' })
      await untilClosed(stage, us)
      const gained = (await walletSat()) - before
      t.true(gained > 985_000n && gained < 1_000_000n, `${gained}`)
      t.true((await alice.walletSat()) <= theirsBefore)
    },
  },
  {
    title: 'we close alone, with nothing in flight — our share comes back after the peer’s delay, the peer has its own',
    role: 'we',
    needs: ['force-close'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId, walletSat, before, theirsBefore } = await setUp(stage)
      const { txid } = await closeAlone(stage, us, peer, channelId)
      await stage.untilInMempool(txid)
      t.like(us.payloads('channel.closing')[0], { kind: 'local-force', initiator: 'local', txid })
      await untilPeerClosed(stage, peer, channelId)
      const gainedByPeer = async () => (await peer.walletSat()) - theirsBefore
      await stage.mineUntil('the peer’s share', async () => (await gainedByPeer()) > 290_000n, 400)
      await untilClosed(stage, us)
      t.like(us.payloads('channel.closed')[0], { kind: 'local-force', txid })
      const gained = (await walletSat()) - before
      t.true(gained > 690_000n && gained < 700_000n, `${gained}`)
    },
  },
  {
    title: 'we close alone with a payment in flight that the peer never claims — it fails, and its amount comes back',
    role: 'we',
    needs: ['force-close', 'hold'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId, walletSat, hold, before } = await setUp(stage)
      const { asked } = await hold()
      await closeAlone(stage, us, peer, channelId)
      await stage.mineUntil(
        'the payment failed',
        async () => us.payloads('payment.failed').length === 1,
        MANY_BLOCKS,
        1,
      )
      t.like(await asked, { ok: false, error: { code: 'payment-failed' } })
      await untilClosed(stage, us)
      const gained = (await walletSat()) - before
      t.true(gained > 688_000n && gained < 700_000n, `${gained}`)
      t.true((await peer.channels()).every((each) => each.channelId !== channelId))
    },
  },
  {
    title: 'we close alone with a payment in flight that the peer claims on the chain — we learn its preimage',
    role: 'we',
    needs: ['force-close', 'hold'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId, walletSat, hold, before } = await setUp(stage)
      const { asked, paymentHash } = await hold()
      await closeAlone(stage, us, peer, channelId)
      await untilPeerClosed(stage, peer, channelId)
      await peer.settleHeld(paymentHash)
      await stage.mineUntil('the payment settled', async () => us.payloads('payment.sent').length === 1, 20, 1)
      t.like(await asked, { ok: true, value: { payment: { status: 'settled' } } })
      await untilClosed(stage, us)
      const gained = (await walletSat()) - before
      t.true(gained > 640_000n && gained < 650_000n, `${gained}`)
      t.is(us.payloads('payment.failed').length, 0)
    },
  },
  {
    title: 'we close alone while we relay — the payee’s preimage claims the payer’s HTLC on the chain',
    role: 'we',
    needs: ['force-close', 'hold', 'private-hints'],
    async run(stage) {
      const { t } = stage
      const { us, peer: alice, channelId: incoming, walletSat } = await setUp(stage)
      const bob = await stage.peer(1)
      await stage.connect(us, bob)
      const outgoing = await stage.openTo(bob, us)
      const before = await walletSat()
      const { bolt11, paymentHash } = await bob.createInvoice({ amountMsat: AMOUNT, hold: true, through: outgoing })
      const paying = alice.pay(bolt11)
      await stage.until('bob holds it', () => bob.isHeld(paymentHash))
      await closeAlone(stage, us, alice, incoming)
      await untilPeerClosed(stage, alice, incoming)
      await bob.settleHeld(paymentHash)
      await us.until(async () => us.payloads('payment.relayed').length === 1)
      let outcome: Awaited<typeof paying> | undefined
      void paying.then((known) => {
        outcome = known
      })
      await stage.mineUntil('alice’s payment sent', async () => outcome !== undefined, 40, 1)
      t.like(await paying, { ok: true })
      await untilClosed(stage, us)
      const gained = (await walletSat()) - before
      // Our share and the relayed amount with its fee of 6 sat, less what the transactions cost.
      t.true(gained > 738_000n && gained < 750_007n, `${gained}`)
      t.is((await stage.settled(us, bob, outgoing)).theirsMsat, AMOUNT)
    },
  },
  {
    title:
      'the peer closes alone and tells us, with a payment of ours in flight — we take what is ours from its commitment',
    role: 'peer',
    needs: ['force-close', 'hold'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId, hold, walletSat, before, theirsBefore } = await setUp(stage)
      const { asked } = await hold()
      await peer.forceClose(channelId)
      // BOLT 1, error: the channel fails on our side, too.
      if (stage.can('error-on-force-close'))
        await us.until(async () => us.payloads('channel.errored').some(({ source }) => source === 'remote'))
      await stage.until('its commitment is in the mempool', async () => (await stage.mempool()).length > 0)
      await stage.mine(1)
      await us.until(async () => us.payloads('channel.closing').length > 0)
      t.is((await ours(us, channelId)).state, 'closing')
      t.is((await ours(us, channelId)).closeKind, 'remote-force')
      t.is((await ours(us, channelId)).htlcsInFlight, 1)
      t.true((await peer.channels()).every((each) => each.channelId !== channelId))
      t.false(await us.isUsable(channelId))
      t.deepEqual(us.payloads('payment.failed'), [])
      // Its own share is the peer's when our delay is over.
      const swept = async () => (await peer.walletSat()) - theirsBefore > 280_000n
      await stage.mineUntil('the peer’s sweep', swept, MANY_BLOCKS, 40)
      // BOLT 5: our share needs no delay, and the payment is ours again when it has timed out.
      await stage.mineUntil(
        'the payment failed',
        async () => us.payloads('payment.failed').length === 1,
        MANY_BLOCKS,
        1,
      )
      t.like(await asked, { ok: false, error: { code: 'payment-failed' } })
      await untilClosed(stage, us)
      const gained = (await walletSat()) - before
      t.true(gained > 690_000n && gained < 700_000n, `${gained}`)
    },
  },
  {
    title: 'the peer closes alone while it is away, with a payment of ours in flight — we see it on the chain',
    role: 'peer',
    needs: ['force-close', 'hold'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId, hold } = await setUp(stage)
      await hold()
      await us.ask('peers', 'disconnect', { nodeId: peer.nodeId })
      await stage.until('the peer sees the end of it', async () => !(await peer.isConnected(us.id)))
      await peer.forceClose(channelId)
      await stage.until('its commitment is in the mempool', async () => (await stage.mempool()).length > 0)
      await stage.mine(1)
      await us.until(async () => us.payloads('channel.closing').length === 1)
      t.like(us.payloads('channel.closing')[0], { channelId, kind: 'remote-force', initiator: 'remote' })
      t.is((await ours(us, channelId)).closeKind, 'remote-force')
      t.deepEqual(us.payloads('payment.failed'), [])
    },
  },
])
