import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { fromHex, toHex } from '../../core/src/lib/bytes.ts'
import { inFlight, inTwoParts, sendPart } from './support/held-payment.ts'
import { type TestNode, World } from './support/world.ts'

const setUp = async (t: ExecutionContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-test-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const alice = await world.node('alice', { path: join(folder, 'alice.sqlite') })
  const bob = await world.node('bob', { path: join(folder, 'bob.sqlite') })
  await alice.faucet(5_000_000n)
  await alice.connectTo(bob)
  return { world, alice, bob }
}

const channelOf = async (node: TestNode, channelId: string) =>
  (await node.ask('channels', 'get', { channelId })).channel

const stateOf = async (node: TestNode, channelId: string): Promise<string> => {
  const answer = await node.tryAsk('channels', 'get', { channelId })
  return answer.ok ? (answer.value as { channel: { state: string } }).channel.state : 'gone'
}

const isInMempool = (world: World, txid: string): boolean =>
  world.chain.mempoolEntry(fromHex(txid).toReversed()) !== undefined

/** Closes the channel together, and says which transaction does. */
const close = async ({ world, alice }: { world: World; alice: TestNode }, channelId: string): Promise<string> => {
  await alice.ask('channels', 'close', { channelId })
  await alice.until(async () => alice.payloads('channel.close-signed').length > 0 && world.chain.mempool.length > 0)
  return toHex(world.chain.mempool[0]?.txid.toReversed() ?? new Uint8Array())
}

const SIX = 6

test('a close by agreement five deep that is undone — is published again, confirms, and is done six deep in its new block', async (t) => {
  const given = await setUp(t)
  const { world, alice, bob } = given
  const channelId = await alice.openTo(bob, 1_000_000n, 300_000_000n)
  const txid = await close(given, channelId)
  await world.mine(5)
  t.is(await stateOf(alice, channelId), 'closing')
  world.chain.reorganise({ depth: 5, dropTransactions: true })
  await alice.until(async () => isInMempool(world, txid))
  await world.mine(SIX - 1)
  t.is(await stateOf(alice, channelId), 'closing')
  t.deepEqual(alice.payloads('channel.closed'), [])
  await world.mine(1)
  for (const node of [alice, bob]) {
    await node.until(async () => node.payloads('channel.closed').length === 1)
    t.like(node.payloads('channel.closed')[0], { channelId, kind: 'mutual', txid })
    t.is(await stateOf(node, channelId), 'closed')
  }
})

for (const depth of [SIX, 99]) {
  test(`a close that is ${depth} deep and is undone while the node is off — is closing again at the next start, and is published again`, async (t) => {
    const given = await setUp(t)
    const { world, alice, bob } = given
    const channelId = await alice.openTo(bob, 1_000_000n, 300_000_000n)
    const txid = await close(given, channelId)
    await world.mine(depth)
    await alice.until(async () => alice.payloads('channel.closed').length === 1)
    t.is(await stateOf(alice, channelId), 'closed', 'done for the operator')
    await alice.stop()
    await bob.stop()
    world.chain.reorganise({ depth, dropTransactions: true })
    alice.events.length = 0
    await alice.start()
    await alice.until(async () => isInMempool(world, txid))
    t.is(await stateOf(alice, channelId), 'closing')
    await world.mine(SIX)
    await alice.until(async () => alice.payloads('channel.closed').length === 1)
    // Nothing can undo it now.
    await world.mine(100)
    await alice.stop()
    world.chain.reorganise({ depth: 90, dropTransactions: true })
    await alice.start()
    t.is(await stateOf(alice, channelId), 'gone')
  })
}

