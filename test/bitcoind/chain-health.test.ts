import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { scriptToAddress } from '../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { OWNED } from '../../core/src/chain/fixtures/funded.ts'
import { SINK } from '../../core/src/chain/fixtures/signing.ts'
import { NodeProcess } from '../support/node-process.ts'
import { waitFor } from '../support/wait-for.ts'
import { type BitcoindOptions, type RunningBitcoind, startBitcoind, whyNoBitcoind } from './support/bitcoind.ts'

const missing = whyNoBitcoind()
const real = missing === undefined ? test : test.skip
if (missing !== undefined) test(`skipped: ${missing}`, (t) => t.pass())

const ADDRESS = scriptToAddress(SINK, NETWORKS.regtest) ?? ''
const OTHER_ADDRESS = scriptToAddress(OWNED, NETWORKS.regtest) ?? ''
/** It keeps the last 288, and prunes whole files, which hold about 250 of these (-fastprune). */
const PRUNABLE = 800

/** A bitcoind that the test may replace by another at the same address, and a node on it. */
const placeOf = async (t: ExecutionContext, options: BitcoindOptions) => {
  let bitcoind = await startBitcoind(options)
  const { ports, dataDir, rpcUrl, cookiePath } = bitcoind
  t.teardown(() => bitcoind.stop())
  return {
    chain: { rpcUrl, cookiePath },
    dataDir,
    rpc: <T>(method: string, params: readonly unknown[] = []) => bitcoind.rpc<T>(method, params),
    mine: (count: number, address = ADDRESS) => mine(bitcoind, count, address),
    stop: () => bitcoind.stop({ keepData: true }),
    async start() {
      bitcoind = await startBitcoind({ ...options, ports, dataDir })
    },
  }
}

const mine = async ({ rpc }: RunningBitcoind, count: number, address: string): Promise<void> => {
  for (let left = count; left > 0; left -= 50) await rpc('generatetoaddress', [Math.min(left, 50), address])
}

const nodeOn = async (t: ExecutionContext, chain: { rpcUrl: string; cookiePath: string }): Promise<NodeProcess> => {
  const node = await NodeProcess.start({ name: 'node', chain })
  t.teardown(async () => {
    if (!t.passed) t.log(node.diagnosis)
    await node.dispose()
  })
  return node
}

const info = (node: NodeProcess) => node.ask('node', 'getInfo', {})
const untilSynced = (node: NodeProcess) => node.until('is synced', async () => (await info(node)).synced)

real('a bitcoind that is stopped and started again — the node says so, and goes on', async (t) => {
  const place = await placeOf(t, {})
  await place.mine(10)
  const node = await nodeOn(t, place.chain)
  await untilSynced(node)
  t.deepEqual((await info(node)).warnings, [])

  await place.stop()
  const told = () => node.events.filter(({ type }) => type === 'chain.health-changed').length
  await node.until('has told', async () => told() === 1)
  const { chain, warnings, blockHeight } = await info(node)
  t.like({ ...chain, blockHeight }, { reachable: false, backendHeight: 10, blockHeight: 10 })
  t.regex(warnings.join(), /has not answered for \d+ s \(bitcoind-unreachable\)/)

  await place.start()
  await place.mine(2)
  await node.until('has handled the new blocks', async () => {
    const now = await info(node)
    return now.synced && now.blockHeight === 12
  })
  t.deepEqual((await info(node)).warnings, [])
  await node.until('has told that too', async () => told() === 2)
})

real(
  'another chain at the address of bitcoind — the node ends with a typed failure, and does not start on it',
  async (t) => {
    const place = await placeOf(t, {})
    // Deeper than any reorganisation that is followed.
    await place.mine(160)
    const node = await nodeOn(t, place.chain)
    await untilSynced(node)
    await place.mine(40)
    await node.until('has followed enough', async () => (await info(node)).blockHeight === 200)
    await untilSynced(node)

    await place.stop()
    await rm(join(place.dataDir, 'regtest'), { recursive: true })
    await place.start()
    await place.mine(260, OTHER_ADDRESS)
    await waitFor('the node has ended', async () => !node.isRunning)
    t.regex(node.diagnosis, /not on the chain that this node has followed: its block \d+ is .*\[chain-rewritten\]/)
  },
)

real(
  'blocks pruned while the node was off — it says so, takes nothing on, and goes on when a peer of bitcoind has them',
  async (t) => {
    const full = await startBitcoind({ listens: true })
    t.teardown(() => full.stop())
    const place = await placeOf(t, { args: ['-prune=1', '-fastprune'] })
    const join = async (): Promise<void> => {
      await place.rpc('addnode', [`127.0.0.1:${full.ports[2]}`, 'onetry'])
      await waitFor('the two are connected', async () => (await place.rpc<unknown[]>('getpeerinfo')).length > 0)
    }
    await join()
    const untilThere = (height: number) =>
      waitFor(`block ${height}`, async () => (await place.rpc('getblockcount')) === height)
    await mine(full, 20, ADDRESS)
    await untilThere(20)
    const node = await nodeOn(t, place.chain)
    await untilSynced(node)
    await node.stop()
    await mine(full, PRUNABLE, ADDRESS)
    await untilThere(20 + PRUNABLE)
    await full.rpc('setnetworkactive', [false])
    await waitFor('they are apart', async () => (await place.rpc<unknown[]>('getpeerinfo')).length === 0)
    t.true((await place.rpc<number>('pruneblockchain', [400])) > 20)

    await node.start()
    await node.until('misses the block', async () => (await info(node)).chain.missingBlock !== undefined)
    const { synced, chain, warnings } = await info(node)
    t.false(synced)
    t.true((chain.pruneHeight ?? 0) > (chain.missingBlock ?? Number.POSITIVE_INFINITY))
    t.regex(warnings.join(), /bitcoind has pruned block \d+.*addnode/)
    const refused = await node.tryAsk('payments', 'payInvoice', { invoice: 'lnbcrt1' })
    t.false(refused.ok)

    await full.rpc('setnetworkactive', [true])
    await join()
    await node.until('has handled every block', async () => {
      const now = await info(node)
      return now.synced && now.blockHeight === 20 + PRUNABLE
    })
    t.deepEqual((await info(node)).warnings, [])
  },
)
