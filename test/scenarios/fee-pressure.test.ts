import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { deserted, meetsAllDeadlines, Pressure, takesInTime, transactionsOf } from './support/fee-pressure.ts'
import { MarketWorld } from './support/market-world.ts'

test('fees rise fifty-fold while a channel with twenty HTLCs is closed alone, and estimates lag — every claim is in a block in time, for less than it is worth', async (t) => {
  const world = new MarketWorld()
  t.teardown(() => world.close())
  await meetsAllDeadlines(t, world)
})

test('a node that is started again while it raises a fee — goes on from what it paid last, with the coins of that', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-fees-'))
  const world = new MarketWorld()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const pressure = new Pressure(world)
  const close = await deserted(pressure, { eachWay: 2, path: join(folder, 'alice.sqlite') })
  const { alice, channelId } = close
  const anchor = async () => (await transactionsOf(alice, channelId)).find(({ purpose }) => purpose === 'anchor')
  await alice.ask('channels', 'forceClose', { channelId })
  for (let blocks = 0; blocks < 8; blocks++) await pressure.mine(alice)
  const before = await anchor()
  t.is(before?.status, 'waiting')
  t.true((before?.replaced ?? 0) > 1)

  for (let lives = 0; lives < 2; lives++) {
    await alice.stop()
    await alice.start()
  }
  t.deepEqual(await anchor(), before)
  await pressure.mine(alice)
  const published = alice.payloads('channel.transaction-published').filter(({ purpose }) => purpose === 'anchor')
  t.is(published.at(-1)?.replaces, before?.txid)
  t.true(BigInt(published.at(-1)?.feeSat as string) > (before?.feeSat ?? 0n))
  t.is((await alice.ask('wallet', 'balance', {})).reservedSat, 0n)
  await takesInTime(t, pressure, close, 2)
})

test('a wallet that is empty when a channel is closed alone — the operator hears what is missing and by when, what pays for itself goes on, and the rest as soon as there are coins', async (t) => {
  const world = new MarketWorld()
  t.teardown(() => world.close())
  const pressure = new Pressure(world)
  const close = await deserted(pressure, { eachWay: 2 })
  const { alice, carol, channelId, fromCarol } = close
  const warnings = async () => (await alice.ask('node', 'getInfo', {})).warnings.join()
  t.notRegex(await warnings(), /to spend/)
  // What is left is kept for closing alone at an ordinary rate.
  const { address } = await carol.ask('wallet', 'newAddress', {})
  await alice.ask('wallet', 'sendAll', { address })
  await pressure.mine(alice)

  await carol.ask('channels', 'forceClose', { channelId: fromCarol })
  await alice.ask('channels', 'forceClose', { channelId })
  for (let blocks = 0; blocks < 40 && alice.payloads('channel.fees-short').length === 0; blocks++)
    await pressure.mine(alice)
  const [short] = alice.payloads('channel.fees-short')
  t.like(short, { channelId, purpose: 'anchor' })
  t.true(BigInt(short?.neededSat as string) > BigInt(short?.availableSat as string))
  t.true((short?.deadline as number) > world.chain.tip.height)
  t.regex(await warnings(), /cannot pay the fees of 1 claim\b.*before block \d+/)

  // The balance of another channel pays for its own way into the wallet, and then for the rest.
  await takesInTime(t, pressure, close, 2)
  const swept = alice.payloads('channel.transaction-published').filter((each) => each.channelId === fromCarol)
  t.true(swept.some(({ purpose }) => purpose === 'to-remote'))
  t.deepEqual(
    alice.payloads('channel.fees-short').filter((each) => each.channelId === fromCarol),
    [],
  )
  t.notRegex(await warnings(), /cannot pay/)
})
