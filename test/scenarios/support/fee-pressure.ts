import type { ExecutionContext } from 'ava'
import { addressToScript } from '../../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import type { ChainBackend } from '../../../core/src/chain/chain-backend.ts'
import type { TestChain, TestNode, TestNodeOptions } from './world.ts'

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
const COIN_SAT = 1_000_000n

/** A chain with nodes, on which blocks take only what pays enough. */
export interface MarketChain extends TestChain {
  node(name: string, options?: TestNodeOptions): Promise<TestNode>
  /** One block, of what pays at least this rate, once the node's transactions have reached the mempool. */
  mineAt(feerate: number, publishedBy: TestNode): Promise<void>
  height(): Promise<number>
  /** Of the block that holds a transaction. */
  heightOf(txid: string): Promise<number | undefined>
}

/** Fees that rise, and estimates that come after them. */
export class Pressure {
  readonly chain: MarketChain
  #risen = 0

  constructor(chain: MarketChain) {
    this.chain = chain
  }

  readonly backend = (backend: ChainBackend): ChainBackend => ({
    ...backend,
    estimateFeerate: () => marketAt(this.#risen - LAG),
  })

  /** Estimates that are right. */
  readonly foresight = (backend: ChainBackend): ChainBackend => ({
    ...backend,
    estimateFeerate: () => marketAt(this.#risen + 2),
  })

  async mine(node: TestNode): Promise<void> {
    await this.chain.mineAt(marketAt(++this.#risen), node)
  }
}

const marketAt = (blocks: number): number =>
  Math.ceil(FLOOR * RISE ** Math.min(1, Math.max(0, blocks) / BLOCKS_OF_RISE))

/** Coins for a wallet, one for each claim: an unconfirmed one must not come into a replacement. */
const fundWith = async (chain: TestChain, node: TestNode, coins: number): Promise<void> => {
  for (let i = 0; i < coins; i++) {
    const { address } = await node.ask('wallet', 'newAddress', {})
    const script = addressToScript(address, NETWORKS.regtest)
    if (!script.ok) throw new Error('our own address')
    await chain.pay(script.value, COIN_SAT)
  }
  await chain.mine(1)
}

interface HeldInvoice {
  readonly paymentHash: string
  readonly paymentSecret: string
}

const invoiceOf = async (maker: TestNode): Promise<HeldInvoice> => {
  const { invoice } = await maker.ask('invoices', 'create', { amountMsat: 2n * HTLC_MSAT, description: 'two halves' })
  return { paymentHash: invoice.paymentHash as string, paymentSecret: invoice.paymentSecret as string }
}

/** Half of an invoice, which its maker holds until the other half is there. */
const payHalf = async (from: TestNode, to: TestNode, { paymentHash, paymentSecret }: HeldInvoice): Promise<void> => {
  const { items } = await from.ask('channels', 'list', { peer: to.id })
  const hop = {
    nodeId: to.id,
    shortChannelId: items[0]?.shortChannelId,
    amountMsat: HTLC_MSAT,
    cltvExpiryDelta: EXPIRY,
  }
  // The outcome of what the other side holds is not waited for.
  void from.tryAsk('payments', 'sendToRoute', {
    paymentHash,
    paymentSecret,
    totalAmountMsat: 2n * HTLC_MSAT,
    route: [hop],
  })
}

/** So many HTLCs each way, and where Alice keeps everything. */
interface DesertedOptions {
  readonly eachWay: number
  readonly path?: string
}

/** Alice has offered HTLCs to Bob, and knows the preimages of as many of his, thanks to Carol; then he is gone. */
export const deserted = async (pressure: Pressure, { eachWay, path }: DesertedOptions) => {
  const { chain } = pressure
  const alice = await chain.node('alice', { backend: pressure.backend, ...(path !== undefined && { path }) })
  const [bob, carol] = [await chain.node('bob'), await chain.node('carol', { backend: pressure.foresight })]
  await alice.faucet(30_000_000n)
  await carol.faucet(30_000_000n)
  await alice.connectTo(bob)
  await carol.connectTo(alice)
  const channelId = await alice.openTo(bob, 10_000_000n, 4_000_000_000n)
  const fromCarol = await carol.openTo(alice, 10_000_000n)
  const ours: HeldInvoice[] = []
  for (let i = 0; i < eachWay; i++) {
    await payHalf(alice, bob, await invoiceOf(bob))
    const invoice = await invoiceOf(alice)
    ours.push(invoice)
    await payHalf(bob, alice, invoice)
  }
  const inFlight = async (node: TestNode) => (await node.ask('channels', 'get', { channelId })).channel.htlcsInFlight
  const allInFlight = async (): Promise<void> => {
    for (const node of [alice, bob]) await node.until(async () => (await inFlight(node)) === 2 * eachWay)
  }
  await allInFlight()
  // Behind them in the same channel: once it is settled, they are committed for good.
  const { invoice: last } = await alice.ask('invoices', 'create', { amountMsat: HTLC_MSAT, description: 'the last' })
  await bob.pay(last.invoice)
  await allInFlight()
  await bob.stop()
  for (const invoice of ours) await payHalf(carol, alice, invoice)
  await alice.until(async () => alice.payloads('payment.received').length === eachWay + 1)
  return { alice, carol, channelId, fromCarol }
}

const isHtlcClaim = ({ purpose }: { readonly purpose: string }): boolean =>
  purpose === 'htlc-success' || purpose === 'htlc-timeout'

export const transactionsOf = async (node: TestNode, channelId: string) =>
  (await node.ask('channels', 'get', { channelId })).channel.transactions ?? []

/** Mines until so many HTLCs are taken or the last deadline has passed; every one that is taken is in time, for less than it is worth. */
export const takesInTime = async (
  t: ExecutionContext,
  pressure: Pressure,
  { alice, channelId }: { readonly alice: TestNode; readonly channelId: string },
  eachWay: number,
): Promise<void> => {
  const taken = async () =>
    (await transactionsOf(alice, channelId)).filter((each) => isHtlcClaim(each) && each.status === 'confirmed')
  for (let blocks = 0; blocks < EXPIRY + 40 && (await taken()).length < 2 * eachWay; blocks++)
    await pressure.mine(alice)
  const claims = await taken()
  const countOf = (wanted: string): number => claims.filter(({ purpose }) => purpose === wanted).length
  t.deepEqual([countOf('htlc-success'), countOf('htlc-timeout')], [eachWay, eachWay])
  for (const { txid, deadline, feeSat, purpose } of claims) {
    const height = (await pressure.chain.heightOf(txid)) ?? Number.POSITIVE_INFINITY
    t.true(height <= (deadline ?? 0), `${purpose} at ${height}, due at ${deadline}`)
    t.true(feeSat <= HTLC_SAT / 2n, `${purpose} pays ${feeSat}`)
  }
  const anchor = (await transactionsOf(alice, channelId)).find(({ purpose }) => purpose === 'anchor')
  t.true((anchor?.feeSat ?? 0n) > 0n && (anchor?.feeSat ?? 0n) <= BigInt(eachWay) * HTLC_SAT)
}

/** All deadlines of twenty HTLCs are met under pressure, and the record says what was paid in the place of what. */
export const meetsAllDeadlines = async (t: ExecutionContext, chain: MarketChain): Promise<void> => {
  const eachWay = 10
  const pressure = new Pressure(chain)
  const close = await deserted(pressure, { eachWay })
  const { alice, channelId } = close
  await fundWith(chain, alice, 2 * eachWay + 5)
  await alice.ask('channels', 'forceClose', { channelId })
  await takesInTime(t, pressure, close, eachWay)
  t.deepEqual(alice.payloads('channel.fees-short'), [])

  const told = alice.payloads('channel.transaction-published')
  const replacements = told.filter(({ replaces }) => replaces !== undefined)
  t.true(replacements.length > 0)
  for (const { replaces, feeSat } of replacements) {
    const before = told.find(({ txid }) => txid === replaces)
    t.true(BigInt(feeSat as string) > BigInt(before?.feeSat as string))
  }
}
