import test from 'ava'
import { devchainForLdk } from './drivers/ldk/devchain-for-ldk.ts'
import { startLdkNode } from './drivers/ldk/ldk-node.ts'

test('two LDK nodes — connect over TCP, open a channel, pay both ways, reconnect, close, and force-close', async (t) => {
  const chain = await devchainForLdk()
  const alice = await startLdkNode({ chain, seed: 1, name: 'alice' })
  const bob = await startLdkNode({ chain, seed: 2, name: 'bob' })
  t.teardown(async () => {
    await Promise.all([alice.stop(), bob.stop()])
    await chain.stop()
  })
  const port = await bob.listen()
  await alice.connect('127.0.0.1', port, bob.nodeId)

  const open = async (): Promise<string> => {
    const channelId = await alice.openChannel(bob.nodeId, 1_000_000n, { pushMsat: 100_000_000n })
    await chain.mine(6)
    for (const node of [alice, bob])
      await node.until('a usable channel', () => node.channels().some((c) => c.channelId === channelId && c.isUsable))
    return channelId
  }
  const first = await open()
  t.like(alice.channels()[0], { peer: bob.nodeId, isOpener: true, capacitySat: 1_000_000n })

  t.is((await alice.pay(bob.createInvoice(20_000_000n))).type, 'payment-sent')
  t.is((await bob.pay(alice.createInvoice(5_000_000n))).type, 'payment-sent')
  t.is((await bob.pay(alice.createInvoice(900_000_000n))).type, 'payment-failed')

  // Disconnected while a payment is held, it goes on after the reconnection.
  bob.setAutoClaim(false)
  const paying = alice.pay(bob.createInvoice(undefined), 1_000_000n)
  await bob.until('a held payment', () => bob.events.at(-1)?.type === 'payment-claimable')
  alice.disconnect(bob.nodeId)
  await alice.until('the disconnection', () => !alice.isConnected(bob.nodeId))
  bob.claimHeld()
  await alice.connect('127.0.0.1', port, bob.nodeId)
  t.is((await paying).type, 'payment-sent')
  await alice.until('an idle channel', () => alice.channels()[0]?.pendingHtlcs === 0)

  bob.closeChannel(first)
  await alice.until('the closing transaction', () => chain.devchain.mempool.length === 1)
  await chain.mine(6)
  for (const node of [alice, bob]) t.is(node.channels().length, 0)
  t.true(alice.wallet.balanceSat > 0n || alice.events.some(({ type }) => type === 'swept'))

  // LDK tells the peer of a closing transaction in a block by an error, and hangs up.
  await alice.until('the disconnection', () => !alice.isConnected(bob.nodeId))
  await alice.connect('127.0.0.1', port, bob.nodeId)
  const second = await open()
  const opened = alice.events.length
  // The fees of anchors channels come from coins of the wallet.
  chain.pay(alice.wallet.script, 100_000n)
  await chain.mine()
  bob.setAutoClaim(false)
  const stuck = alice.pay(bob.createInvoice(30_000_000n))
  await bob.until('a held payment', () => bob.events.at(-1)?.type === 'payment-claimable')
  alice.forceClose(second)
  await alice.until('the commitment transaction', () => chain.devchain.mempool.length > 0)
  await chain.mine()
  await bob.until('the close seen by the peer', () => bob.channels().length === 0)
  // The HTLC's expiry has a random part; what LDK broadcasts on the way is mined with the next block.
  const failed = (): boolean => alice.events.slice(opened).some(({ type }) => type === 'payment-failed')
  for (let blocks = 0; blocks < 1000 && !failed(); blocks++) await chain.mine()
  t.is((await stuck).type, 'payment-failed')
  const before = alice.events.length
  await chain.mine(150)
  await alice.until('the delayed outputs to be swept', () => alice.events.slice(before).some((e) => e.type === 'swept'))
})
