import { encodeJson } from '@fulgurite/plugin-sdk/contract'
import test from 'ava'
import { type PluginNode, PluginWorld } from './support/plugin-world.ts'

interface Kept {
  readonly isOpen: boolean
  readonly cost: { readonly paysOutMsat: string; readonly feesMsat: string }
}

const reservations = async (node: PluginNode): Promise<readonly Kept[]> =>
  (await node.rows('limits/spent/payer/')).map(([, row]) => JSON.parse(row) as Kept)

test('a payment of a plugin that is under way when the node restarts — stays set aside, and is settled by how it ends', async (t) => {
  const world = new PluginWorld()
  t.teardown(() => world.close())
  const [alice, carol] = [await world.node('alice'), await world.node('carol')]
  const bob = await world.pluginNode('bob')
  await alice.faucet(5_000_000n)
  await carol.faucet(5_000_000n)
  const channelId = await world.open(alice, bob, 1_000_000n, 500_000_000n)
  await world.open(carol, alice, 1_000_000n)
  const { invoice } = await alice.ask('invoices', 'create', { amountMsat: 300_000_000n })
  // A part of it: alice holds it until the rest is there.
  const part = async (node: typeof carol | PluginNode, amountMsat: bigint) => {
    const { items } = await node.ask('channels', 'list', {})
    const shortChannelId = items.find(({ peer }) => peer === alice.id)?.shortChannelId
    return {
      paymentHash: invoice.paymentHash,
      paymentSecret: invoice.paymentSecret,
      totalAmountMsat: 300_000_000n,
      route: [{ nodeId: alice.id, shortChannelId, amountMsat, cltvExpiryDelta: 60 }],
    }
  }
  const asked = encodeJson(await part(bob, 100_000_000n))
  await bob.install({
    name: 'payer',
    setup: `
      const { totalAmountMsat, route: [hop], ...rest } = ${asked}
      const request = { ...rest, totalAmountMsat: BigInt(totalAmountMsat), route: [{ ...hop, amountMsat: BigInt(hop.amountMsat) }] }
      const pay = (key, log) => actors.payments.sendToRoute(request, { key, reason: { code: 'rent' } })
        .then(() => log.info(key, 'paid'), ({ code }) => log.info(key, code))
      schedule('pay', 86_400_000, () => { void pay('rent', log) })
      // In each life: what it asks now depends on what is set aside.
      schedule('more', 60_000, () => { void pay('more', log) })`,
    manifest: {
      permissions: { commands: { 'payments.sendToRoute': {} } },
      budget: { paysOutMsat: 150_000_000 },
    },
  })
  const held = async () => (await alice.ask('channels', 'get', { channelId })).channel.htlcsInFlight === 1
  await alice.until(held)
  const open = { isOpen: true, cost: { paysOutMsat: '100000000', feesMsat: '0', locksSat: '0' } }
  t.like(await reservations(bob), [open])
  await bob.until(async () => (await bob.pluginLog('payer')).includes('plugin info more budget-exceeded'))

  await bob.stop()
  await bob.start()
  t.true(await held())
  t.like(await reservations(bob), [open])
  await bob.ask('peers', 'connect', { nodeId: alice.id, address: alice.address })

  await carol.ask('payments', 'sendToRoute', await part(carol, 200_000_000n))
  await bob.until(async () => (await reservations(bob)).every(({ isOpen }) => !isOpen))
  t.like(await reservations(bob), [{ ...open, isOpen: false }])
})
