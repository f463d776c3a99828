import { scriptToAddress } from '../../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import { bitcoindBackend } from '../../../core/src/chain/bitcoind/bitcoind-backend.ts'
import { type BitcoindWallet, bitcoindWallet } from '../../../core/src/chain/bitcoind/bitcoind-wallet.ts'
import { rpcClient } from '../../../core/src/chain/bitcoind/rpc-client.ts'
import type { ChainBackend } from '../../../core/src/chain/chain-backend.ts'
import { systemClock } from '../../../core/src/lib/clock.ts'
import { type TestChain, TestNode, type TestNodeOptions } from '../../scenarios/support/world.ts'
import { type RunningBitcoind, startBitcoind } from './bitcoind.ts'

const MINER = 'test'
/** As the guide says: the node has no coins on addresses of other kinds. */
const ADDRESSES = ['-addresstype=bech32', '-changetype=bech32m']
const MATURE = 101
const BTC = 100_000_000

type Rpc = RunningBitcoind['rpc']

/** A wallet of bitcoind, in the hands of its user. */
export interface UsersWallet {
  readonly name: string
  readonly rpc: Rpc
  /** All that it has. */
  total(): Promise<bigint>
}

/** Nodes of this process on a real bitcoind that has several wallets. */
export class WalletsChain implements TestChain {
  readonly backendName = 'bitcoind'
  readonly nodes: TestNode[] = []
  readonly #bitcoind: RunningBitcoind
  readonly #clients: { close(): void }[] = []
  #miner: UsersWallet | undefined
  #mineTo = ''

  private constructor(bitcoind: RunningBitcoind) {
    this.#bitcoind = bitcoind
  }

  static async start(): Promise<WalletsChain> {
    const chain = new WalletsChain(await startBitcoind({ wallet: true, args: ADDRESSES }))
    chain.#miner = chain.wallet(MINER)
    chain.#mineTo = await chain.#miner.rpc<string>('getnewaddress')
    await chain.rpc('generatetoaddress', [MATURE, chain.#mineTo])
    return chain
  }

  get rpc(): Rpc {
    return this.#bitcoind.rpc
  }

  get miner(): UsersWallet {
    if (this.#miner === undefined) throw new Error('not started')
    return this.#miner
  }

  /** A wallet that is loaded already. */
  wallet(name: string): UsersWallet {
    const { rpcUrl, auth } = this.#bitcoind
    const client = rpcClient({ url: `${rpcUrl}/wallet/${name}`, auth })
    this.#clients.push(client)
    const rpc: Rpc = async <T>(method: string, params: readonly unknown[] = []) => {
      const reply = await client.call(method, params)
      if (reply.ok) return reply.value as T
      throw new Error(`${method}: ${JSON.stringify(reply.error)}`)
    }
    return {
      name,
      rpc,
      async total() {
        const coins = await rpc<readonly { readonly amount: number }[]>('listunspent', [0, 9_999_999, [], true])
        return coins.reduce((sum, { amount }) => sum + sats(amount), 0n)
      },
    }
  }

  async newWallet(name: string): Promise<UsersWallet> {
    await this.rpc('createwallet', [name])
    return this.wallet(name)
  }

  /** For a node. */
  opened(name: string): BitcoindWallet {
    const { rpcUrl: url, auth } = this.#bitcoind
    return bitcoindWallet({ name, rpc: { url, auth }, clock: systemClock })
  }

  backend(): ChainBackend {
    const { rpcUrl: url, auth, zmqUrl } = this.#bitcoind
    return bitcoindBackend({ network: NETWORKS.regtest, rpc: { url, auth }, zmqUrl, clock: systemClock })
  }

  /** A node that is not started yet. */
  newNode(name: string, options: TestNodeOptions = {}): TestNode {
    const node = new TestNode(this, name, options)
    this.nodes.push(node)
    return node
  }

  async node(name: string, options: TestNodeOptions = {}): Promise<TestNode> {
    const node = this.newNode(name, options)
    await node.start()
    return node
  }

  async pay(script: Uint8Array, sat: bigint): Promise<void> {
    await this.payTo(scriptToAddress(script, NETWORKS.regtest) ?? '', sat)
  }

  payTo(address: string, sat: bigint): Promise<string> {
    return this.miner.rpc<string>('sendtoaddress', [address, Number(sat) / BTC])
  }

  async mine(blocks: number): Promise<void> {
    await this.rpc('generatetoaddress', [blocks, this.#mineTo])
    const height = await this.rpc<number>('getblockcount')
    for (const node of this.nodes) {
      if (node.isRunning) await node.until(async () => (await node.ask('node', 'getInfo', {})).blockHeight >= height)
    }
  }

  async close(): Promise<void> {
    for (const node of this.nodes) await node.stop()
    for (const client of this.#clients) client.close()
    await this.#bitcoind.stop()
  }
}

/** bitcoind writes eight decimals: the nearest satoshi is the one that was meant. */
const sats = (btc: number): bigint => BigInt(Math.round(btc * BTC))
