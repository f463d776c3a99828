import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { MIGRATIONS, TABLE } from '../../core/src/node/storage/tables.ts'
import { openSqliteStore } from '../../core/src/store/sqlite-store.ts'
import { World } from './support/world.ts'

test('many payments at once, both nodes restarted in between, and every balance is as it must be', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-restart-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true })
  })
  const alice = await world.node('alice', { path: join(folder, 'alice.sqlite') })
  const bob = await world.node('bob', { path: join(folder, 'bob.sqlite') })
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 5_000_000n, 1_000_000_000n)
  const balanceOf = async (node: typeof alice) => (await node.ask('channels', 'get', { channelId })).channel.localMsat

  const payAll = async (from: typeof alice, to: typeof bob, count: number, amountMsat: bigint): Promise<void> => {
    const invoices = await Promise.all(Array.from({ length: count }, () => to.invoice(amountMsat)))
    const payments = await Promise.all(invoices.map((invoice) => from.pay(invoice)))
    t.true(payments.every(({ status }) => status === 'settled'))
  }
  await Promise.all([payAll(alice, bob, 40, 5_000_001n), payAll(bob, alice, 30, 3_000_000n)])

  for (const node of [alice, bob]) {
    await node.stop()
    await node.start()
    // Alice, who made the connection, makes it again, whichever of the two was away.
    for (const each of [alice, bob]) await each.until(() => each.isUsable(channelId))
  }
  await payAll(alice, bob, 10, 7_000_000n)
  const expected = 4_000_000_000n - 40n * 5_000_001n + 30n * 3_000_000n - 10n * 7_000_000n
  await alice.until(async () => (await balanceOf(alice)) === expected)
  await bob.until(async () => (await balanceOf(bob)) === 5_000_000_000n - expected)
  t.is((await alice.ask('payments', 'list', { page: { limit: 500 } })).items.length, 50)
  t.is((await bob.ask('invoices', 'list', { status: 'paid', page: { limit: 500 } })).items.length, 50)
})

test('a restart tells of no wallet transaction again, and comes to the same balance', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-rescan-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true })
  })
  const alice = await world.node('alice', { path: join(folder, 'alice.sqlite') })
  await alice.faucet(1_000_000n)
  await world.mine(3)
  await alice.until(async () =>
    alice.payloads('wallet.transaction').some(({ blockHeight }) => blockHeight !== undefined),
  )
  const balance = await alice.ask('wallet', 'balance', {})
  const told = alice.payloads('wallet.transaction').length

  await alice.stop()
  world.chain.mine(2)
  await alice.start()
  await alice.until(async () => (await alice.ask('node', 'getInfo', {})).synced)
  t.is(alice.payloads('wallet.transaction').length, told)
  const { asOf: _, ...after } = await alice.ask('wallet', 'balance', {})
  t.like(balance, after)
})

test('what had ended before a crash, and was still to be taken out of the lists, is neither under way nor listed twice', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-crash-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true })
  })
  const names = ['alice', 'bob'] as const
  const places = names.map((name) => join(folder, `${name}.sqlite`))
  const [alice, bob] = [
    await world.node('alice', { path: places[0] as string }),
    await world.node('bob', { path: places[1] as string }),
  ]
  await alice.faucet(10_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 5_000_000n)
  for (let i = 0; i < 3; i++) await alice.pay(await bob.invoice(1_000_000n))
  const isWhole = async (node: typeof alice) =>
    (await node.ask('channels', 'get', { channelId })).channel.htlcsInFlight === 0
  for (const node of [alice, bob]) await node.until(() => isWhole(node))

  // The disk as a crash would leave it.
  for (const path of places) for (const end of ['', '-wal']) copyFileSync(path + end, `${path}.crash${end}`)
  for (const node of [alice, bob]) await node.stop()
  const left = await Promise.all(
    places.map(async (path) => {
      for (const end of ['', '-wal']) copyFileSync(`${path}.crash${end}`, path + end)
      for (const end of ['', '-wal']) copyFileSync(path + end, `${path}.look${end}`)
      const store = await openSqliteStore({
        path: `${path}.look`,
        migrations: MIGRATIONS,
        onFatal: (error) => t.fail(`${error}`),
      })
      const rows = async (table: string, first?: number) =>
        (await store.sizes(table)).filter(({ key }) => first === undefined || key[0] === first).length
      const counts = {
        htlcs: await rows(TABLE.htlc),
        pastHtlcs: await rows(TABLE.pastHtlc),
        underWay: await rows(TABLE.paymentByStatus, 0),
        open: await rows(TABLE.invoiceByStatus, 0),
      }
      await store.close()
      return counts
    }),
  )
  t.deepEqual(left, [
    { htlcs: 3, pastHtlcs: 0, underWay: 3, open: 0 },
    { htlcs: 3, pastHtlcs: 0, underWay: 0, open: 3 },
  ])

  for (const node of [alice, bob]) await node.start()
  for (const node of [alice, bob]) await node.until(() => node.isUsable(channelId))
  const listed = async (node: typeof alice, actor: 'payments' | 'invoices', status?: string) =>
    (await node.ask(actor, 'list', status === undefined ? {} : { status })).items.length
  t.deepEqual(
    await Promise.all([undefined, 'settled', 'in-flight'].map((of) => listed(alice, 'payments', of))),
    [3, 3, 0],
  )
  t.deepEqual(await Promise.all([undefined, 'paid', 'open'].map((of) => listed(bob, 'invoices', of))), [3, 3, 0])
  await alice.pay(await bob.invoice(1_000_000n))
  t.is(await listed(alice, 'payments'), 4)
  for (const node of [alice, bob]) {
    await node.until(async () => (await node.store.sizes(TABLE.htlc)).length === 0)
    t.is((await node.store.sizes(TABLE.pastHtlc)).length, 4)
  }
  t.deepEqual(await alice.store.sizes(TABLE.paymentByStatus, { to: Uint8Array.of(1) }), [])
})
