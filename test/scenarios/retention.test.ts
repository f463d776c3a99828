import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { RETENTION_TIMES } from '../../core/src/node/retention/retention.ts'
import { TABLE } from '../../core/src/node/storage/tables.ts'
import { World } from './support/world.ts'

const DAY_MS = 86_400_000
const TIMES = { ...RETENTION_TIMES, lookMs: 20, sweepMs: 20, graceMs: 0 }

test('what was paid long ago goes to the archive: it is told as archived, is not paid again, and what pays it is refused', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-retention-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const world = new World()
  t.teardown(() => world.close())
  let aheadMs = -100 * DAY_MS
  const archive = join(folder, 'archive')
  const [alice, bob] = [
    await world.node('alice', {
      path: join(folder, 'alice.sqlite'),
      retention: { kept: { 'settled-payments': 90 * DAY_MS, 'failed-payments': 30 * DAY_MS }, archive, times: TIMES },
      aheadMs: () => aheadMs,
    }),
    await world.node('bob'),
  ]
  await alice.faucet(2_000_000n)
  await alice.connectTo(bob)
  await alice.openTo(bob, 1_000_000n)
  const { invoice } = await bob.ask('invoices', 'create', { amountMsat: 1_000_000n, expirySeconds: 3_600 })
  const paid = await alice.tryAsk('payments', 'payInvoice', { invoice: invoice.invoice }, 'the key')
  t.true(paid.ok)
  const failing = await bob.ask('invoices', 'create', { amountMsat: 5_000_000_000n })
  t.false((await alice.tryAsk('payments', 'payInvoice', { invoice: failing.invoice.invoice })).ok)
  const { paymentHash } = invoice
  t.is((await alice.ask('payments', 'list', {})).items.length, 2)
  const before = await alice.ask('node', 'retention', {})
  t.like(
    before.items.find((item) => item.class === 'settled-payments'),
    { kept: 'for-a-time', keptSeconds: 90 * 86_400, rows: 1, dueRows: 0 },
  )

  const keysOf = async (): Promise<number> => (await alice.store.sizes(TABLE.command)).length
  // Of the opening, and of both payments.
  t.is(await keysOf(), 3)

  await alice.stop()
  aheadMs = 0
  await alice.start()
  await alice.until(async () => alice.payloads('node.rows-removed').length > 0)
  t.like(alice.payloads('node.rows-removed')[0], { archive })
  t.deepEqual((await alice.ask('payments', 'list', {})).items, [])
  // The key of what was paid has gone with it; those that have outcomes of their own stay.
  t.is(await keysOf(), 2)
  t.like(await alice.tryAsk('payments', 'get', { paymentHash }), { ok: false, error: { code: 'payment-archived' } })
  t.like(await alice.tryAsk('payments', 'get', { paymentHash: failing.invoice.paymentHash }), {
    ok: false,
    error: { code: 'payment-not-found' },
  })
  // What it has come to under its key cannot be told any more: whoever has set money aside for it gets none back.
  const request = { invoice: invoice.invoice }
  t.deepEqual(await alice.node.gateway.recall('payments', 'payInvoice', request, 'the key'), { type: 'unknown' })
  for (const key of ['the key', 'another']) {
    t.like(await alice.tryAsk('payments', 'payInvoice', { invoice: invoice.invoice }, key), {
      ok: false,
      error: { code: 'already-paid' },
    })
  }
  // Also past the time of the invoice, when it would be told that it has expired.
  aheadMs = DAY_MS
  t.like(await alice.tryAsk('payments', 'payInvoice', { invoice: invoice.invoice }, 'a third'), {
    ok: false,
    error: { code: 'already-paid' },
  })
  const route = [{ nodeId: bob.id, shortChannelId: '1x1x1', amountMsat: 1_000_000n, cltvExpiryDelta: 30 }]
  t.like(await alice.tryAsk('payments', 'sendToRoute', { paymentHash, paymentSecret: '00'.repeat(32), route }), {
    ok: false,
    error: { code: 'already-paid' },
  })
  const lines = readdirSync(archive).flatMap((name) => readFileSync(join(archive, name), 'utf8').trim().split('\n'))
  t.like(
    lines.map((line) => JSON.parse(line)).find((line) => line.class === 'settled-payments'),
    { record: { paymentHash, status: 'settled', invoice: invoice.invoice, amountMsat: '1000000' } },
  )
})

test('an invoice that was paid and removed is no invoice any more', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-retention-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const world = new World()
  t.teardown(() => world.close())
  let aheadMs = 0
  const [alice, bob] = [
    await world.node('alice'),
    await world.node('bob', {
      retention: { kept: { 'paid-invoices': 90 * DAY_MS }, archive: join(folder, 'archive'), times: TIMES },
      aheadMs: () => aheadMs,
    }),
  ]
  await alice.faucet(2_000_000n)
  await alice.connectTo(bob)
  await alice.openTo(bob, 1_000_000n)
  const { invoice } = await bob.ask('invoices', 'create', { amountMsat: 1_000_000n })
  await alice.pay(invoice.invoice)
  aheadMs = 91 * DAY_MS
  await bob.until(async () => bob.payloads('node.rows-removed').length > 0)
  t.like(await bob.tryAsk('invoices', 'get', { paymentHash: invoice.paymentHash }), {
    ok: false,
    error: { code: 'invoice-not-found' },
  })
  t.deepEqual((await bob.ask('invoices', 'list', {})).items, [])
})

test('what commands were answered is kept by key until the operator has it go, and a key is a new one then', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-retention-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const world = new World()
  t.teardown(() => world.close())
  let aheadMs = 0
  const kept = { 'keyed-commands': 90 * DAY_MS }
  const [alice, bob] = [
    await world.node('alice', {
      retention: { kept, archive: join(folder, 'archive'), times: TIMES },
      aheadMs: () => aheadMs,
    }),
    await world.node('bob'),
  ]
  await alice.faucet(5_000_000n)
  await alice.connectTo(bob)
  const open = (fundingSat: bigint) => alice.tryAsk('channels', 'open', { nodeId: bob.id, fundingSat }, 'once')
  const first = await open(1_000_000n)
  t.true(first.ok)
  t.deepEqual(await open(1_000_000n), first)
  t.like(await open(1_100_000n), { ok: false, error: { code: 'idempotency-mismatch' } })
  const { items } = await alice.ask('node', 'retention', {})
  t.like(
    items.find((item) => item.class === 'keyed-commands'),
    { kept: 'for-a-time', rows: 1, dueRows: 0, archived: false },
  )
  aheadMs = 91 * DAY_MS
  await alice.until(async () => alice.payloads('node.rows-removed').length > 0)
  t.like(alice.payloads('node.rows-removed')[0], { removed: [{ class: 'keyed-commands', rows: 1 }] })
  t.is((await alice.store.sizes(TABLE.command)).length, 0)
  t.is((await alice.store.sizes(TABLE.commandByTime)).length, 0)
  const again = await open(1_100_000n)
  t.true(again.ok)
  t.notDeepEqual(again, first)
})
