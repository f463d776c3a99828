import test, { type ExecutionContext } from 'ava'
import { displayTxid, type Tx } from '../../core/src/bitcoin/transaction.ts'
import type { TestNode } from '../scenarios/support/world.ts'
import { type InteropWorld, interopWorld, ldkChannel, ourChannel } from './support/interop-world.ts'
import { cutAt } from './support/message-tap.ts'

const CAPACITY_SAT = 1_000_000n

const setUp = async (t: ExecutionContext, opener: 'us' | 'ldk') => {
  const interop = await interopWorld(t)
  const us = await interop.node('us')
  const ldk = await interop.ldk('ldk')
  await interop.connect(us, ldk)
  const pushMsat = 400_000_000n
  const channelId =
    opener === 'us' ? await interop.openToLdk(us, ldk, { pushMsat }) : await interop.openToUs(ldk, us, { pushMsat })
  // Not whole satoshis on either side.
  t.is((await us.pay(ldk.createInvoice(12_345_678n))).status, 'settled')
  const balances = await interop.settled(us, ldk, channelId)
  return { interop, us, ldk, channelId, balances }
}

const sorted = (amounts: readonly bigint[]): bigint[] => [...amounts].sort((a, b) => (a < b ? -1 : 1))

const closingTx = async (interop: InteropWorld, us: TestNode): Promise<Tx> => {
  const txidOfClose = () => us.payloads('channel.closing').find(({ txid }) => txid !== undefined)?.txid
  await us.until(async () => txidOfClose() !== undefined)
  const find = () => interop.world.chain.mempool.find(({ txid }) => displayTxid(txid) === txidOfClose())
  await us.until(async () => find() !== undefined)
  return find()?.tx as Tx
}

/** Mines the closing transaction, and checks all that it left, to the satoshi. */
const checkOutcome = async (
  t: ExecutionContext,
  { interop, us, ldk, channelId, balances }: Awaited<ReturnType<typeof setUp>>,
  opener: 'us' | 'ldk',
  feeBounds: { readonly least: bigint; readonly most: bigint },
): Promise<void> => {
  const before = (await us.ask('wallet', 'balance', {})).confirmedSat
  const tx = await closingTx(interop, us)
  const amounts = tx.outputs.map(({ amount }) => amount as bigint)
  t.is(amounts.length, 2)
  const fee = CAPACITY_SAT - amounts.reduce((sum, amount) => sum + amount, 0n)
  t.true(fee >= feeBounds.least && fee <= feeBounds.most, `fee ${fee}`)
  // BOLT 3, closing transaction: rounded down to whole satoshis, and the opener pays the fee.
  const ours = balances.oursMsat / 1000n
  const theirs = balances.theirsMsat / 1000n
  const lost = CAPACITY_SAT - ours - theirs
  const [ourOutput, theirOutput] = opener === 'us' ? [ours - (fee - lost), theirs] : [ours, theirs - (fee - lost)]
  t.deepEqual(sorted(amounts), sorted([ourOutput, theirOutput]))

  await interop.mine(6)
  await us.until(async () => us.payloads('channel.closed').length === 1)
  t.like(us.payloads('channel.closed')[0], { channelId, kind: 'mutual' })
  await us.until(async () => (await us.ask('wallet', 'balance', {})).confirmedSat === before + ourOutput)
  t.is((await us.ask('channels', 'list', {})).items.length, 0)
  await ldk.until('the end of the channel', () => ldk.channels().length === 0)
  t.true(ldk.events.some(({ type }) => type === 'channel-closed'))
  // LDK says goodbye with an error when it sees the transaction in a block, and by then nothing is left to be failed.
  for (const { text } of us.payloads('channel.errored')) t.regex(String(text), /transaction was confirmed on chain/)
}

// The lowest fee rate that travels, and the same for twice the weight: fees are agreed on between both sides.
const LOW = { least: 150n, most: 400n }

for (const opener of ['us', 'ldk'] as const) {
  test(`we close a channel that ${opener === 'us' ? 'we' : 'LDK'} opened — both have theirs on the chain`, async (t) => {
    const set = await setUp(t, opener)
    await set.us.ask('channels', 'close', { channelId: set.channelId })
    t.like(set.us.payloads('channel.closing')[0], { initiator: 'local', kind: 'mutual' })
    await checkOutcome(t, set, opener, LOW)
  })

  test(`LDK closes a channel that ${opener === 'us' ? 'we' : 'LDK'} opened — both have theirs on the chain`, async (t) => {
    const set = await setUp(t, opener)
    set.ldk.closeChannel(set.channelId)
    await set.us.until(async () => set.us.payloads('channel.closing').length > 0)
    t.like(set.us.payloads('channel.closing')[0], { initiator: 'remote', kind: 'mutual' })
    await checkOutcome(t, set, opener, LOW)
  })
}

test('we close at a fee rate of our own, as the opener — LDK agrees', async (t) => {
  const set = await setUp(t, 'us')
  await set.us.ask('channels', 'close', { channelId: set.channelId, feerate: 1_000 })
  await checkOutcome(t, set, 'us', { least: 600n, most: 1_500n })
})

test('LDK closes at a higher fee rate than ours, as the opener — we agree', async (t) => {
  const set = await setUp(t, 'ldk')
  set.ldk.setFeerate(2_000)
  await set.interop.settled(set.us, set.ldk, set.channelId)
  set.ldk.closeChannel(set.channelId)
  await checkOutcome(t, set, 'ldk', { least: 1_200n, most: 4_000n })
})

for (const closer of ['we', 'LDK'] as const)
  test(`${closer} close with a payment in flight — it settles first, then the channel closes`, async (t) => {
    const set = await setUp(t, 'us')
    const { us, ldk, channelId, balances } = set
    ldk.setAutoClaim(false)
    const paying = us.tryAsk('payments', 'payInvoice', { invoice: ldk.createInvoice(50_000_000n) })
    await ldk.until('a held payment', () => ldk.events.at(-1)?.type === 'payment-claimable')
    if (closer === 'we') await us.ask('channels', 'close', { channelId })
    else ldk.closeChannel(channelId)
    await us.until(async () => (await ourChannel(us, channelId)).state === 'closing')
    await ldk.until('its end of the shutdown', () => !ldkChannel(ldk, channelId).isUsable)
    t.like(await us.tryAsk('payments', 'payInvoice', { invoice: ldk.createInvoice(1_000n) }), { ok: false })
    t.is(us.payloads('channel.closing').filter(({ txid }) => txid !== undefined).length, 0)
    ldk.claimHeld()
    t.true((await paying).ok)
    const { oursMsat, theirsMsat } = balances
    const now = { oursMsat: oursMsat - 50_000_000n, theirsMsat: theirsMsat + 50_000_000n }
    await checkOutcome(t, { ...set, balances: now }, 'us', LOW)
  })

for (const type of ['shutdown', 'closing_signed'] as const)
  for (const direction of ['in', 'out'] as const)
    test(`the connection is cut at ${type} (${direction}) — the close goes on after the reconnection`, async (t) => {
      const set = await setUp(t, 'us')
      const cut = cutAt(set.ldk.nodeId, { direction, type })
      await set.us.ask('channels', 'close', { channelId: set.channelId })
      await cut
      await checkOutcome(t, set, 'us', LOW)
    })
