import { ours } from '../stage/stage.ts'
import { group } from './scenario.ts'

const PUSHED = 300_000_000n

/** What few implementations ask for, and all may. */
export const unusualAsks = group('What few ask for', [
  {
    title: 'the peer asks for a higher reserve than is usual — we keep it, and pay what is above it',
    role: 'peer',
    needs: ['opening-terms', 'push'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ opener: 'peer', pushMsat: PUSHED, reserveSat: 40_000n })
      // BOLT 2, accept_channel: at or above the reserve at all times.
      t.is((await ours(us, channelId)).spendableMsat, PUSHED - 40_000_000n)
      const { bolt11: tooMuch } = await peer.createInvoice({ amountMsat: PUSHED - 39_999_000n })
      const refused = await us.tryAsk('payments', 'payInvoice', { invoice: tooMuch })
      t.false(refused.ok)
      const { bolt11 } = await peer.createInvoice({ amountMsat: PUSHED - 40_000_000n })
      t.is((await us.pay(bolt11)).status, 'settled')
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 40_000_000n)
      t.like(await peer.pay(await us.invoice(5_000_000n)), { ok: true })
      t.deepEqual(us.payloads('channel.errored'), [])
    },
  },
  {
    title: 'the peer asks for a reserve above what we accept — it reads a refusal, and a usual one opens',
    role: 'peer',
    needs: ['opening-terms'],
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const us = await stage.node('us')
      await stage.connect(us, peer)
      await t.throwsAsync(peer.openChannel(us.id, { capacitySat: 1_000_000n, reserveSat: 200_000n }))
      t.is((await us.ask('channels', 'list', {})).items.length, 0)
      t.true(await peer.isConnected(us.id))
      await stage.openFrom(peer, us)
    },
  },
  {
    title:
      'the peer names, as it opens, a script for its close, which binds neither without the feature — we close with it',
    role: 'both',
    needs: ['close-to-at-opening'],
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      // BOLT 2, shutdown: what is named at the opening binds where both advertise it, and we do not.
      const closeTo = await peer.newScript()
      const { us, channelId } = await stage.channel({ opener: 'peer', closeTo })
      await us.ask('channels', 'close', { channelId })
      await stage.until('the closing transaction', async () => (await stage.mempool()).length > 0)
      await stage.mine(6)
      await us.until(async () => us.payloads('channel.closed').length === 1)
      t.like(us.payloads('channel.closed')[0], { kind: 'mutual' })
      t.true(await peer.isConnected(us.id))
    },
  },
  {
    title: 'the peer offers channels that both fund — each side’s opening falls back to one funder',
    role: 'both',
    needs: ['dual-funding', 'push'],
    ownPeers: true,
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      await peer.restartWith({ dualFunding: true })
      const { us, channelId } = await stage.channel({ pushMsat: PUSHED })
      const second = await stage.openFrom(peer, us, { pushMsat: PUSHED })
      t.is((await ours(us, channelId)).channelType, 'anchors-zero-fee-htlc')
      // Core Lightning chooses by itself whether what it opens in the end hides its id.
      t.regex((await ours(us, second)).channelType, /^anchors-zero-fee-htlc(\+scid-alias)?$/)
      t.is((await us.pay((await peer.createInvoice({ amountMsat: 2_000_000n })).bolt11)).status, 'settled')
      t.like(await peer.pay(await us.invoice(1_000_000n)), { ok: true })
    },
  },
  {
    title:
      'the peer closes while our node is away, waits as long as it was told, and closes alone — we find it on the chain',
    role: 'peer',
    needs: ['close-deadline'],
    async run(stage) {
      const { t } = stage
      const path = `${stage.folder()}/node.sqlite`
      const { us, peer, channelId } = await stage.channel({ pushMsat: PUSHED, node: { path } })
      await stage.fundPeer(peer, 100_000n)
      await us.stop()
      await peer.closeChannel(channelId, { deadlineSeconds: 1 })
      await stage.until('its commitment', async () => (await stage.mempool()).length > 0)
      await stage.mine(1)
      await us.start()
      // The peer says it, too; what was published decides, and is known first.
      await us.until(async () => (await ours(us, channelId)).closeKind === 'remote-force')
      await stage.mine(1)
      t.is((await ours(us, channelId)).closeKind, 'remote-force')
      t.deepEqual(
        us.payloads('channel.closing').map(({ kind }) => kind),
        ['remote-force'],
      )
    },
  },
])
