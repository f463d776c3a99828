import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import type { ChainBackend } from '../../core/src/chain/chain-backend.ts'
import { EXPIRIES, inFlight, inTwoParts, sendPart } from './support/held-payment.ts'
import { World } from './support/world.ts'

const estimating =
  (feeratePerKw: number) =>
  (chain: ChainBackend): ChainBackend => ({ ...chain, estimateFeerate: () => feeratePerKw })

test('a preimage that the next node shows in the mempool, and that no block takes — is passed on to the node before', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-mempool-preimage-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true })
  })
  const alice = await world.node('alice')
  const bob = await world.node('bob', { path: join(folder, 'bob'), backend: estimating(1_000) })
  const carol = await world.node('carol', { backend: estimating(2_000) })
  const dave = await world.node('dave')
  for (const node of [alice, bob, carol, dave]) await node.faucet(10_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  await dave.connectTo(carol)
  const incoming = await alice.openTo(bob, 1_000_000n)
  const outgoing = await bob.openTo(carol, 1_000_000n)
  await dave.openTo(carol, 1_000_000n)
  const parts = await inTwoParts(carol)
  const { outcome } = await sendPart(parts, alice, bob, carol)
  for (const node of [carol, bob]) await node.until(async () => (await inFlight(node, outgoing)) === 1)
  const start = world.chain.tip.height

  // While bob is away carol gets the other half, and goes to the chain with the preimage, at a fee that no block takes.
  await bob.stop()
  await sendPart(parts, dave, carol)
  await carol.until(async () => carol.payloads('payment.received').length === 1)
  await carol.ask('channels', 'forceClose', { channelId: outgoing })
  await carol.until(async () => world.chain.mempool.length > 0)
  await world.mine(1)
  world.chain.setFees({ block: 5_000, mempool: 0 })
  await carol.until(async () => world.chain.mempool.some(({ tx }) => tx.inputs[0]?.witness.length === 5))
  await carol.stop()

  await bob.start()
  await alice.connectTo(bob)
  while (world.chain.tip.height < start + EXPIRIES.incoming) await world.mine(1)
  await alice.until(async () => (await inFlight(alice, incoming)) === 0)
  t.like(await outcome, { ok: true, value: { payment: { status: 'settled' } } })
  await bob.until(async () => bob.payloads('payment.relayed').length === 1)
  t.deepEqual(bob.payloads('channel.errored'), [])
})
