import test, { type ExecutionContext } from 'ava'
import { decodeInvoice } from '../../core/src/invoice/decode-invoice.ts'
import { formatShortChannelId } from '../../core/src/lib/ids.ts'
import { type TestNode, World } from './support/world.ts'

const setUp = async (t: ExecutionContext, { trusts = true } = {}) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const bob = await world.node('bob', trusts ? { choices: { zeroConfPeers: [alice.id] } } : {})
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  return { world, alice, bob }
}

const open = (alice: TestNode, bob: TestNode, more: object = {}) =>
  alice.tryAsk('channels', 'open', { nodeId: bob.id, fundingSat: 1_000_000n, zeroConf: true, ...more })

const theChannel = async (node: TestNode) => {
  const [channel] = (await node.ask('channels', 'list', {})).items
  if (channel === undefined) throw new Error('there is no channel')
  return channel
}

const bothUse = async (alice: TestNode, bob: TestNode): Promise<string> => {
  for (const node of [alice, bob]) await node.until(async () => (await theChannel(node)).state === 'usable')
  return (await theChannel(alice)).channelId
}

test('a channel with a peer that is trusted is used before its funding is in a block, and what it brings is shown as unconfirmed until then', async (t) => {
  const { world, alice, bob } = await setUp(t)
  t.like(await open(alice, bob), { ok: true })
  await bothUse(alice, bob)
  t.is((await alice.pay(await bob.invoice(2_000_000n))).status, 'settled')
  await bob.until(async () => (await theChannel(bob)).localMsat === 2_000_000n)
  const before = await theChannel(bob)
  t.is(before.unconfirmedMsat, 2_000_000n)
  t.is(before.shortChannelId, undefined)
  t.is(before.channelType, 'anchors-zero-fee-htlc+zero-conf')
  t.is((await theChannel(alice)).unconfirmedMsat, undefined)
  await world.mine(5)
  t.is((await theChannel(bob)).unconfirmedMsat, 2_000_000n)
  await world.mine(1)
  await bob.until(async () => (await theChannel(bob)).shortChannelId !== undefined)
  const after = await theChannel(bob)
  t.is(after.unconfirmedMsat, undefined)
  t.deepEqual(after.aliases, before.aliases)
  t.is((await alice.pay(await bob.invoice(3_000_000n))).status, 'settled')
})

test('a channel that is used unconfirmed goes on over a new connection', async (t) => {
  const { alice, bob } = await setUp(t)
  t.like(await open(alice, bob), { ok: true })
  const channelId = await bothUse(alice, bob)
  await alice.ask('peers', 'disconnect', { nodeId: bob.id })
  await alice.until(async () => !(await alice.isUsable(channelId)))
  await alice.connectTo(bob)
  await bothUse(alice, bob)
  t.is((await alice.pay(await bob.invoice(2_000_000n))).status, 'settled')
})

test('a peer that is not trusted gets no channel that is used unconfirmed, and is told why', async (t) => {
  const { alice, bob } = await setUp(t, { trusts: false })
  const message = 'this node uses a channel unconfirmed by agreement only'
  t.like(await open(alice, bob), { error: { code: 'refused-by-peer', message } })
  t.is((await alice.ask('wallet', 'balance', {})).reservedSat, 0n)
})

test('channel.accept — only the verdict accept-zero-conf agrees to a channel that is used unconfirmed', async (t) => {
  for (const [verdict, isAgreed] of [
    [{ type: 'accept' }, false],
    [{ type: 'accept', minimumDepth: 2 }, false],
    [{ type: 'accept-zero-conf', reserveSat: 40_000n }, true],
  ] as const) {
    const { alice, bob } = await setUp(t, { trusts: false })
    const asked: unknown[] = []
    bob.node.gateway.hooks.register({
      wants: (name) => name === 'channel.accept',
      ask: async (_name, request) => {
        asked.push(request)
        return [{ type: 'verdict', plugin: 'a', verdict }] as never
      },
    })
    t.like(await open(alice, bob), { ok: isAgreed })
    t.like(asked[0], { zeroConf: true, channelType: 'anchors-zero-fee-htlc+zero-conf' })
    if (!isAgreed) continue
    await bothUse(alice, bob)
    // What it must keep, above the fee and the anchors.
    t.true((await theChannel(alice)).spendableMsat < 960_000_000n)
  }
})

test('a plugin that asks a trusted peer for confirmations gets them: the opening is refused as it was asked for', async (t) => {
  const { alice, bob } = await setUp(t)
  bob.node.gateway.hooks.register({
    wants: (name) => name === 'channel.accept',
    ask: async () => [{ type: 'verdict', plugin: 'a', verdict: { type: 'accept', minimumDepth: 3 } }] as never,
  })
  t.like(await open(alice, bob), { error: { code: 'refused-by-peer' } })
})

test('BOLT 2, channel_ready — invoices call a channel with a hidden id by its alias, and a payment comes that way', async (t) => {
  const { world, alice, bob } = await setUp(t)
  const carol = await world.node('carol')
  await bob.faucet(10_000_000n)
  await bob.connectTo(carol)
  t.like(await open(bob, carol, { zeroConf: false, hiddenId: true }), { ok: true })
  await world.mine(6)
  await bothUse(bob, carol)
  await alice.openTo(bob, 1_000_000n)
  const { shortChannelId, channelType, remoteAlias } = await theChannel(carol)
  t.is(channelType, 'anchors-zero-fee-htlc+scid-alias')
  const invoice = await carol.invoice(1_000_000n)
  const decoded = decodeInvoice(invoice)
  const hints = decoded.ok
    ? decoded.value.routeHints.flat().map((hint) => formatShortChannelId(hint.shortChannelId))
    : []
  t.deepEqual(hints, [remoteAlias])
  t.not(shortChannelId, remoteAlias)
  t.is((await alice.pay(invoice)).status, 'settled')
})
