import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'ava'
import { inFlight, inTwoParts, sendPart } from './support/held-payment.ts'
import { TestNode, World } from './support/world.ts'

test('a peer that publishes a revoked commitment ends with nothing, also of HTLCs that had ended since, and the channel ends', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-revoked-'))
  const world = new World()
  const at = (name: string): string => join(folder, name)
  const copy = new TestNode(world, 'mallory', { path: at('copy') })
  t.teardown(async () => {
    await copy.stop()
    await world.close()
    rmSync(folder, { recursive: true })
  })
  const mallory = await world.node('mallory', { path: at('mallory') })
  const bob = await world.node('bob', { path: at('bob') })
  const dave = await world.node('dave')
  for (const node of [mallory, dave]) await node.faucet(10_000_000n)
  await mallory.connectTo(bob)
  const channelId = await mallory.openTo(bob, 1_000_000n, 400_000_000n)
  await dave.connectTo(mallory)
  await dave.openTo(mallory, 1_000_000n)

  const parts = await inTwoParts(mallory)
  // Her data of the moment in which she holds one of two parts.
  const first = await sendPart(parts, bob, mallory)
  for (const node of [mallory, bob]) await node.until(async () => (await inFlight(node, channelId)) === 1)
  await mallory.store.backup(at('copy'))
  const second = await sendPart(parts, dave, mallory)
  for (const { outcome } of [first, second]) t.true((await outcome).ok)
  for (const node of [mallory, bob]) await node.until(async () => (await inFlight(node, channelId)) === 0)
  for (const node of [dave, mallory, bob]) await node.stop()

  await copy.start()
  await copy.tryAsk('channels', 'forceClose', { channelId }, 'cheat')
  await copy.stop()
  await bob.start()
  await world.mine(1)
  await bob.until(async () => bob.payloads('channel.errored').length > 0)
  t.deepEqual(
    bob.payloads('channel.errored').map(({ code }) => code),
    ['revoked-commitment-published'],
  )
  const spendable = async () => (await bob.ask('wallet', 'balance', {})).spendableSat
  for (let block = 0; block < 10 && bob.payloads('channel.closed').length === 0; block++) await world.mine(1)
  await bob.until(async () => bob.payloads('channel.closed').length === 1)
  // All but fees, and what two anchors hold.
  t.true((await spendable()) > 990_000n, `${await spendable()}`)
})
