import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { EXPIRIES, inFlight, inTwoParts, sendPart } from './support/held-payment.ts'
import { World } from './support/world.ts'

const HTLCS = 5
/** What alice must wait for, with her own commitment. */
const DELAY = 720

test('HTLCs that we take back from our own commitment — come to the wallet by one transaction, over a restart too, and each says by which', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-joint-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const alice = await world.node('alice', { path: join(folder, 'alice.sqlite') })
  const bob = await world.node('bob')
  // For the funding, the anchor, and each HTLC transaction.
  for (let coins = 0; coins < HTLCS + 3; coins++) await alice.faucet(2_000_000n)
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 2_000_000n)
  for (let i = 0; i < HTLCS; i++) await sendPart(await inTwoParts(bob), alice, bob)
  await alice.until(async () => (await inFlight(alice, channelId)) === HTLCS)
  await bob.until(async () => (await inFlight(bob, channelId)) === HTLCS)
  await bob.stop()
  await alice.ask('channels', 'forceClose', { channelId })

  const channel = async () => (await alice.ask('channels', 'get', { channelId })).channel
  const claims = async (purpose: string) =>
    (await channel()).waits.flatMap((wait) => (wait.kind === 'claim' && wait.purpose === purpose ? [wait] : []))
  const published = async (purpose: string) =>
    ((await channel()).transactions ?? []).filter((each) => each.purpose === purpose)
  const inMempool = (count: number) => alice.until(async () => world.chain.mempool.length >= count)
  await inMempool(1)
  await world.mine(EXPIRIES.outgoing + 1)
  await alice.until(async () => (await published('htlc-timeout')).length === HTLCS)
  await inMempool(HTLCS)
  await world.mine(1)
  await alice.until(async () => (await claims('htlc-output')).length === HTLCS)
  t.true((await claims('htlc-output')).every(({ claimTxid }) => claimTxid === undefined))

  await world.mine(DELAY - 1)
  await alice.until(async () => (await published('htlc-output')).length > 0)
  const [record, ...others] = await published('htlc-output')
  t.deepEqual([record?.status, others], ['waiting', []])
  const waits = await claims('htlc-output')
  t.is(waits.length, HTLCS)
  for (const { claimTxid, claimOutputs, feeSat } of waits)
    t.deepEqual([claimTxid, claimOutputs, feeSat], [record?.txid, HTLCS, record?.feeSat])
  const { items } = await alice.ask('wallet', 'transactions', { channelId, purpose: 'htlc-output' })
  t.deepEqual(
    items.map(({ txid, receivedSat, feeSat }) => [txid, receivedSat, feeSat]),
    [[record?.txid, BigInt(HTLCS) * 50_000n - (record?.feeSat ?? 0n), record?.feeSat]],
  )

  await alice.stop()
  await alice.start()
  await alice.until(async () => (await claims('htlc-output')).every(({ claimTxid }) => claimTxid === record?.txid))
  await inMempool(1)
  await world.mine(1)
  await alice.until(async () => (await published('htlc-output'))[0]?.status === 'confirmed')
  t.deepEqual(await published('htlc-output'), [{ ...record, status: 'confirmed' }])
  await world.mine(6)
  await alice.until(async () => (await alice.ask('channels', 'closed', {})).items.length === 1)
  t.is(alice.payloads('channel.transaction-published').filter(({ purpose }) => purpose === 'htlc-output').length, 1)
})
