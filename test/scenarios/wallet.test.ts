import test from 'ava'
import { scriptToAddress } from '../../core/src/bitcoin/address.ts'
import { feerateOf } from '../../core/src/bitcoin/fees.ts'
import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { p2wpkh } from '../../core/src/bitcoin/script.ts'
import { parseTxid, txWeight } from '../../core/src/bitcoin/transaction.ts'
import { secp256k1 } from '../../core/src/crypto/secp256k1.ts'
import { type TestNode, World } from './support/world.ts'

const THEIRS = scriptToAddress(p2wpkh(secp256k1.publicKey(new Uint8Array(32).fill(5))), NETWORKS.regtest)

const inWorld = async (use: (world: World) => Promise<void>): Promise<void> => {
  const world = new World()
  try {
    await use(world)
  } finally {
    await world.close()
  }
}

const inMempool = (world: World, txid: string) => world.chain.mempoolEntry(parseTxid(txid) ?? new Uint8Array(32))

const transactionOf = async (node: TestNode, txid: string) =>
  (await node.ask('wallet', 'transactions', {})).items.find((each) => each.txid === txid)

const told = (node: TestNode, name: string): readonly Record<string, unknown>[] =>
  node.events.filter((event) => event.name === name).map(({ text }) => JSON.parse(text).payload)

test('a payment — is raised by a replacement, and what it replaced is told', (t) =>
  inWorld(async (world) => {
    const alice = await world.node('alice')
    await alice.faucet(1_000_000n)
    const sent = await alice.ask('wallet', 'send', {
      address: THEIRS,
      amountSat: 200_000n,
      feerate: 253,
      label: 'rent',
    })
    await alice.until(async () => inMempool(world, sent.txid) !== undefined)
    const low = await alice.tryAsk('wallet', 'bumpFee', { txid: sent.txid, feerate: 254 })
    t.like(low, { ok: false, error: { code: 'feerate-too-low', field: 'feerate' } })
    const bumped = await alice.ask('wallet', 'bumpFee', { txid: sent.txid, feerate: 2_000 })
    t.is(bumped.by, 'replacement')
    await alice.until(async () => inMempool(world, bumped.txid) !== undefined)
    t.is(inMempool(world, sent.txid), undefined)
    await alice.until(async () => told(alice, 'wallet.transaction-dropped').length > 0)
    t.like(told(alice, 'wallet.transaction-dropped'), [
      { txid: sent.txid, by: bumped.txid, purpose: 'send', label: 'rent' },
    ])
    await world.mine(1)
    t.like(await transactionOf(alice, bumped.txid), {
      purpose: 'send',
      label: 'rent',
      replaces: sent.txid,
      feeSat: bumped.feeSat,
    })
    t.like(await alice.tryAsk('wallet', 'bumpFee', { txid: bumped.txid, feerate: 9_000 }), {
      error: { code: 'transaction-confirmed' },
    })
    t.like(await alice.tryAsk('wallet', 'bumpFee', { txid: 'ab'.repeat(32) }), {
      error: { code: 'transaction-unknown' },
    })
  }))

test('what others pay — is brought into a block by a child, and not spent otherwise before it is in one', (t) =>
  inWorld(async (world) => {
    const [alice, bob] = [await world.node('alice'), await world.node('bob')]
    await alice.faucet(1_000_000n)
    const { address } = await bob.ask('wallet', 'newAddress', { type: 'p2wpkh', label: 'the shop' })
    const { txid } = await alice.ask('wallet', 'send', { address, amountSat: 50_000n, feerate: 253 })
    await alice.until(async () => inMempool(world, txid) !== undefined)
    t.is((await bob.ask('wallet', 'balance', {})).spendableSat, 0n)
    const child = await bob.ask('wallet', 'bumpFee', { txid, feerate: 3_000 })
    t.is(child.by, 'child')
    await bob.until(async () => inMempool(world, child.txid) !== undefined)
    t.like(await bob.ask('wallet', 'balance', {}), { unconfirmedSat: 50_000n - child.feeSat, spendableSat: 0n })
    t.like(await bob.tryAsk('wallet', 'bumpFee', { txid, by: 'replacement' }), { error: { code: 'not-replaceable' } })
    await world.mine(1)
    t.is((await bob.ask('wallet', 'balance', {})).spendableSat, 50_000n - child.feeSat)
    const [given] = (await bob.ask('wallet', 'addresses', {})).items.filter((each) => each.address === address)
    t.like(given, { type: 'p2wpkh', label: 'the shop' })
  }))

