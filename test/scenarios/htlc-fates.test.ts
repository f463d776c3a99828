import { mkdtempSync, renameSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { ChainBackend } from '../../core/src/chain/chain-backend.ts'
import { err } from '../../core/src/lib/result.ts'
import { EXPIRIES, inFlight, inTwoParts, type Parts, sendPart, stateOf } from './support/held-payment.ts'
import { type TestNode, type TestNodeOptions, World } from './support/world.ts'

/** Alice pays carol over bob; dave is carol's other payer. All can pay fees. */
const path = async (t: ExecutionContext, bobs: TestNodeOptions = {}, carols: TestNodeOptions = {}) => {
  const world = new World()
  t.teardown(() => world.close())
  const alice = await world.node('alice')
  const bob = await world.node('bob', bobs)
  const carol = await world.node('carol', carols)
  const dave = await world.node('dave')
  for (const node of [alice, bob, carol, dave]) await node.faucet(10_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  await dave.connectTo(carol)
  const incoming = await alice.openTo(bob, 1_000_000n)
  const outgoing = await bob.openTo(carol, 1_000_000n)
  await dave.openTo(carol, 1_000_000n)
  return { world, alice, bob, carol, dave, incoming, outgoing }
}

/** Mines block by block until it holds; how many it took. What a block makes a node publish is in a later one. */
const mineUntil = async (world: World, holds: () => Promise<boolean>, most: number): Promise<number> => {
  let blocks = 0
  while (!(await holds()) && blocks < most) {
    await world.mine(1)
    blocks++
  }
  return blocks
}

const isPaid = async (payer: TestNode, { paymentHash }: Parts): Promise<boolean> =>
  (await payer.ask('payments', 'get', { paymentHash })).payment.status === 'settled'

test('BOLT 5, remote offers — an HTLC on the commitment that its offerer has published is taken with the preimage that comes from downstream', async (t) => {
  const { world, alice, bob, carol, dave, incoming, outgoing } = await path(t)
  const parts = await inTwoParts(carol)
  const { outcome } = await sendPart(parts, alice, bob, carol)
  await carol.until(async () => (await inFlight(carol, outgoing)) === 1)
  const before = (await bob.ask('wallet', 'balance', {})).spendableSat
  await alice.ask('channels', 'forceClose', { channelId: incoming })
  await bob.until(async () => (await stateOf(bob, incoming)) === 'closing')
  await world.mine(1)
  await sendPart(parts, dave, carol)
  await bob.until(async () => (await inFlight(bob, outgoing)) === 0)
  // The preimage is on alice's own commitment: so she has paid.
  await mineUntil(world, () => isPaid(alice, parts), 8)
  t.true((await outcome).ok)
  t.is(bob.payloads('payment.relayed').length, 1)
  // Bob had nothing in that channel but the HTLC of 50,502 sat.
  await bob.until(async () => (await bob.ask('wallet', 'balance', {})).spendableSat > before + 45_000n)
})

test('BOLT 5, local offers — a preimage that the peer shows on its own commitment ends our payment, and is passed upstream in time', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-fates-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const { world, alice, bob, carol, dave, incoming, outgoing } = await path(t, { path: join(folder, 'bob') })
  const [ours, relayed] = [await inTwoParts(carol), await inTwoParts(carol)]
  await sendPart(ours, bob, carol)
  const { outcome } = await sendPart(relayed, alice, bob, carol)
  for (const node of [carol, bob]) await node.until(async () => (await inFlight(node, outgoing)) === 2)
  // Bob is away while carol gets the rest, so that she can show him the preimages on the chain alone.
  await bob.stop()
  for (const parts of [ours, relayed]) await sendPart(parts, dave, carol)
  await carol.until(async () => carol.payloads('payment.received').length === 2)
  await carol.ask('channels', 'forceClose', { channelId: outgoing })
  await world.mine(2)
  await bob.start()
  const isRelayed = async () => bob.payloads('payment.relayed').length === 1
  await mineUntil(world, async () => (await isPaid(bob, ours)) && (await isRelayed()), 12)
  t.true(await isPaid(bob, ours))
  t.true(await isRelayed())
  t.true((await outcome).ok)
  t.is(await stateOf(alice, incoming), 'usable')
})

test('BOLT 5, local offers — a preimage that the peer shows on its own commitment ends our payment, and is passed upstream in time: also where our database was put back and knows an older commitment', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-fates-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const database = join(folder, 'bob')
  const { world, alice, bob, carol, dave, incoming, outgoing } = await path(t, { path: database })
  const parts = await inTwoParts(carol)
  const { outcome } = await sendPart(parts, alice, bob, carol)
  for (const node of [carol, bob]) await node.until(async () => (await inFlight(node, outgoing)) === 1)
  const { path: backup } = await bob.ask('node', 'backup', { folder: join(folder, 'backups') })
  // What bob will have forgotten: carol's commitment is one of later.
  await bob.pay(await carol.invoice(5_000_000n))
  await bob.until(async () => (await inFlight(bob, outgoing)) === 1)
  await bob.stop()
  for (const end of ['-wal', '-shm']) rmSync(database + end, { force: true })
  renameSync(backup, database)
  await sendPart(parts, dave, carol)
  await carol.until(async () => carol.payloads('payment.received').length === 2)
  await carol.ask('channels', 'forceClose', { channelId: outgoing })
  await world.mine(2)
  await bob.start()
  await alice.connectTo(bob)
  await mineUntil(world, async () => bob.payloads('payment.relayed').length === 1, 12)
  t.is(bob.payloads('payment.relayed').length, 1)
  t.like(
    bob.payloads('channel.errored').find(({ code }) => code === 'unknown-funding-spend'),
    { channelId: outgoing },
  )
  t.true((await outcome).ok)
  t.is(await stateOf(alice, incoming), 'usable')
})

