import { RETENTION_CLASSES } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import sqlite3 from 'sqlite3'
import { RETENTION_TIMES } from '../../core/src/node/retention/retention.ts'
import { World } from './support/world.ts'

// What a list costs must not depend on how much there is: each look is a search that begins at its place, and needs no sorting.

type All = typeof sqlite3.Database.prototype.all
const { all } = sqlite3.Database.prototype

test.serial('every list and filter is answered by searches of an index, whatever there is', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  // Old enough for a sweep to look for is nothing yet; how it looks for it is the same.
  const kept = Object.fromEntries(RETENTION_CLASSES.map((kind) => [kind, 30 * 86_400_000]))
  const retention = {
    kept,
    archive: '/nonexistent',
    times: { ...RETENTION_TIMES, lookMs: 20, sweepMs: 20, graceMs: 0 },
  }
  const [alice, bob] = [await world.node('alice', { retention }), await world.node('bob', { retention })]
  await alice.faucet(2_000_000n)
  await alice.connectTo(bob)
  await alice.openTo(bob, 1_000_000n)
  await alice.pay(await bob.invoice(1_000_000n))
  await bob.invoice(2_000_000n)

  const looks: { readonly list: string; readonly sql: string; readonly plan: Promise<string> }[] = []
  let list = ''
  sqlite3.Database.prototype.all = function (this: sqlite3.Database, sql: string, values: unknown, done: never) {
    const plan = new Promise<string>((resolve) =>
      all.call(this, `EXPLAIN QUERY PLAN ${sql}`, values, (_: unknown, rows: readonly { readonly detail: string }[]) =>
        resolve(rows.map(({ detail }) => detail).join('; ')),
      ),
    )
    looks.push({ list, sql, plan })
    return all.call(this, sql, values, done)
  } as unknown as All
  t.teardown(() => {
    sqlite3.Database.prototype.all = all
  })

  const page = { limit: 1 }
  const during = { since: 1, until: Date.now() * 2 }
  for (const node of [alice, bob]) {
    const asked: [string, () => Promise<{ readonly items: readonly unknown[]; readonly next?: unknown }>][] = [
      ...([undefined, 'in-flight', 'settled', 'failed'] as const).map(
        (status) =>
          [
            `payments ${status}`,
            () => node.ask('payments', 'list', status === undefined ? { page } : { status, page }),
          ] as const,
      ),
      ...([undefined, 'open', 'paid', 'expired'] as const).map(
        (status) =>
          [
            `invoices ${status}`,
            () => node.ask('invoices', 'list', status === undefined ? { page } : { status, page }),
          ] as const,
      ),
      ['relays', () => node.ask('payments', 'relays', { page })],
      ['relays of a time', () => node.ask('payments', 'relays', { ...during, page })],
      ['closed channels', () => node.ask('channels', 'closed', { page })],
      ['channels', () => node.ask('channels', 'list', { page })],
      ['openings', () => node.ask('channels', 'openings', { page })],
      ['channels usable', () => node.ask('channels', 'list', { state: 'usable', page })],
      ['channels of a peer', () => node.ask('channels', 'list', { peer: alice.id, page })],
      ['peers', () => node.ask('peers', 'list', { page })],
      ['connected peers', () => node.ask('peers', 'list', { connected: true, page })],
      ['outputs', () => node.ask('wallet', 'utxos', { page })],
      ['transactions', () => node.ask('wallet', 'transactions', { page })],
      ['what is kept', () => node.ask('node', 'retention', {})],
    ].map(([name, ask]) => [name, ask] as never)
    for (const [name, ask] of asked) {
      list = name
      await ask()
    }
    for (const order of ['oldest-first', 'newest-first'] as const) {
      list = `events ${order}`
      await node.ask('events', 'list', { order, limit: 2 })
      list = `events ${order} of a time and type`
      await node.ask('events', 'list', { order, ...during, types: ['payment.sent', 'channel.closed'], limit: 2 })
    }
  }
  t.true(looks.length > 20)
  for (const look of looks) {
    const plan = await look.plan
    t.regex(plan, /^SEARCH /, `${look.list}: ${look.sql}`)
    t.notRegex(plan, /SCAN|TEMP B-TREE/, `${look.list}: ${look.sql}`)
  }
})
