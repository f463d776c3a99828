import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { decodeInvoice } from '../../core/src/invoice/decode-invoice.ts'
import { fromHex, toHex } from '../../core/src/lib/bytes.ts'
import { MIGRATIONS, TABLE } from '../../core/src/node/storage/tables.ts'
import { openSqliteStore } from '../../core/src/store/sqlite-store.ts'
import { type TestNode, World } from './support/world.ts'

/** A world with a node that forgets: its rows are on the disk. */
const forgetfulWorld = (t: ExecutionContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-untold-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true })
  })
  return { world, path: join(folder, 'bob') }
}

/** A channel goes from the node's disk while it is off, as it would if it had been taken to have ended. */
const forget = async (node: TestNode, path: string, channelId: string): Promise<void> => {
  await node.stop()
  const store = await openSqliteStore({
    path,
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  store.submit([{ table: TABLE.channel, key: fromHex(channelId), value: undefined }])
  await store.close()
  await node.start()
}

const inFlight = async (node: TestNode, channelId: string) =>
  (await node.ask('channels', 'get', { channelId })).channel.htlcsInFlight

const scidOf = async (node: TestNode, channelId: string) =>
  (await node.ask('channels', 'get', { channelId })).channel.shortChannelId as string

/** Half of what a payee waits for, so that it holds the payment. */
const half = async (payee: TestNode) => {
  const invoice = decodeInvoice(await payee.invoice(100_000_000n), 'regtest')
  if (!invoice.ok || invoice.value.paymentSecret === undefined) throw new Error('no invoice')
  const { paymentHash, paymentSecret } = invoice.value
  return {
    paymentHash: toHex(paymentHash),
    paymentSecret: toHex(paymentSecret),
    totalAmountMsat: 100_000_000n,
    amountMsat: 50_000_000n,
  }
}

const unknownOutcomes = async (node: TestNode): Promise<number> => {
  const { items } = await node.ask('events', 'list', { types: ['channel.errored'] })
  return items.filter(({ payload }) => (payload as { code?: string }).code === 'htlc-outcome-unknown').length
}

test('a relayed payment of which nothing tells after a restart is neither sent again nor failed, until it would cost the channel that it came by', async (t) => {
  const { world, path } = forgetfulWorld(t)
  const [alice, bob, carol] = [await world.node('alice'), await world.node('bob', { path }), await world.node('carol')]
  for (const node of [alice, bob]) await node.faucet(10_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  const incoming = await alice.openTo(bob, 1_000_000n)
  const outgoing = await bob.openTo(carol, 1_000_000n)
  const [first, second] = [await scidOf(alice, incoming), await scidOf(bob, outgoing)]
  const { amountMsat, ...terms } = await half(carol)
  const paying = alice.tryAsk('payments', 'sendToRoute', {
    ...terms,
    route: [
      { nodeId: bob.id, shortChannelId: first, amountMsat: amountMsat + 100_000n, cltvExpiryDelta: 120 },
      { nodeId: carol.id, shortChannelId: second, amountMsat, cltvExpiryDelta: 40 },
    ],
  })
  await carol.until(async () => (await inFlight(carol, outgoing)) === 1)

  await forget(bob, path, outgoing)
  for (const node of [alice, bob]) await node.until(() => node.isUsable(incoming))
  t.is(await unknownOutcomes(bob), 1)
  t.is(await inFlight(alice, incoming), 1)
  t.is(bob.payloads('payment.relay-failed').length, 0)

  // Expiry is 120 blocks away.
  await world.mine(116)
  t.is(await inFlight(alice, incoming), 1)
  await world.mine(1)
  await alice.until(async () => (await inFlight(alice, incoming)) === 0)
  t.false((await paying).ok)
  t.is((await alice.ask('channels', 'get', { channelId: incoming })).channel.state, 'usable')
})

test('a payment of ours of which nothing tells after a restart stays in flight, and is not tried again', async (t) => {
  const { world, path } = forgetfulWorld(t)
  const [bob, carol] = [await world.node('bob', { path }), await world.node('carol')]
  await bob.faucet(10_000_000n)
  await bob.connectTo(carol)
  const channels = [await bob.openTo(carol, 1_000_000n), await bob.openTo(carol, 1_000_000n)]
  const { amountMsat, ...terms } = await half(carol)
  const [used = ''] = channels
  const paying = bob.tryAsk('payments', 'sendToRoute', {
    ...terms,
    route: [{ nodeId: carol.id, shortChannelId: await scidOf(bob, used), amountMsat, cltvExpiryDelta: 40 }],
  })
  await carol.until(async () => (await inFlight(carol, used)) === 1)

  await forget(bob, path, used)
  void paying
  t.is(await unknownOutcomes(bob), 1)
  t.is((await bob.ask('payments', 'get', { paymentHash: terms.paymentHash })).payment.status, 'in-flight')
})
