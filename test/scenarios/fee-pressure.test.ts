import test from 'ava'
import { addressToScript } from '../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { displayTxid } from '../../core/src/bitcoin/transaction.ts'
import type { ChainBackend } from '../../core/src/chain/chain-backend.ts'
import { type TestNode, World } from './support/world.ts'

const FLOOR = 253
const RISE = 50
/** In so many blocks fees rise to fifty times what they were. */
const BLOCKS_OF_RISE = 16
/** By so many blocks estimates lag behind. */
const LAG = 4
/** Blocks until the HTLCs expire. */
const EXPIRY = 40
const HTLC_MSAT = 100_000_000n
const HTLC_SAT = HTLC_MSAT / 1_000n
const EACH_WAY = 10

/** What it takes to get into a block, so many blocks after fees began to rise. */
const marketAt = (blocks: number): number =>
  Math.ceil(FLOOR * RISE ** Math.min(1, Math.max(0, blocks) / BLOCKS_OF_RISE))

/** A node whose backend has estimates, and those old. */
class Pressure {
  readonly world = new World()
  #risen = 0

  readonly backend = (backend: ChainBackend): ChainBackend => ({
    ...backend,
    estimateFeerate: () => marketAt(this.#risen - LAG),
  })

  /** A block of a rising market. */
  async mine(): Promise<void> {
    const market = marketAt(++this.#risen)
    this.world.chain.setFees({ block: market, mempool: Math.floor(market / 3) })
    await this.world.mine(1)
  }

  /** The height of the block that holds a transaction. */
  heightOf(txid: string): number | undefined {
    const { chain } = this.world
    for (let height = chain.tip.height; height > 0; height--) {
      if (chain.blockAt(height)?.txids.some((id) => displayTxid(id) === txid)) return height
    }
    return undefined
  }
}

/** Coins for a wallet, one for each claim: an unconfirmed one cannot be used in a replacement. */
const fundWith = async (world: World, node: TestNode, coins: number, sat: bigint): Promise<void> => {
  const outputs: { amount: bigint; script: Uint8Array }[] = []
  for (let i = 0; i < coins; i++) {
    const { address } = await node.ask('wallet', 'newAddress', {})
    const script = addressToScript(address, NETWORKS.regtest)
    if (!script.ok) throw new Error('our own address')
    outputs.push({ amount: sat, script: script.value })
  }
  world.chain.fund(outputs)
  await world.mine(1)
}

/** Half of an invoice, which its maker holds until the other half is there. */
const payHalf = async (from: TestNode, to: TestNode, invoice: { paymentHash: string; paymentSecret: string }) => {
  const { items } = await from.ask('channels', 'list', { peer: to.id })
  const paying = from.tryAsk('payments', 'sendToRoute', {
    paymentHash: invoice.paymentHash,
    paymentSecret: invoice.paymentSecret,
    totalAmountMsat: 2n * HTLC_MSAT,
    route: [
      { nodeId: to.id, shortChannelId: items[0]?.shortChannelId, amountMsat: HTLC_MSAT, cltvExpiryDelta: EXPIRY },
    ],
  })
  paying.catch(() => {})
}

const invoiceOf = async (maker: TestNode) => {
  const { invoice } = await maker.ask('invoices', 'create', { amountMsat: 2n * HTLC_MSAT, description: 'two halves' })
  return { paymentHash: invoice.paymentHash as string, paymentSecret: invoice.paymentSecret as string }
}

const inFlight = async (node: TestNode, channelId: string): Promise<number> =>
  (await node.ask('channels', 'get', { channelId })).channel.htlcsInFlight

/** Alice has offered ten HTLCs to Bob, and knows the preimages of ten of his; then he is gone. */
const deserted = async (pressure: Pressure) => {
  const { world } = pressure
  const alice = await world.node('alice', { backend: pressure.backend })
  const [bob, carol] = [await world.node('bob'), await world.node('carol')]
  await alice.faucet(30_000_000n)
  await carol.faucet(30_000_000n)
  await alice.connectTo(bob)
  await carol.connectTo(alice)
  const channelId = await alice.openTo(bob, 10_000_000n, 4_000_000_000n)
  await carol.openTo(alice, 10_000_000n)
  const ours: { paymentHash: string; paymentSecret: string }[] = []
  for (let i = 0; i < EACH_WAY; i++) {
    await payHalf(alice, bob, await invoiceOf(bob))
    const invoice = await invoiceOf(alice)
    ours.push(invoice)
    await payHalf(bob, alice, invoice)
  }
  for (const node of [alice, bob]) await node.until(async () => (await inFlight(node, channelId)) === 2 * EACH_WAY)
  await bob.stop()
  for (const invoice of ours) await payHalf(carol, alice, invoice)
  await alice.until(async () => alice.payloads('payment.received').length === EACH_WAY)
  return { alice, channelId, expiry: world.chain.tip.height + EXPIRY }
}

test('fees rise fifty-fold while a channel with twenty HTLCs is closed alone, and estimates lag — every claim is in a block in time, for less than it is worth', async (t) => {
  const pressure = new Pressure()
  t.teardown(() => pressure.world.close())
  const { alice, channelId } = await deserted(pressure)
  await fundWith(pressure.world, alice, 2 * EACH_WAY + 5, 1_000_000n)
  await pressure.mine()
  await alice.ask('channels', 'forceClose', { channelId })
  const transactions = async () => (await alice.ask('channels', 'get', { channelId })).channel.transactions ?? []
  const taken = async () =>
    (await transactions()).filter(
      ({ purpose, status }) => (purpose === 'htlc-success' || purpose === 'htlc-timeout') && status === 'confirmed',
    )
  // Until the last HTLC that we offered must have come back.
  for (let blocks = 0; blocks < EXPIRY + 40 && (await taken()).length < 2 * EACH_WAY; blocks++) await pressure.mine()

  const claims = await taken()
  const named = (wanted: string) => claims.filter(({ purpose }) => purpose === wanted)
  t.deepEqual([named('htlc-success').length, named('htlc-timeout').length], [EACH_WAY, EACH_WAY])
  for (const { txid, deadline, feeSat, purpose } of claims) {
    const height = pressure.heightOf(txid) ?? Number.POSITIVE_INFINITY
    t.true(height <= (deadline ?? 0), `${purpose} at ${height}, due at ${deadline}`)
    t.true(feeSat <= HTLC_SAT / 2n, `${purpose} pays ${feeSat}`)
  }
  const anchor = (await transactions()).find(({ purpose }) => purpose === 'anchor')
  t.true((anchor?.feeSat ?? 0n) <= BigInt(EACH_WAY) * HTLC_SAT)
  t.deepEqual(alice.payloads('channel.fees-short'), [])

  // Each step is in the record: what it replaced, and for what reason it pays what it pays.
  const told = alice.payloads('channel.transaction-published')
  const replaced = told.filter(({ replaces }) => replaces !== undefined)
  t.true(replaced.length > 0)
  for (const { replaces, feeSat } of replaced) {
    const before = told.find(({ txid }) => txid === replaces)
    t.true(BigInt(feeSat as string) > BigInt(before?.feeSat as string))
  }
  t.log(told.map(({ purpose, feerate, feeSat, reason }) => `${purpose} ${feerate} ${feeSat} ${reason}`))
})
