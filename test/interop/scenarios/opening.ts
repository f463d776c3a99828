import { ours, type Stage, theirs } from '../stage/stage.ts'
import { group } from './scenario.ts'

export const opening = group('Openings', [
  {
    title: 'we connect and open a channel — both sides use it, and the peer has what was pushed',
    role: 'we',
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ capacitySat: 800_000n, pushMsat: 123_456_789n })
      t.like(us.payloads('peer.connected')[0], { nodeId: peer.nodeId, direction: 'outbound' })
      const channel = await ours(us, channelId)
      t.like(channel, {
        state: 'usable',
        peer: peer.nodeId,
        initiator: 'local',
        channelType: 'anchors-zero-fee-htlc',
        capacitySat: 800_000n,
        localMsat: 676_543_211n,
        remoteMsat: 123_456_789n,
      })
      // BOLT 2, channel_ready: each side knows the alias that the other gave the channel.
      t.is(channel.aliases.length, 1)
      t.not(channel.remoteAlias, undefined)
      t.not(channel.remotePolicy, undefined)
      const { feeBaseMsat, feeProportionalMillionths, cltvExpiryDelta } = channel.localPolicy
      t.like(await theirs(peer, channelId), {
        isOpener: false,
        isUsable: true,
        capacitySat: 800_000n,
        localMsat: 123_456_789n - (123_456_789n % peer.precisionMsat),
        ourPolicy: { feeBaseMsat: Number(feeBaseMsat), feeProportionalMillionths, cltvExpiryDelta },
      })
    },
  },
  {
    title: 'the peer connects and opens a channel — both sides use it, and we have what was pushed',
    role: 'peer',
    needs: ['push'],
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const us = await stage.node('us')
      await peer.connect(us.id, us.address)
      await us.until(async () => us.payloads('peer.connected').length === 1)
      t.like(us.payloads('peer.connected')[0], { nodeId: peer.nodeId, direction: 'inbound' })
      const channelId = await stage.openFrom(peer, us, { capacitySat: 700_000n, pushMsat: 98_765_000n })
      const channel = await ours(us, channelId)
      // Some ask for a hidden id wherever they announce nothing.
      t.regex(channel.channelType, /^anchors-zero-fee-htlc(\+scid-alias)?$/)
      t.like(channel, {
        state: 'usable',
        initiator: 'remote',
        capacitySat: 700_000n,
        localMsat: 98_765_000n,
        remoteMsat: 601_235_000n,
      })
      t.like(await theirs(peer, channelId), { isOpener: true, isUsable: true, localMsat: 601_235_000n })
      t.is((await us.ask('channels', 'list', { state: 'usable' })).items.length, 1)
    },
  },
  {
    title: 'several channels, opened by either side, live beside one another',
    role: 'both',
    needs: ['push'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId: first } = await stage.channel({ pushMsat: 200_000_000n })
      const second = await stage.openFrom(peer, us, { pushMsat: 300_000_000n })
      const third = await stage.openTo(peer, us, { capacitySat: 3_000_000n, pushMsat: 400_000_000n })
      t.is(new Set([first, second, third]).size, 3)
      const held: bigint[] = []
      for (const channelId of [first, second, third]) held.push((await theirs(peer, channelId)).localMsat)
      t.deepEqual(held, [200_000_000n, 700_000_000n, 400_000_000n])
    },
  },
  {
    title: 'the peer refuses our channel — the operator reads why, and the coins are free again',
    role: 'we',
    needs: ['refuse-openings'],
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const us = await stage.node('us')
      await stage.connect(us, peer)
      const before = (await peer.channels()).length
      await peer.setAcceptChannels(false)
      const answer = await us.tryAsk('channels', 'open', { nodeId: peer.nodeId, fundingSat: 100_000n })
      t.like(answer, { ok: false, error: { code: 'refused-by-peer' } })
      // A peer may put words of its own before it.
      t.regex(answer.ok ? '' : answer.error.message, /no more channels/)
      const balance = await us.ask('wallet', 'balance', {})
      t.is(balance.reservedSat, 0n)
      t.is(balance.spendableSat, 20_000_000n)
      t.is((await peer.channels()).length, before)
      t.true(await peer.isConnected(us.id))
      await peer.setAcceptChannels(true)
      await stage.openTo(peer, us)
    },
  },
  {
    title: 'we refuse a channel of the peer that is too small — the peer reads why, and a larger one opens',
    role: 'peer',
    needs: ['small-opening', 'message-log'],
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const us = await stage.node('us')
      await stage.connect(us, peer)
      // LDK tries again with a channel type that is none of ours, whatever we refused it for, and reports that.
      await t.throwsAsync(peer.openChannel(us.id, { capacitySat: 19_999n }))
      await stage.until('why', () => peer.log().some((line) => line.includes('funding too small')))
      t.is((await us.ask('channels', 'list', {})).items.length, 0)
      t.true(await peer.isConnected(us.id))
      await stage.openFrom(peer, us)
    },
  },
  {
    title: 'both sides open a channel at once, one of them a large one — both become usable',
    role: 'both',
    needs: ['crossing-openings', 'large-opening', 'push'],
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const us = await stage.node('us')
      await stage.connect(us, peer)
      // BOLT 2, option_support_large_channel: from 2^24 satoshis on.
      const [large, own] = await Promise.all([
        peer.openChannel(us.id, { capacitySat: 100_000_000n, pushMsat: 40_000_000_000n }),
        us.ask('channels', 'open', { nodeId: peer.nodeId, fundingSat: 2_000_000n }),
      ])
      await stage.becomesUsable(us, peer, large)
      await stage.isUsable(us, peer, own.channelId)
      const { bolt11 } = await peer.createInvoice({ amountMsat: 20_000_000_001n })
      t.is((await us.pay(bolt11)).status, 'settled')
      t.is((await stage.settled(us, peer, large)).oursMsat, 19_999_999_999n)
    },
  },
  {
    title: 'we open small channels and large ones — the peer takes each, and pays in it',
    role: 'we',
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const us = await stage.node('us')
      await stage.connect(us, peer)
      const channels: string[] = []
      let expected = 0n
      for (const capacitySat of [20_000n, 54_600n, 16_777_215n]) {
        const pushMsat = (capacitySat * 1000n) / 2n
        const answer = await us.tryAsk('channels', 'open', { nodeId: peer.nodeId, fundingSat: capacitySat, pushMsat })
        if (!answer.ok) {
          // A peer may have a floor of its own: then the refusal is its, and says so.
          t.is(answer.error.code, 'refused-by-peer', `${capacitySat} ${answer.error.message}`)
          continue
        }
        const { channelId } = answer.value as { channelId: string }
        channels.push(channelId)
        await stage.becomesUsable(us, peer, channelId)
        t.like(await peer.pay(await us.invoice(2_000_000n)), { ok: true }, `${capacitySat}`)
        expected += capacitySat * 1000n - pushMsat + 2_000_000n
      }
      // Whichever of them it chose.
      let balance = 0n
      for (const channelId of channels) balance += (await stage.settled(us, peer, channelId)).oursMsat
      t.is(balance, expected)
      t.true(channels.length > 0)
    },
  },
  {
    title: 'the peer opens a channel that hides its real id — it opens, and both pay',
    role: 'peer',
    needs: ['scid-alias-opening'],
    async run(stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ opener: 'peer', kind: 'scid-alias' })
      t.like(await peer.pay(await us.invoice(300_000_000n)), { ok: true })
      await stage.settled(us, peer, channelId)
      const { bolt11 } = await peer.createInvoice({ amountMsat: 1_000_000n })
      t.is((await us.pay(bolt11)).status, 'settled')
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 299_000_000n)
    },
  },
  {
    title: 'we open a channel that is used before its funding confirms — both pay in it at once, and go on when it has',
    role: 'we',
    needs: ['zero-conf-accepting'],
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const us = await stage.node('us')
      await stage.connect(us, peer)
      await peer.setTrustsOpeners(true)
      for (const hiddenId of [false, true]) {
        const request = {
          nodeId: peer.nodeId,
          fundingSat: 1_000_000n,
          pushMsat: 300_000_000n,
          zeroConf: true,
          hiddenId,
        }
        const { channelId } = await us.ask('channels', 'open', request)
        await stage.isUsable(us, peer, channelId)
        t.like((await ours(us, channelId)).fundings[0], { status: 'unconfirmed' })
        await stage.knowsPolicies(us, peer, channelId)
        t.like(await peer.pay(await us.invoice(5_000_000n)), { ok: true })
        const { bolt11 } = await peer.createInvoice({ amountMsat: 7_000_000n })
        t.is((await us.pay(bolt11)).status, 'settled')
        await stage.mine(6)
        await us.until(async () => (await ours(us, channelId)).shortChannelId !== undefined)
        t.like(await peer.pay(await us.invoice(1_000_000n)), { ok: true })
        await us.ask('channels', 'close', { channelId })
        await us.until(async () => !(await us.isUsable(channelId)))
      }
      await peer.setTrustsOpeners(false)
    },
  },
  {
    title:
      'the peer opens a channel and we trust it — both pay in it before its funding confirms, over a new connection, and after',
    role: 'peer',
    needs: ['zero-conf-using', 'push'],
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const us = await stage.node('us', { choices: { zeroConfPeers: [peer.nodeId] } })
      await stage.connect(us, peer)
      const channelId = await peer.openChannel(us.id, {
        capacitySat: 1_000_000n,
        pushMsat: 300_000_000n,
        // Some do it only with who asks, and others wherever they are trusted.
        ...(stage.can('zero-conf-opening') ? { kind: 'zero-conf' } : {}),
      })
      await stage.isUsable(us, peer, channelId)
      await stage.knowsPolicies(us, peer, channelId)
      t.like(await peer.pay(await us.invoice(50_000_000n)), { ok: true })
      const { bolt11 } = await peer.createInvoice({ amountMsat: 7_000_000n })
      t.is((await us.pay(bolt11)).status, 'settled')
      await stage.settled(us, peer, channelId)
      const unconfirmed = await ours(us, channelId)
      t.is(unconfirmed.unconfirmedMsat, 343_000_000n)
      t.is(unconfirmed.shortChannelId, undefined)
      await us.ask('peers', 'disconnect', { nodeId: peer.nodeId })
      await stage.connect(us, peer)
      await stage.isUsable(us, peer, channelId)
      await stage.mine(6)
      await us.until(async () => (await ours(us, channelId)).shortChannelId !== undefined)
      t.is((await ours(us, channelId)).unconfirmedMsat, undefined)
      await stage.isUsable(us, peer, channelId)
      t.like(await peer.pay(await us.invoice(1_000_000n)), { ok: true })
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 344_000_000n)
    },
  },
  {
    title: 'we open a channel that hides its real id — it opens, and both pay',
    role: 'we',
    needs: ['scid-alias-opening'],
    async run(stage) {
      const { t } = stage
      const peer = await stage.peer()
      const us = await stage.node('us')
      await stage.connect(us, peer)
      const { channelId } = await us.ask('channels', 'open', {
        nodeId: peer.nodeId,
        fundingSat: 1_000_000n,
        pushMsat: 300_000_000n,
        hiddenId: true,
      })
      await stage.becomesUsable(us, peer, channelId)
      t.is((await ours(us, channelId)).channelType, 'anchors-zero-fee-htlc+scid-alias')
      t.like(await peer.pay(await us.invoice(5_000_000n)), { ok: true })
      const { bolt11 } = await peer.createInvoice({ amountMsat: 7_000_000n })
      t.is((await us.pay(bolt11)).status, 'settled')
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 698_000_000n)
    },
  },
  ...(['taproot', 'zero-conf'] as const).map((kind) => ({
    title: `the peer asks for a channel of a kind that we do not have (${kind}) — it reads a refusal, and all else goes on`,
    role: 'peer' as const,
    needs: [`${kind}-opening` as const],
    async run(stage: Stage) {
      const { t } = stage
      const { us, peer, channelId } = await stage.channel({ pushMsat: 300_000_000n })
      const drops = us.payloads('peer.disconnected').length
      await t.throwsAsync(peer.openChannel(us.id, { capacitySat: 400_000n, kind }))
      t.is((await us.ask('channels', 'list', {})).items.length, 1)
      // A refusal has the size of what is refused: the connection and the other channel do not notice.
      t.like(await peer.pay(await us.invoice(5_000_000n)), { ok: true })
      t.is((await stage.settled(us, peer, channelId)).oursMsat, 705_000_000n)
      t.is(us.payloads('peer.disconnected').length, drops)
      await stage.openFrom(peer, us)
    },
  })),
])