test('a payment — that a reorganisation takes out of a block, however deep it was, is broadcast again', (t) =>
  inWorld(async (world) => {
    const alice = await world.node('alice')
    await alice.faucet(1_000_000n)
    const { txid } = await alice.ask('wallet', 'send', { address: THEIRS, amountSat: 200_000n })
    await alice.until(async () => inMempool(world, txid) !== undefined)
    await world.mine(8)
    t.truthy((await transactionOf(alice, txid))?.blockHeight)
    world.chain.reorganise({ depth: 8, blocks: 9, dropTransactions: true })
    await alice.until(async () => inMempool(world, txid) !== undefined)
    await world.mine(1)
    t.truthy((await transactionOf(alice, txid))?.blockHeight)
  }))

test('a reserve for anchors — grows with the channels, and neither sends nor openings go below it', (t) =>
  inWorld(async (world) => {
    const [alice, bob] = [await world.node('alice'), await world.node('bob')]
    await alice.faucet(1_000_000n)
    await alice.connectTo(bob)
    const refused = await alice.tryAsk('channels', 'open', { nodeId: bob.id, fundingSat: 995_000n })
    t.like(refused, { ok: false, error: { code: 'anchor-reserve', details: { reserve: '10000' } } })
    await alice.openTo(bob, 500_000n)
    t.is((await alice.ask('wallet', 'balance', {})).anchorReserveSat, 10_000n)
    const { spendableSat } = await alice.ask('wallet', 'balance', {})
    t.like(await alice.tryAsk('wallet', 'send', { address: THEIRS, amountSat: spendableSat - 5_000n }), {
      ok: false,
      error: { code: 'anchor-reserve', field: 'amountSat' },
    })
    const all = await alice.ask('wallet', 'sendAll', { address: THEIRS })
    t.is(all.amountSat + all.feeSat + 10_000n, spendableSat)
    await world.mine(1)
    t.is((await alice.ask('wallet', 'balance', {})).spendableSat, 10_000n)
  }))

test('coins — are chosen, frozen and thawed, and say why they cannot be spent', (t) =>
  inWorld(async (world) => {
    const alice = await world.node('alice')
    await alice.faucet(100_000n)
    const [utxo] = (await alice.ask('wallet', 'utxos', {})).items
    const coin = `${utxo?.txid}:${utxo?.outputIndex}`
    await alice.ask('wallet', 'freeze', { coin })
    const pay = { address: THEIRS, amountSat: 10_000n, coins: [coin] }
    t.like(await alice.tryAsk('wallet', 'send', pay), { error: { code: 'coin-unavailable', field: 'coins' } })
    await alice.ask('wallet', 'thaw', { coin })
    const outputs = [10_000n, 20_000n].map((amountSat) => ({ address: THEIRS, amountSat }))
    const many = await alice.ask('wallet', 'sendMany', { outputs, coins: [coin] })
    await alice.ask('wallet', 'label', { of: many.txid, label: 'both' })
    t.like(await transactionOf(alice, many.txid), { label: 'both', purpose: 'send' })
    t.like(await alice.tryAsk('wallet', 'freeze', { coin }), { error: { code: 'coin-unavailable' } })
  }))

test('a fee — is asked for as a rate or by when the transaction should be in a block, and not as both', (t) =>
  inWorld(async (world) => {
    const estimateFeerate = (blocks: number) => (blocks <= 2 ? 5_000 : blocks <= 6 ? 2_000 : 500)
    const alice = await world.node('alice', { backend: (chain) => ({ ...chain, estimateFeerate }) })
    await alice.faucet(1_000_000n)
    const rateOf = async (fee: { feerate?: number; targetBlocks?: number }) => {
      const { txid, feeSat } = await alice.ask('wallet', 'send', { address: THEIRS, amountSat: 10_000n, ...fee })
      await alice.until(async () => inMempool(world, txid) !== undefined)
      const tx = inMempool(world, txid)?.tx
      return tx === undefined ? undefined : Math.floor(feerateOf(feeSat, txWeight(tx)) / 100) * 100
    }
    t.is(await rateOf({}), 2_000)
    t.is(await rateOf({ targetBlocks: 2 }), 5_000)
    t.is(await rateOf({ targetBlocks: 144 }), 500)
    t.is(await rateOf({ feerate: 700 }), 700)
    const both = { address: THEIRS, amountSat: 10_000n, feerate: 700, targetBlocks: 2 }
    for (const operation of ['send', 'sendAll'] as const) {
      const { amountSat: _, ...all } = both
      const refused = await alice.tryAsk('wallet', operation, (operation === 'send' ? both : all) as typeof both)
      t.like(refused, { error: { code: 'invalid-request', field: 'targetBlocks' } })
    }
  }))