test('BOLT 5, local offers — a relayed HTLC without an output is failed upstream once the commitment is deep', async (t) => {
  const { world, alice, bob, carol, incoming, outgoing } = await path(t)
  const { outcome } = await sendPart(await inTwoParts(carol, 400_000n), alice, bob, carol)
  await carol.until(async () => (await inFlight(carol, outgoing)) === 1)
  await carol.ask('channels', 'forceClose', { channelId: outgoing })
  await bob.until(async () => (await stateOf(bob, outgoing)) === 'closing')
  t.true((await mineUntil(world, async () => bob.payloads('payment.relay-failed').length > 0, 10)) >= 6)
  t.like(await outcome, { ok: false, error: { code: 'payment-failed' } })
  await alice.until(async () => (await inFlight(alice, incoming)) === 0)
  t.is(await stateOf(bob, incoming), 'usable')
})

/** A chain that takes nothing from the node, from a moment on. */
const refusing = () => {
  const state = { refuses: false }
  const backend = (chain: ChainBackend): ChainBackend => {
    const refused = async () => err({ code: 'rejected', reason: 'refused by the test' } as const)
    return new Proxy(chain, {
      get: (target, name) => {
        if (state.refuses && (name === 'broadcast' || name === 'broadcastPackage')) return refused
        const value = Reflect.get(target, name) as unknown
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
  return { state, backend }
}

test('an HTLC whose next channel cannot be closed on the chain is given back before it would close the channel that it came by', async (t) => {
  const { state, backend } = refusing()
  const { world, alice, bob, carol, incoming, outgoing } = await path(t, { backend })
  const { outcome } = await sendPart(await inTwoParts(carol), alice, bob, carol)
  await carol.until(async () => (await inFlight(carol, outgoing)) === 1)
  await carol.stop()
  state.refuses = true
  await world.mine(EXPIRIES.outgoing + 3)
  await bob.until(async () => (await stateOf(bob, outgoing)) === 'closing')
  await world.mine(EXPIRIES.incoming - EXPIRIES.outgoing - 7)
  t.is(await inFlight(alice, incoming), 1)
  t.is(bob.payloads('payment.relay-failed').length, 0)
  await world.mine(1)
  t.like(await outcome, { ok: false, error: { code: 'payment-failed' } })
  t.like(bob.payloads('payment.relay-failed'), [{ source: 'local', code: 'permanent-channel-failure' }])
  await alice.until(async () => (await inFlight(alice, incoming)) === 0)
  await world.mine(10)
  for (const node of [alice, bob]) t.is(await stateOf(node, incoming), 'usable')
})

test('what a trampoline node sends on by a channel that cannot be closed on the chain is given back like any relay', async (t) => {
  const { state, backend } = refusing()
  const trampoline = { feeBaseMsat: 2_000n, feeProportionalMillionths: 1_000, cltvExpiryDelta: 144 }
  const { world, alice, bob, carol, incoming, outgoing } = await path(t, { backend, choices: { trampoline } })
  const paymentHash = '11'.repeat(32)
  const { invoice } = await carol.ask('invoices', 'createHold', { paymentHash, amountMsat: 100_000_000n })
  const request = { invoice: invoice.invoice, trampoline: bob.id, maxFeeMsat: 1_000_000n }
  const outcome = alice.tryAsk('payments', 'payInvoice', request)
  await carol.until(async () => carol.payloads('invoice.held').length === 1)
  await carol.stop()
  state.refuses = true
  const isOver = async () => (await inFlight(alice, incoming)) === 0 || (await stateOf(alice, incoming)) !== 'usable'
  // The payee's blocks and the trampoline node's are the least; some are added so that they do not tell who is paid.
  for (let mined = 0; mined < 700; mined += 50) await world.mine(50)
  t.is(await stateOf(bob, outgoing), 'closing')
  t.is(await inFlight(alice, incoming), 1)
  await mineUntil(world, isOver, 400)
  t.like(await outcome, { ok: false, error: { code: 'payment-failed' } })
  await world.mine(10)
  for (const node of [alice, bob]) t.is(await stateOf(node, incoming), 'usable')
})

test('an HTLC whose next channel is in doubt, its peer away, is given back before it would close the channel that it came by', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-fates-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const database = join(folder, 'bob')
  const { world, alice, bob, carol, incoming, outgoing } = await path(t, { path: database })
  const { outcome } = await sendPart(await inTwoParts(carol), alice, bob, carol)
  for (const node of [carol, bob]) await node.until(async () => (await inFlight(node, outgoing)) === 1)
  const { path: backup } = await bob.ask('node', 'backup', { folder: join(folder, 'backups') })
  for (const node of [carol, bob]) await node.stop()
  for (const end of ['-wal', '-shm']) rmSync(database + end, { force: true })
  renameSync(backup, database)
  await bob.start()
  await alice.connectTo(bob)
  await bob.until(() => bob.isUsable(incoming))
  await world.mine(EXPIRIES.incoming - 4)
  t.is(await inFlight(alice, incoming), 1)
  await world.mine(1)
  t.like(await outcome, { ok: false, error: { code: 'payment-failed' } })
  await alice.until(async () => (await inFlight(alice, incoming)) === 0)
  await world.mine(10)
  for (const node of [alice, bob]) t.is(await stateOf(node, incoming), 'usable')
  t.true((await bob.ask('channels', 'get', { channelId: outgoing })).channel.inDoubt)
})

test('a relayed HTLC that is paid after the chain has given back the one that it was relayed for — is told as failed, and its amount as lost', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-fates-'))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const { state, backend } = refusing()
  const [bobs, carols] = [{ path: join(folder, 'bob'), backend }, { path: join(folder, 'carol') }]
  const { world, alice, bob, carol, dave, incoming, outgoing } = await path(t, bobs, carols)
  const parts = await inTwoParts(carol)
  await sendPart(parts, alice, bob, carol)
  for (const node of [carol, bob]) await node.until(async () => (await inFlight(node, outgoing)) === 1)
  // Carol is paid while bob is away, and is away herself before she can tell him.
  await bob.stop()
  await sendPart(parts, dave, carol)
  await carol.until(async () => carol.payloads('payment.received').length === 1)
  await carol.stop()
  await bob.start()
  state.refuses = true
  await alice.ask('channels', 'forceClose', { channelId: incoming })
  await world.mine(EXPIRIES.incoming)
  const isFailed = async () => alice.payloads('payment.failed').length === 1
  await mineUntil(world, isFailed, 30)
  t.true(await isFailed())
  t.is(bob.payloads('payment.relay-failed').length, 0)
  await carol.start()
  await mineUntil(world, async () => bob.payloads('payment.relay-failed').length > 0, 12)
  t.deepEqual(bob.payloads('payment.relayed'), [])
  t.like(bob.payloads('payment.relay-failed'), [{ source: 'local', code: 'paid-too-late' }])
  const [lost] = bob.payloads('channel.errored').filter(({ code }) => code === 'htlc-paid-too-late')
  t.like(lost, { channelId: outgoing, source: 'local' })
  t.like((await bob.ask('channels', 'get', { channelId: outgoing })).channel.earned, { out: { relays: 0 } })
})
