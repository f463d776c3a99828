import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { pluginStore } from '../../core/src/app/plugin-store.ts'
import { virtualClock } from '../../core/src/lib/clock-virtual.ts'
import { RETENTION_TIMES } from '../../core/src/node/retention/retention.ts'
import { commandRowKey } from '../../core/src/node/storage/command-key.ts'
import { TABLE } from '../../core/src/node/storage/tables.ts'
import { World } from '../scenarios/support/world.ts'
import { openLedger, PluginSeat, spender } from './support/plugin-seat.ts'

const DAY_MS = 86_400_000
const HOUR_MS = 3_600_000

/** A node that forgets keys of commands after 30 days, and its owner's purse. */
const setUp = async (t: ExecutionContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-keys-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const world = new World()
  t.teardown(() => world.close())
  let aheadMs = 0
  const kept = { 'keyed-commands': 30 * DAY_MS }
  const times = { ...RETENTION_TIMES, lookMs: 20, sweepMs: 20, graceMs: 0 }
  const alice = await world.node('alice', {
    path: join(folder, 'alice.sqlite'),
    retention: { kept, archive: join(folder, 'archive'), times },
    aheadMs: () => aheadMs,
  })
  const bob = await world.node('bob')
  for (let i = 0; i < 6; i++) await alice.faucet(2_000_000n)
  const { address } = await bob.ask('wallet', 'newAddress', {})
  return {
    alice,
    bob,
    address,
    wealth: async () => {
      await world.mine(1)
      const { confirmedSat, unconfirmedSat } = await alice.ask('wallet', 'balance', {})
      return confirmedSat + unconfirmedSat
    },
    /** A month goes by, and what is old is removed: the operator's key was as old as the plugin's. */
    monthLater: async () => {
      const rows = async (): Promise<number> => (await alice.store.sizes(TABLE.command)).length
      const before = await rows()
      aheadMs = 31 * DAY_MS
      await alice.until(async () => (await rows()) < before)
    },
  }
}

for (const [title, windowMs, workMs] of [
  ['a node that is always up', 31 * DAY_MS, 30 * DAY_MS + HOUR_MS],
  ['a node that is up for half an hour a day', DAY_MS, 31 * (HOUR_MS / 2)],
] as const) {
  test.serial(`a plugin’s old key spends nothing more once retention removes keys — ${title}`, async (t) => {
    const { alice, address, wealth, monthLater } = await setUp(t)
    const clock = virtualClock()
    const ledger = await openLedger(alice.node.gateway, pluginStore(alice.store), clock)
    t.teardown(() => ledger.close())
    const manifest = spender('thief', { windowMs, paysOutMsat: 100_000_000, feesMsat: 20_000_000 })
    const plugin = new PluginSeat(ledger, alice.node.gateway, pluginStore(alice.store), clock, manifest)
    const send = (key: string) => plugin.ask('wallet.send', { address, amountSat: 100_000, maxFeeSat: 5_000 }, key)
    const before = await wealth()
    const first = await send('one')
    t.true(first.ok)
    await alice.tryAsk('wallet', 'send', { address, amountSat: 1_000n }, 'of the operator')
    await clock.advance(workMs)
    await monthLater()
    t.deepEqual(await send('one'), first)
    t.like(await send('two'), { ok: false, error: { code: 'budget-exceeded' } })
    t.true(before - (await wealth()) < 110_000n)
  })
}

test.serial('the key of a payment that failed goes by its age, and a plugin’s stays', async (t) => {
  const { alice, bob, monthLater } = await setUp(t)
  const clock = virtualClock()
  const ledger = await openLedger(alice.node.gateway, pluginStore(alice.store), clock)
  t.teardown(() => ledger.close())
  const manifest = spender('payer', { paysOutMsat: 100_000_000, feesMsat: 20_000_000 })
  const plugin = new PluginSeat(ledger, alice.node.gateway, pluginStore(alice.store), clock, manifest)
  const invoice = async () => (await bob.ask('invoices', 'create', { amountMsat: 1_000_000n })).invoice.invoice
  const [one, two] = [await invoice(), await invoice()]
  const pays = (text: string) => plugin.ask('payments.payInvoice', { invoice: text }, 'one')
  const failed = await pays(one)
  t.like(failed, { ok: false, error: { code: 'no-route' } })
  const operators = (text: string) => alice.tryAsk('payments', 'payInvoice', { invoice: text }, 'of the operator')
  t.like(await operators(two), { ok: false, error: { code: 'no-route' } })
  t.like(await operators(one), { ok: false, error: { code: 'idempotency-mismatch' } })
  await alice.store.flush()
  const kept = () => alice.store.get(TABLE.command, commandRowKey('payer:one'))
  const before = await kept()
  await monthLater()
  t.not(before, undefined)
  t.deepEqual(await kept(), before)
  // Not a mismatch: the key is a new one.
  t.like(await operators(one), { ok: false, error: { code: 'invoice-expired' } })
  t.deepEqual(await pays(one), failed)
  t.like(await pays(two), { ok: false, error: { code: 'idempotency-mismatch' } })
  t.is((await alice.store.sizes(TABLE.command)).length, 2)
})
