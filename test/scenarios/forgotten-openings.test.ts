import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { toHex } from '../../core/src/lib/bytes.ts'
import { HostilePeer } from './support/hostile-peer.ts'
import { World } from './support/world.ts'

test('coins set aside for an opening that a restart has forgotten are free again', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-forgotten-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true })
  })
  const alice = await world.node('alice', { path: join(folder, 'alice.sqlite') })
  await alice.faucet(10_000_000n)
  const mallory = await HostilePeer.connect(alice, 66)

  const answer = alice.tryAsk('channels', 'open', { nodeId: toHex(mallory.nodeId), fundingSat: 1_000_000n })
  mallory.send(mallory.acceptChannel(await mallory.next('open_channel')))
  // Nothing comes back to this, and then the node ends.
  await mallory.next('funding_created')
  t.true((await alice.ask('wallet', 'balance', {})).reservedSat > 0n)
  await alice.stop()
  t.like(await answer, { ok: false, error: { code: 'outcome-unknown' } })

  await alice.start()
  const { reservedSat, spendableSat } = await alice.ask('wallet', 'balance', {})
  t.is(reservedSat, 0n)
  t.is(spendableSat, 10_000_000n)
})
