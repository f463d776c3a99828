import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { htlcRow } from '../../core/src/channel/persistence/htlc-rows.ts'
import { fromHex } from '../../core/src/lib/bytes.ts'
import { MIGRATIONS, SOUGHT, TABLE } from '../../core/src/node/storage/tables.ts'
import { openSqliteStore } from '../../core/src/store/sqlite-store.ts'
import { decodeWith, encodeWith } from '../../core/src/wire/codec/codec.ts'
import { inFlight, inTwoParts, sendPart } from './support/held-payment.ts'
import { World } from './support/world.ts'

const PATH_KEY = fromHex('0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798')

/** What an older version, which relayed such HTLCs, has left in the row of one that it received. */
const addPathKey = async (path: string): Promise<number> => {
  const fail = (error: unknown): never => {
    throw error
  }
  const store = await openSqliteStore({ path, migrations: MIGRATIONS, sought: SOUGHT, onFatal: fail })
  let changed = 0
  for (const { key, value } of await store.scan(TABLE.htlc)) {
    const row = decodeWith(htlcRow, value)
    if (!row.ok || row.value.direction !== 'received') continue
    const { value: received } = row
    const add = { ...received.add, pathKey: PATH_KEY }
    store.submit([{ table: TABLE.htlc, key, value: encodeWith(htlcRow, { ...received, add }) }])
    changed += 1
  }
  await store.flush()
  await store.close()
  return changed
}

test('an HTLC that a version before this one has relayed, and this one would not take — is not failed upstream while downstream can fulfil', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-test-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  })
  const path = join(folder, 'bob.sqlite')
  const [alice, bob, carol] = [await world.node('alice'), await world.node('bob', { path }), await world.node('carol')]
  await alice.faucet(5_000_000n)
  await bob.faucet(5_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  const out = await bob.openTo(carol, 1_000_000n)
  const into = await alice.openTo(bob, 1_000_000n)
  const parts = await inTwoParts(carol)
  const { outcome } = await sendPart(parts, alice, bob, carol)
  for (const node of [bob, carol]) await node.until(async () => (await inFlight(node, out)) === 1)
  await bob.stop()
  t.is(await addPathKey(path), 1)

  await bob.start()
  await bob.until(() => bob.isUsable(into))
  await bob.until(() => bob.isUsable(out))
  await sendPart(parts, bob, carol)
  await bob.until(async () => (await inFlight(bob, out)) === 0)
  t.like(await outcome, { ok: true })
  await bob.until(async () => (await inFlight(bob, into)) === 0)
  t.is(bob.payloads('payment.relayed').length, 1)
})
