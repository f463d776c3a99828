import test from 'ava'
import { fromHex } from '../../core/src/lib/bytes.ts'
import { type TestNode, World } from './support/world.ts'

/** Another node with alice’s seed pays bob with the coin that she has had since this block or a little before. */
const spendElsewhere = async (world: World, bob: TestNode, height: number): Promise<string> => {
  const copy = await world.node('alice')
  await copy.ask('wallet', 'rescan', { fromHeight: height - 10 })
  await copy.until(async () => (await copy.ask('wallet', 'rescanStatus', {})).rescan?.done === true)
  const { address } = await bob.ask('wallet', 'newAddress', {})
  return (await copy.ask('wallet', 'send', { address, amountSat: 400_000n, feerate: 50_000 })).txid
}

test('a funding whose coin is spent otherwise, by another node with the same seed — is told six deep, and ends 100 deep as one that was never funded', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await alice.faucet(1_000_000n)
  const { blockHeight } = await alice.ask('node', 'getInfo', {})
  await alice.connectTo(bob)
  const opened = await alice.ask('channels', 'open', { nodeId: bob.id, fundingSat: 500_000n })
  const isWaiting = (txid: string) => world.chain.mempoolEntry(fromHex(txid).toReversed()) !== undefined
  await alice.until(async () => isWaiting(opened.fundingTxid))

  const txid = await spendElsewhere(world, bob, blockHeight)
  await bob.until(async () => isWaiting(txid))
  t.false(isWaiting(opened.fundingTxid))

  await world.mine(5)
  t.deepEqual(alice.payloads('channel.errored'), [])
  await world.mine(1)
  await alice.until(async () => alice.payloads('channel.errored').length > 0)
  const { channelId } = opened
  t.like(alice.payloads('channel.errored')[0], { channelId, code: 'funding-double-spent' })
  t.is((await alice.ask('channels', 'get', { channelId })).channel.state, 'closing')
  await world.mine(94)
  await alice.until(async () => alice.payloads('channel.closed').length > 0)
  t.like(alice.payloads('channel.closed')[0], { channelId, kind: 'never-funded' })
  // What the other node has left over is hers, and nothing of it is set aside.
  const balance = await alice.ask('wallet', 'balance', {})
  t.true(balance.confirmedSat > 550_000n)
  t.is(balance.reservedSat, 0n)
})

test('a funding that is undone, and whose coin its opener then spends elsewhere — fails the channel of its fundee, and ends it as one that was never funded', async (t) => {
  const world = new World()
  t.teardown(() => world.close())
  const [alice, bob] = [await world.node('alice'), await world.node('bob')]
  await alice.faucet(1_000_000n)
  const { blockHeight } = await alice.ask('node', 'getInfo', {})
  await alice.connectTo(bob)
  const channelId = await alice.openTo(bob, 500_000n, 100_000_000n)
  await alice.stop()
  world.chain.reorganise({ depth: 6, dropTransactions: true })
  await bob.until(async () => bob.payloads('channel.errored').length > 0)
  t.like(bob.payloads('channel.errored')[0], { channelId, code: 'funding-undone' })
  await spendElsewhere(world, bob, blockHeight)
  await bob.until(async () => world.chain.mempool.length > 0)
  await world.mine(6)
  await bob.until(async () => bob.payloads('channel.errored').some(({ code }) => code === 'funding-double-spent'))
  await world.mine(94)
  await bob.until(async () => bob.payloads('channel.closed').length > 0)
  t.like(bob.payloads('channel.closed')[0], { channelId, kind: 'never-funded' })
})