test('a rescan — finds coins of both kinds that were paid before the node was there, as far as addresses follow each other', (t) =>
  inWorld(async (world) => {
    const alice = await world.node('alice')
    const from = (await alice.ask('node', 'getInfo', {})).blockHeight
    await alice.faucet(100_000n)
    const { address } = await alice.ask('wallet', 'newAddress', { type: 'p2wpkh' })
    await alice.ask('wallet', 'send', { address, amountSat: 30_000n })
    await world.mine(30)
    const before = await alice.ask('wallet', 'balance', {})
    // The same words, and nothing else.
    const restored = await world.node('alice')
    t.is((await restored.ask('wallet', 'balance', {})).confirmedSat, 0n)
    const tip = (await restored.ask('node', 'getInfo', {})).blockHeight
    const above = await restored.tryAsk('wallet', 'rescan', { fromHeight: tip + 1 })
    t.like(above, { error: { code: 'block-unknown', field: 'fromHeight', details: { blockHeight: tip } } })
    t.is((await restored.ask('wallet', 'rescanStatus', {})).rescan, undefined)
    const { rescan } = await restored.ask('wallet', 'rescan', { fromHeight: from })
    t.is(rescan.fromHeight, from)
    await restored.until(async () => (await restored.ask('wallet', 'rescanStatus', {})).rescan?.done === true)
    t.deepEqual(await amounts(restored), await amounts(alice))
    t.is((await restored.ask('wallet', 'balance', {})).confirmedSat, before.confirmedSat)
    t.like(told(restored, 'wallet.rescanned'), [{ fromHeight: Number(from), missing: 0 }])
    const { txid } = await restored.ask('wallet', 'send', { address: THEIRS, amountSat: 20_000n })
    await restored.until(async () => inMempool(world, txid) !== undefined)
    const used = (await alice.ask('wallet', 'addresses', {})).items.map((each) => each.address)
    t.false(
      used.includes((await restored.ask('wallet', 'newAddress', {})).address),
      'what was paid is not given out again',
    )
  }))

const amounts = async (node: TestNode) =>
  (await node.ask('wallet', 'utxos', {})).items.map(({ amountSat, address }) => `${amountSat} ${address}`).sort()

test('a rescan — goes past blocks that are pruned and says so, and nothing is sent before it has ended', (t) =>
  inWorld(async (world) => {
    let hold = Promise.withResolvers<void>()
    const alice = await world.node('alice', {
      backend: (chain) => ({
        ...chain,
        getBlock: async (at) => {
          await hold.promise
          return chain.getBlock(at)
        },
        health: () => ({ ...chain.health(), pruneHeight: 100 }),
      }),
    })
    hold.resolve()
    await alice.faucet(100_000n)
    hold = Promise.withResolvers()
    await alice.ask('wallet', 'rescan', { fromHeight: 1 })
    t.like(await alice.tryAsk('wallet', 'send', { address: THEIRS, amountSat: 10_000n }), {
      error: { code: 'rescan-under-way' },
    })
    t.like(await alice.tryAsk('wallet', 'rescan', { fromHeight: 5 }), { error: { code: 'rescan-under-way' } })
    const warned = async () => (await alice.ask('node', 'getInfo', {})).warnings.join()
    t.regex(await warned(), /looks through blocks for its coins: \d+ of \d+, from 1 on/)
    hold.resolve()
    await alice.until(async () => (await alice.ask('wallet', 'rescanStatus', {})).rescan?.done === true)
    const { rescan } = await alice.ask('wallet', 'rescanStatus', {})
    t.like(rescan, { missing: 99, firstMissing: 1, lastMissing: 99 })
    t.notRegex(await warned(), /looks through/)
    t.truthy((await alice.ask('wallet', 'send', { address: THEIRS, amountSat: 10_000n })).txid)
  }))
