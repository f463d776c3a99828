import { ours, type Stage } from '../stage/stage.ts'
import { compare, HALF, load } from './load.ts'
import { group } from './scenario.ts'

const restarts = (how: 'kill' | 'stop', times: number) => async (stage: Stage) => {
  const { t } = stage
  const { us, peer, channelId } = await stage.channel({ capacitySat: 5_000_000n, pushMsat: HALF })
  const settled = () => us.payloads('payment.sent').length + us.payloads('payment.received').length
  const side = {
    pay: async (invoice: string) => (await us.tryAsk('payments', 'payInvoice', { invoice })).ok,
    invoice: (amountMsat: bigint) => us.invoice(amountMsat),
  }
  const paying = load(stage, side, peer)
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
  await compare(stage, us, peer, channelId, { peerMayForget: how === 'kill' })
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
