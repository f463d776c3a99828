import test from 'ava'
import { interopWorld, ldkChannel, ourChannel } from './support/interop-world.ts'

test('we connect to LDK and open a channel — both sides use it, and LDK has what was pushed', async (t) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  await us.until(async () => us.payloads('peer.connected').length === 1)
  t.like(us.payloads('peer.connected')[0], { nodeId: ldk.nodeId, direction: 'outbound' })
  const channelId = await interop.openToLdk(us, ldk, { capacitySat: 800_000n, pushMsat: 123_456_789n })

  t.like(await ourChannel(us, channelId), {
    state: 'usable',
    peer: ldk.nodeId,
    initiator: 'local',
    channelType: 'anchors-zero-fee-htlc',
    capacitySat: 800_000n,
    localMsat: 676_543_211n,
    remoteMsat: 123_456_789n,
  })
  t.like(ldkChannel(ldk, channelId), {
    peer: us.id,
    isOpener: false,
    isReady: true,
    capacitySat: 800_000n,
    localMsat: 123_456_789n,
  })
  // BOLT 2, channel_ready: each side knows the alias that the other gave the channel.
  const { aliases, remoteAlias, shortChannelId, remotePolicy, localPolicy } = await ourChannel(us, channelId)
  t.is(aliases.length, 1)
  t.not(remoteAlias, undefined)
  t.not(remoteAlias, shortChannelId)
  t.not(remotePolicy, undefined)
  t.not(ldkChannel(ldk, channelId).inboundAlias, undefined)
  t.not(ldkChannel(ldk, channelId).inboundAlias, ldkChannel(ldk, channelId).shortChannelId)
  t.deepEqual(ldkChannel(ldk, channelId).peerPolicy, {
    feeBaseMsat: Number(localPolicy.feeBaseMsat),
    feeProportionalMillionths: localPolicy.feeProportionalMillionths as number,
    cltvExpiryDelta: localPolicy.cltvExpiryDelta,
  })
})

test('LDK connects to us and opens a channel — both sides use it, and we have what was pushed', async (t) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  const [host, port] = us.address.split(':') as [string, string]
  await ldk.connect(host, Number(port), us.id)
  await us.until(async () => us.payloads('peer.connected').length === 1)
  t.like(us.payloads('peer.connected')[0], { nodeId: ldk.nodeId, direction: 'inbound' })
  const channelId = await interop.openToUs(ldk, us, { capacitySat: 700_000n, pushMsat: 98_765_432n })

  t.like(await ourChannel(us, channelId), {
    state: 'usable',
    initiator: 'remote',
    channelType: 'anchors-zero-fee-htlc',
    capacitySat: 700_000n,
    localMsat: 98_765_432n,
    remoteMsat: 601_234_568n,
  })
  t.like(ldkChannel(ldk, channelId), { isOpener: true, isUsable: true, localMsat: 601_234_568n })
  t.is((await us.ask('channels', 'list', { state: 'usable' })).items.length, 1)
})

test('several channels with one LDK node, opened by either side, live beside one another', async (t) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  const first = await interop.openToLdk(us, ldk, { pushMsat: 200_000_000n })
  const second = await interop.openToUs(ldk, us, { pushMsat: 300_000_000n })
  const third = await interop.openToLdk(us, ldk, { capacitySat: 3_000_000n, pushMsat: 400_000_000n })
  t.is(new Set([first, second, third]).size, 3)
  t.deepEqual(
    [first, second, third].map((id) => ldkChannel(ldk, id).localMsat),
    [200_000_000n, 700_000_000n, 400_000_000n],
  )
})

test('LDK refuses our channel — the operator reads why, and the coins are free again', async (t) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  ldk.setAcceptChannels(false)
  const answer = await us.tryAsk('channels', 'open', { nodeId: ldk.nodeId, fundingSat: 100_000n })
  t.like(answer, { ok: false, error: { code: 'refused-by-peer', message: 'no more channels' } })
  const balance = await us.ask('wallet', 'balance', {})
  t.is(balance.reservedSat, 0n)
  t.is(balance.spendableSat, 20_000_000n)
  t.is(ldk.channels().length, 0)
  t.true(ldk.isConnected(us.id))
  ldk.setAcceptChannels(true)
  await interop.openToLdk(us, ldk)
})

test('we refuse the channel of LDK — LDK reads why', async (t) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const log: string[] = []
  const ldk = await interop.ldk('ldk', (line) => void log.push(line))
  await interop.connect(us, ldk)
  // LDK tries again with a channel type that is none of ours, whatever we refused it for.
  await t.throwsAsync(ldk.openChannel(us.id, 19_999n), { message: /channel type not supported/ })
  t.true(log.some((line) => line.includes('ErrorMessage') && line.includes('funding too small')))
  t.is((await us.ask('channels', 'list', {})).items.length, 0)
  t.true(ldk.isConnected(us.id))
  await interop.openToUs(ldk, us)
})

test('both sides open a channel at once, one of them a large one — both become usable', async (t) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  // BOLT 2, option_support_large_channel: from 2^24 satoshis on.
  const [theirs, ours] = await Promise.all([
    ldk.openChannel(us.id, 100_000_000n, { pushMsat: 40_000_000_000n }),
    us.ask('channels', 'open', { nodeId: ldk.nodeId, fundingSat: 2_000_000n }),
  ])
  await interop.becomesUsable(us, ldk, theirs)
  await interop.isUsable(us, ldk, ours.channelId as string)
  t.is((await us.pay(ldk.createInvoice(20_000_000_001n))).status, 'settled')
  t.is((await interop.settled(us, ldk, theirs)).oursMsat, 19_999_999_999n)
})
