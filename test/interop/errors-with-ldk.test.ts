import test, { type ExecutionContext } from 'ava'
import { fromHex, utf8Encode } from '../../core/src/lib/bytes.ts'
import { interopWorld, ldkChannel, ourChannel } from './support/interop-world.ts'
import { inject } from './support/message-tap.ts'

const setUp = async (t: ExecutionContext) => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const log: string[] = []
  const ldk = await interop.ldk('ldk', (line) => void log.push(line))
  await interop.connect(us, ldk)
  const channelId = await interop.openToLdk(us, ldk, { pushMsat: 300_000_000n })
  return { interop, us, ldk, channelId, log }
}

const reasonOfClose = (ldk: Awaited<ReturnType<typeof setUp>>['ldk'], channelId: string): string => {
  const closed = ldk.events.find((event) => event.type === 'channel-closed' && event.channelId === channelId)
  return closed?.type === 'channel-closed' ? closed.reason : ''
}

test('our warning to LDK — LDK writes it down, and the channel goes on', async (t) => {
  const { us, ldk, channelId, log } = await setUp(t)
  inject(ldk.nodeId, { type: 'warning', channelId: fromHex(channelId), data: utf8Encode('mind the gap') })
  await ldk.until('the warning', () => log.some((line) => line.includes('mind the gap')))
  t.is((await us.pay(ldk.createInvoice(1_000_000n))).status, 'settled')
  t.true(ldkChannel(ldk, channelId).isUsable)
})

test('our error to LDK about one channel — LDK closes that one alone, and the other goes on', async (t) => {
  const { interop, us, ldk, channelId } = await setUp(t)
  const other = await interop.openToLdk(us, ldk, { pushMsat: 200_000_000n })
  await us.ask('channels', 'forceClose', { channelId })
  await ldk.until('the end of the channel', () => ldk.channels().length === 1)
  t.regex(reasonOfClose(ldk, channelId), /counterparty force-closed/)
  await interop.isUsable(us, ldk, other)
  t.is((await us.pay(ldk.createInvoice(1_000_000n))).status, 'settled')
  t.is((await interop.settled(us, ldk, other)).oursMsat, 799_000_000n)
})

test('our error to LDK about no channel in particular — LDK closes all of them', async (t) => {
  const { interop, us, ldk, channelId } = await setUp(t)
  const other = await interop.openToUs(ldk, us, { pushMsat: 200_000_000n })
  inject(ldk.nodeId, { type: 'error', channelId: new Uint8Array(32), data: utf8Encode('that was that') })
  await ldk.until('the end of both channels', () => ldk.channels().length === 0)
  for (const id of [channelId, other]) t.regex(reasonOfClose(ldk, id), /that was that/)
  // LDK publishes its commitments: we see them, whatever we thought of the channels.
  await interop.mine(1)
  for (const id of [channelId, other])
    await us.until(async () => (await ourChannel(us, id)).closeKind === 'remote-force')
})

test('a preimage from us that is none — LDK fails the channel with an error, which we report', async (t) => {
  const { interop, us, ldk, channelId } = await setUp(t)
  inject(ldk.nodeId, {
    type: 'update_fulfill_htlc',
    channelId: fromHex(channelId),
    id: 77n,
    paymentPreimage: new Uint8Array(32).fill(7),
  })
  await ldk.until('the end of the channel', () => ldk.channels().length === 0)
  await us.until(async () => us.payloads('channel.errored').length > 0)
  t.like(us.payloads('channel.errored')[0], { channelId, source: 'remote', code: 'peer-error' })
  t.regex(String(us.payloads('channel.errored')[0]?.text), /fulfill/)
  t.is((await ourChannel(us, channelId)).state, 'closing')
  await interop.mine(1)
  await us.until(async () => (await ourChannel(us, channelId)).closeKind !== undefined)
  t.false((await us.tryAsk('payments', 'payInvoice', { invoice: ldk.createInvoice(1_000n) })).ok)
})

test('a channel that LDK does not know — LDK says so by an error, and nothing else breaks', async (t) => {
  const { us, ldk, channelId, log } = await setUp(t)
  inject(ldk.nodeId, {
    type: 'update_fulfill_htlc',
    channelId: new Uint8Array(32).fill(9),
    id: 0n,
    paymentPreimage: new Uint8Array(32),
  })
  await ldk.until('its answer', () => log.some((line) => line.includes('Enqueueing message ErrorMessage')))
  await us.until(() => us.isUsable(channelId))
  t.is((await us.pay(ldk.createInvoice(1_000_000n))).status, 'settled')
  t.deepEqual(us.payloads('channel.errored'), [])
})
