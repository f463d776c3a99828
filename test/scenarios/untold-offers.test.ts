import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { fromHex } from '../../core/src/lib/bytes.ts'
import { MIGRATIONS, TABLE } from '../../core/src/node/storage/tables.ts'
import { openSqliteStore } from '../../core/src/store/sqlite-store.ts'
import { EXPIRIES, inFlight, inTwoParts, sendPart, stateOf } from './support/held-payment.ts'
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
  const { outcome } = await sendPart(await inTwoParts(carol), alice, bob, carol)
  await carol.until(async () => (await inFlight(carol, outgoing)) === 1)

  await forget(bob, path, outgoing)
  for (const node of [alice, bob]) await node.until(() => node.isUsable(incoming))
  t.is(await unknownOutcomes(bob), 1)
  t.is(await inFlight(alice, incoming), 1)
  t.is(bob.payloads('payment.relay-failed').length, 0)

  await world.mine(EXPIRIES.incoming - 4)
  t.is(await inFlight(alice, incoming), 1)
  await world.mine(1)
  await alice.until(async () => (await inFlight(alice, incoming)) === 0)
  t.like(await outcome, { ok: false, error: { code: 'payment-failed' } })
  t.is(await stateOf(alice, incoming), 'usable')
})

test('a payment of ours of which nothing tells after a restart stays in flight, and is not tried again', async (t) => {
  const { world, path } = forgetfulWorld(t)
  const [bob, carol] = [await world.node('bob', { path }), await world.node('carol')]
  await bob.faucet(10_000_000n)
  await bob.connectTo(carol)
  const channels = [await bob.openTo(carol, 1_000_000n), await bob.openTo(carol, 1_000_000n)]
  const [used = ''] = channels
  const parts = await inTwoParts(carol)
  await sendPart(parts, bob, carol)
  await carol.until(async () => (await inFlight(carol, used)) === 1)

  await forget(bob, path, used)
  t.is(await unknownOutcomes(bob), 1)
  t.is((await bob.ask('payments', 'get', { paymentHash: parts.paymentHash })).payment.status, 'in-flight')
})
