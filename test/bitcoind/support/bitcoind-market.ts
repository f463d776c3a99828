import { scriptToAddress } from '../../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import { bitcoindBackend } from '../../../core/src/chain/bitcoind/bitcoind-backend.ts'
import type { ChainBackend } from '../../../core/src/chain/chain-backend.ts'
import { systemClock } from '../../../core/src/lib/clock.ts'
import { type MarketChain, transactionsOf } from '../../scenarios/support/fee-pressure.ts'
import { TestNode, type TestNodeOptions } from '../../scenarios/support/world.ts'
import { waitFor } from '../../support/wait-for.ts'
import { type RunningBitcoind, startBitcoind } from './bitcoind.ts'

const MATURE = 101
const BTC = 100_000_000
/** Satoshis per vbyte, as bitcoind counts, in satoshis per 1000 weight units. */
const PER_KW = 250

interface MempoolEntry {
  readonly ancestorsize: number
  readonly fees: { readonly ancestor: number }
  readonly depends: readonly string[]
}

/** Nodes of this process on a real bitcoind, whose blocks hold what pays enough. */
export class BitcoindMarket implements MarketChain {
  readonly backendName = 'bitcoind'
  readonly nodes: TestNode[] = []
  readonly #bitcoind: RunningBitcoind
  readonly #miner: string

  private constructor(bitcoind: RunningBitcoind, miner: string) {
    this.#bitcoind = bitcoind
    this.#miner = miner
  }

  static async start(): Promise<BitcoindMarket> {
    const bitcoind = await startBitcoind({ wallet: true })
    const miner = await bitcoind.rpc<string>('getnewaddress')
    await bitcoind.rpc('generatetoaddress', [MATURE, miner])
    return new BitcoindMarket(bitcoind, miner)
  }

  backend(): ChainBackend {
    const { rpcUrl: url, auth, zmqUrl } = this.#bitcoind
    return bitcoindBackend({ network: NETWORKS.regtest, rpc: { url, auth }, zmqUrl, clock: systemClock })
  }

  async node(name: string, options: TestNodeOptions = {}): Promise<TestNode> {
    const node = new TestNode(this, name, options)
    await node.start()
    this.nodes.push(node)
    return node
  }

  async close(): Promise<void> {
    for (const node of this.nodes) await node.stop()
    await this.#bitcoind.stop()
  }

  async pay(script: Uint8Array, sat: bigint): Promise<void> {
    const address = scriptToAddress(script, NETWORKS.regtest)
    await this.#bitcoind.rpc('sendtoaddress', [address, Number(sat) / BTC])
  }

  async mine(blocks: number): Promise<void> {
    // What a node has published a moment ago is in the next block.
    await this.#untilHandled()
    await this.#bitcoind.rpc('generatetoaddress', [blocks, this.#miner])
    await this.#untilHandled()
  }

  async mineAt(feerate: number, publishedBy: TestNode): Promise<void> {
    for (const channelId of await closingOf(publishedBy)) await this.#untilSeen(publishedBy, channelId)
    await this.#bitcoind.rpc('generateblock', [this.#miner, await this.#paying(feerate)])
    await this.#untilHandled()
  }

  height(): Promise<number> {
    return this.#bitcoind.rpc<number>('getblockcount')
  }

  async heightOf(txid: string): Promise<number | undefined> {
    const { rpc } = this.#bitcoind
    for (let height = await this.height(); height > MATURE; height--) {
      const { tx } = await rpc<{ tx: string[] }>('getblock', [await rpc('getblockhash', [height]), 1])
      if (tx.includes(txid)) return height
    }
    return undefined
  }

  /** What waits and is in time to be chosen: all that the node says it has published. */
  async #untilSeen(node: TestNode, channelId: string): Promise<void> {
    await waitFor('what is published is in the mempool', async () => {
      const mempool = new Set(await this.#bitcoind.rpc<string[]>('getrawmempool'))
      const waiting = (await transactionsOf(node, channelId)).filter(({ status }) => status === 'waiting')
      return waiting.every(({ txid }) => mempool.has(txid))
    })
  }

  /** In the order in which a block may hold them: parents first. */
  async #paying(feerate: number): Promise<readonly string[]> {
    const mempool = await this.#bitcoind.rpc<Record<string, MempoolEntry>>('getrawmempool', [true])
    const chosen = new Set<string>()
    const take = (txid: string): void => {
      for (const parent of mempool[txid]?.depends ?? []) take(parent)
      chosen.add(txid)
    }
    for (const [txid, { ancestorsize, fees }] of Object.entries(mempool)) {
      if ((fees.ancestor * BTC * PER_KW) / ancestorsize >= feerate) take(txid)
    }
    return [...chosen]
  }

  async #untilHandled(): Promise<void> {
    const height = await this.height()
    for (const node of this.nodes) {
      if (node.isRunning) await node.until(async () => (await node.ask('node', 'getInfo', {})).blockHeight >= height)
    }
  }
}

const closingOf = async (node: TestNode): Promise<readonly string[]> => {
  const { items } = await node.ask('channels', 'list', { state: 'closing' })
  return items.map(({ channelId }) => channelId)
}
