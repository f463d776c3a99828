import type { HookAnswer } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import { World } from './support/world.ts'

test('a peer has so many HTLCs under way as the operator allows: one more is refused, and `peers.relays` tells of all', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const mostOfPeer = { htlcs: 1, amountMsat: 1_000_000_000n }
  const [alice, bob, carol] = [
    await world.node('alice'),
    await world.node('bob', { choices: { mostOfPeer } }),
    await world.node('carol'),
  ]
  await alice.faucet(5_000_000n)
  await bob.faucet(5_000_000n)
  await alice.connectTo(bob)
  await bob.connectTo(carol)
  await alice.openTo(bob, 1_000_000n)
  await bob.openTo(carol, 1_000_000n)
  const pay = async () => alice.tryAsk('payments', 'payInvoice', { invoice: await carol.invoice(100_000n) })
  const relaysOf = async (nodeId: string) => (await bob.ask('peers', 'relays', { nodeId })).items[0]

  const answered = Promise.withResolvers<readonly HookAnswer<'htlc.forward'>[]>()
  bob.node.gateway.hooks.register({ wants: () => true, ask: async () => (await answered.promise) as never })
  const first = pay()
  await bob.until(async () => (await relaysOf(alice.id))?.underWay.htlcs === 1)
  t.like(await pay(), { ok: false })
  answered.resolve([])
  t.like(await first, { ok: true })
  t.like(await pay(), { ok: true })

  await bob.until(async () => (await relaysOf(alice.id))?.underWay.htlcs === 0)
  const ofAlice = await relaysOf(alice.id)
  const fees = bob.payloads('payment.relayed').reduce((sum, { feeMsat }) => sum + BigInt(feeMsat as string), 0n)
  t.like(ofAlice, { refused: 1, in: { settled: 2, failed: 0, feesMsat: fees }, out: { settled: 0 } })
  t.like(await relaysOf(carol.id), { refused: 0, out: { settled: 2, amountMsat: 200_000n, feesMsat: fees } })
})