test('a force-close that is undone after its output was claimed — commitment and claim are published again, and the money comes', async (t) => {
  const { world, alice, bob } = await setUp(t)
  const channelId = await alice.openTo(bob, 1_000_000n, 300_000_000n)
  await bob.stop()
  await alice.ask('channels', 'forceClose', { channelId })
  await alice.until(async () => world.chain.mempool.length > 0)
  await world.mine(1)
  // Bob takes his output at once.
  await bob.start()
  await bob.until(async () => world.chain.mempool.length > 0)
  await world.mine(2)
  const balance = async () => (await bob.ask('wallet', 'balance', {})).confirmedSat
  const taken = await balance()
  t.true(taken > 290_000n)
  world.chain.reorganise({ depth: 3, dropTransactions: true })
  await bob.until(async () => (await balance()) < taken)
  // The commitment, and then the claim.
  while ((await balance()) < taken) {
    await bob.until(async () => world.chain.mempool.length > 0)
    await world.mine(1)
  }
  await world.mine(SIX)
  await bob.until(async () => bob.payloads('channel.closed').length === 1)
  t.like(bob.payloads('channel.closed')[0], { kind: 'remote-force' })
})

test('a funding that is undone — carries no HTLC until it is in a block again, is published again, and has another short channel id then', async (t) => {
  const { world, alice, bob } = await setUp(t)
  const channelId = await alice.openTo(bob, 1_000_000n, 300_000_000n)
  t.is((await alice.pay(await bob.invoice(1_000_000n))).status, 'settled')
  const before = await channelOf(alice, channelId)
  const txid = before.fundings[0]?.txid as string
  world.chain.reorganise({ depth: 6, blocks: 8, dropTransactions: true })
  for (const node of [alice, bob]) await node.until(async () => (await stateOf(node, channelId)) === 'offline')
  await alice.until(async () => isInMempool(world, txid))
  t.is((await channelOf(alice, channelId)).fundings[0]?.status, 'unconfirmed')
  t.like(alice.payloads('channel.errored')[0], { channelId, code: 'funding-undone' })
  const refused = await alice.tryAsk('payments', 'payInvoice', { invoice: await bob.invoice(1_000_000n) })
  t.not(refused.ok && (refused.value as { payment: { status: string } }).payment.status, 'settled')

  await world.mine(6)
  for (const node of [alice, bob]) await node.until(() => node.isUsable(channelId))
  const after = await channelOf(alice, channelId)
  t.not(after.shortChannelId, before.shortChannelId)
  t.deepEqual(after.aliases, before.aliases)
  t.is((await alice.pay(await bob.invoice(1_000_000n))).status, 'settled')
})

test('a funding that is undone while an HTLC of it is relayed — the relay goes on, also over a restart: upstream is not failed while downstream can fulfil', async (t) => {
  const { world, alice, bob } = await setUp(t)
  const carol = await world.node('carol')
  await bob.faucet(5_000_000n)
  await bob.connectTo(carol)
  const out = await bob.openTo(carol, 1_000_000n)
  const into = await alice.openTo(bob, 1_000_000n)
  const parts = await inTwoParts(carol)
  const { outcome } = await sendPart(parts, alice, bob, carol)
  for (const node of [bob, carol]) await node.until(async () => (await inFlight(node, out)) === 1)

  world.chain.reorganise({ depth: 6, dropTransactions: true })
  await bob.until(async () => (await stateOf(bob, into)) === 'offline')
  await bob.stop()
  await bob.start()
  for (const [one, other, channelId] of [
    [alice, bob, into],
    [bob, carol, out],
  ] as const) {
    await one.until(async () => (await one.ask('peers', 'list', {})).items.some(({ nodeId }) => nodeId === other.id))
    t.is(await inFlight(one, channelId), 1)
  }
  await world.mine(8)
  for (const node of [alice, bob]) await node.until(() => node.isUsable(into))
  await bob.until(() => bob.isUsable(out))
  t.is(await inFlight(alice, into), 1)
  await sendPart(parts, bob, carol)
  t.true((await outcome).ok)
  t.is(bob.payloads('payment.relayed').length, 1)
})
