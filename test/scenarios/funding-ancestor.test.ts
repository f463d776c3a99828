import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { Tx } from '../../core/src/bitcoin/transaction.ts'
import { FAUCET_SCRIPT, payFromFaucet } from '../../core/src/chain/devchain/faucet.ts'
import { type TestNode, World } from './support/world.ts'

const worldOf = (t: ExecutionContext) => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-test-'))
  const world = new World()
  t.teardown(async () => {
    await world.close()
    rmSync(folder, { recursive: true, force: true })
  })
  return { world, nodeOf: (name: string, file = name) => world.node(name, { path: join(folder, `${file}.sqlite`) }) }
}

const stateOf = async (node: TestNode, channelId: string): Promise<string> => {
  const { items } = await node.ask('channels', 'list', {})
  return items.find((item) => item.channelId === channelId)?.state ?? 'none'
}

const becomes = (node: TestNode, channelId: string, state: string): Promise<void> =>
  node.until(async () => (await stateOf(node, channelId)) === state)

/** Who paid the deposit pays another with the same coins. */
const spendElsewhere = ({ chain }: World, deposit: Tx): void => {
  const coins = deposit.inputs.map(({ outpoint }) => {
    const coin = chain.coin(outpoint)
    if (coin === undefined) throw new Error('no coin')
    return { outpoint, ...coin }
  })
  const tx = payFromFaucet(coins, [{ amount: 100_000n, script: FAUCET_SCRIPT }])
  if (tx === undefined || !chain.submitTx(tx).ok) throw new Error('not paid')
}

for (const wasDeep of [false, true]) {
  test(`a funding ${wasDeep ? 'that was six deep' : 'in the mempool'}, whose coin's own transaction a reorganisation lets be double-spent — fails its channel and ends it, and the wallet's other coin is free all the time`, async (t) => {
    const { world, nodeOf } = worldOf(t)
    const alice = await nodeOf('alice')
    const bob = await nodeOf('bob')
    await alice.faucet(200_000n)
    await alice.faucet(300_000n)
    const deposit = world.chain.tip.txs.at(-1)
    if (deposit === undefined) return t.fail()
    await alice.connectTo(bob)
    const { channelId } = await alice.ask('channels', 'open', { nodeId: bob.id, fundingSat: 400_000n })
    if (wasDeep) {
      await world.mine(6)
      await alice.until(async () => alice.isUsable(channelId))
    }
    world.chain.reorganise({ depth: wasDeep ? 7 : 1, dropTransactions: true })
    spendElsewhere(world, deposit)
    await world.mine(1)
    await alice.until(async () => (await alice.ask('wallet', 'balance', {})).unconfirmedSat === 0n)
    const free = { spendableSat: 200_000n, confirmedSat: 200_000n, unconfirmedSat: 0n, reservedSat: 0n }
    t.like(await alice.ask('wallet', 'balance', {}), free)
    // The dead funding is not put back over the other coin.
    await alice.stop()
    await alice.start()
    t.like(await alice.ask('wallet', 'balance', {}), free)
    await world.mine(10)
    await becomes(alice, channelId, 'closing')
    await world.mine(100)
    await becomes(alice, channelId, 'none')
    t.like(await alice.ask('wallet', 'balance', {}), { ...free, anchorReserveSat: 0n })
  })
}

test('a funding made of the change of another, whose coin a copy of the wallet spends — both channels end', async (t) => {
  const { world, nodeOf } = worldOf(t)
  const alice = await nodeOf('alice')
  const copy = await nodeOf('alice', 'copy')
  const bob = await nodeOf('bob')
  await alice.faucet(400_000n)
  await alice.connectTo(bob)
  const { channelId: first } = await alice.ask('channels', 'open', { nodeId: bob.id, fundingSat: 100_000n })
  const { channelId: second } = await alice.ask('channels', 'open', { nodeId: bob.id, fundingSat: 150_000n })
  const { address } = await bob.ask('wallet', 'newAddress', {})
  await copy.ask('wallet', 'send', { address, amountSat: 300_000n, feerate: 50_000 })
  await world.mine(1)
  await alice.until(async () => (await alice.ask('wallet', 'balance', {})).unconfirmedSat === 0n)
  await world.mine(7)
  await becomes(alice, first, 'closing')
  await becomes(alice, second, 'closing')
  await world.mine(100)
  await becomes(alice, first, 'none')
  await becomes(alice, second, 'none')
  const { confirmedSat, spendableSat, unconfirmedSat } = await alice.ask('wallet', 'balance', {})
  t.is(spendableSat, confirmedSat)
  t.is(unconfirmedSat, 0n)
})
