import type { TestNode } from '../../scenarios/support/world.ts'
import type { Peer } from '../drivers/driver.ts'
import { ours, type Stage } from '../stage/stage.ts'
import { group } from './scenario.ts'

const HALF = 2_500_000_000n

interface Load {
  /** Ends it, and waits for what is under way. */
  stop(): Promise<void>
}

/** Payments of both sides, several at a time, of which many may fail while the peer is away. */
const load = (us: TestNode, peer: Peer): Load => {
  let wanted = true
  let number = 0
  const retry = () => new Promise((resolve) => setTimeout(resolve, 25))
  const worker = async (pay: (amountMsat: bigint) => Promise<void>): Promise<void> => {
    while (wanted) {
      try {
        await pay(1_000_000n + BigInt(number++))
      } catch {
        // The peer does not answer: its program is not there.
        await retry()
      }
    }
  }
  const out = async (amountMsat: bigint): Promise<void> => {
    const { bolt11 } = await peer.createInvoice({ amountMsat })
    const answer = await us.tryAsk('payments', 'payInvoice', { invoice: bolt11 })
    if (!answer.ok) await retry()
  }
  const back = async (amountMsat: bigint): Promise<void> => {
    const outcome = await peer.pay(await us.invoice(amountMsat))
    if (!outcome.ok) await retry()
  }
  const workers = [out, out, out, back, back, back].map(worker)
  return {
    async stop() {
      wanted = false
      await Promise.all(workers)
    },
  }
}

/** Both sides' books against one another, and against the channel: to the millisatoshi, once for each payment. */
const compare = async (stage: Stage, us: TestNode, peer: Peer, channelId: string): Promise<void> => {
  const { t } = stage
  await stage.isUsable(us, peer, channelId)
  const { oursMsat } = await stage.settled(us, peer, channelId)
  const sent = us.payloads('payment.sent').map((each) => ({
    hash: String(each.paymentHash),
    amount: BigInt(each.amountMsat as string),
  }))
  const received = us.payloads('payment.received').map((each) => BigInt(each.amountMsat as string))
  const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n)
  t.is(oursMsat, HALF - sum(sent.map(({ amount }) => amount)) + sum(received), 'the channel has what was paid')
  const theirs = new Map((await peer.received()).map(({ paymentHash, amountMsat }) => [paymentHash, amountMsat]))
  t.deepEqual(
    sent.filter(({ hash, amount }) => theirs.get(hash) !== amount),
    [],
    'the peer has received all that we have sent',
  )
  t.is(new Set(sent.map(({ hash }) => hash)).size, sent.length)
  t.deepEqual((await us.ask('payments', 'list', { status: 'in-flight' })).items, [])
  t.log(`${sent.length} payments there, ${received.length} back`)
  t.true(sent.length >= 20 && received.length >= 20)
}

const restarts = (how: 'kill' | 'stop', times: number) => async (stage: Stage) => {
  const { t } = stage
  const { us, peer, channelId } = await stage.channel({ capacitySat: 5_000_000n, pushMsat: HALF })
  const settled = () => us.payloads('payment.sent').length + us.payloads('payment.received').length
  const paying = load(us, peer)
  for (let i = 0; i < times; i++) {
    const before = settled()
    await us.until(async () => settled() >= before + 6)
    await peer[how]()
    await peer.start()
    // An operator who sees the peer come back need not wait for the pause after many short connections.
    await stage.until('a connection', async () => {
      if (await peer.isConnected(us.id)) return true
      await us.tryAsk('peers', 'connect', { nodeId: peer.nodeId, address: peer.address })
      return peer.isConnected(us.id)
    })
    await stage.isUsable(us, peer, channelId)
    t.is((await ours(us, channelId)).closeKind, undefined, `after ${i + 1}`)
  }
  await paying.stop()
  await compare(stage, us, peer, channelId)
  t.deepEqual(
    us.payloads('channel.closing').map(({ kind }) => kind),
    [],
  )
}

export const restartingPeer = group('Restarts of the peer', [
  {
    title: 'the peer restarts 20 times in good order under load — no channel is lost, and all payments agree',
    role: 'peer',
    needs: ['restart'],
    timeoutMs: 900_000,
    ownPeers: true,
    run: restarts('stop', 20),
  },
  {
    title: 'the peer is killed 10 times under load — no channel is lost, and all payments agree',
    role: 'peer',
    needs: ['kill'],
    timeoutMs: 900_000,
    ownPeers: true,
    run: restarts('kill', 10),
  },
  {
    title: 'the peer restarts while we hold nothing and it holds a payment of ours — it settles when that is claimed',
    role: 'peer',
    needs: ['restart', 'hold'],
    ownPeers: true,
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ capacitySat: 5_000_000n, pushMsat: HALF })
      const { bolt11, paymentHash } = await peer.createInvoice({ amountMsat: 30_000_000n, hold: true })
      const asked = us.tryAsk('payments', 'payInvoice', { invoice: bolt11 })
      await stage.until('the peer holds it', () => peer.isHeld(paymentHash))
      await peer.stop()
      await peer.start()
      await stage.connect(us, peer)
      await stage.isUsable(us, peer, channelId)
      await stage.until('the peer holds it still', () => peer.isHeld(paymentHash))
      await peer.settleHeld(paymentHash)
      t.true((await asked).ok)
      t.is((await stage.settled(us, peer, channelId)).oursMsat, HALF - 30_000_000n)
    },
  },
  {
    title:
      'the peer starts on an old copy of its database — we close with the latest state, and it has its share of that',
    role: 'peer',
    needs: ['old-database', 'restart'],
    ownPeers: true,
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ capacitySat: 5_000_000n, pushMsat: HALF })
      await peer.stop()
      await peer.saveDatabase()
      await peer.start()
      await stage.connect(us, peer)
      await stage.isUsable(us, peer, channelId)
      for (let i = 0; i < 3; i++) {
        const { bolt11 } = await peer.createInvoice({ amountMsat: 100_000_000n })
        t.is((await us.pay(bolt11)).status, 'settled')
      }
      const { theirsMsat } = await stage.settled(us, peer, channelId)
      await peer.stop()
      await peer.restoreDatabase()
      await peer.start()
      const before = await peer.walletSat()
      await us.tryAsk('peers', 'connect', { nodeId: peer.nodeId, address: peer.address })
      await us.until(async () => (await ours(us, channelId)).state === 'closing')
      // BOLT 2, channel_reestablish: it is the peer that lost data, and only our commitment may be published.
      await stage.until('our commitment is in the mempool', async () =>
        (await stage.mempool()).some(({ outputs }) => outputs.some(({ amount }) => amount === theirsMsat / 1000n)),
      )
      await stage.mine(1)
      t.is((await ours(us, channelId)).closeKind, 'local-force')
      const gained = async () => (await peer.walletSat()) - before
      await stage.mineUntil('the peer’s share', async () => (await gained()) > theirsMsat / 1000n - 20_000n, 400)
    },
  },
])
