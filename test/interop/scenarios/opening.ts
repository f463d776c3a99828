import { ours, theirs } from '../stage/stage.ts'
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
      t.like(await ours(us, channelId), {
        state: 'usable',
        initiator: 'remote',
        channelType: 'anchors-zero-fee-htlc',
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
])
