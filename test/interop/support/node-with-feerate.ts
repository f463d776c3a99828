import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import { devchainBackend } from '../../../core/src/chain/devchain/devchain-backend.ts'
import { sha256 } from '../../../core/src/crypto/hashes.ts'
import { concat, utf8Encode } from '../../../core/src/lib/bytes.ts'
import { systemClock } from '../../../core/src/lib/clock.ts'
import { seededRng } from '../../../core/src/lib/rng.ts'
import { type FulguriteNode, startNode } from '../../../core/src/node/node.ts'
import { silentLog } from '../../../core/src/node/node-log.ts'
import { MIGRATIONS } from '../../../core/src/node/storage/tables.ts'
import { openSqliteStore } from '../../../core/src/store/sqlite-store.ts'
import { TestNode, type World } from '../../scenarios/support/world.ts'

/** A node of ours for which the chain's fee rate is what the test says. It cannot be started again. */
export class NodeWithFeerate extends TestNode {
  feeratePerKw = 253
  readonly #chain: World['chain']
  #running: { readonly node: FulguriteNode; readonly stop: () => Promise<void> } | undefined

  constructor(world: World, name: string) {
    super(world, name, ':memory:', silentLog)
    this.#chain = world.chain
    world.nodes.push(this)
  }

  override get isRunning(): boolean {
    return this.#running !== undefined
  }

  override get node(): FulguriteNode {
    if (this.#running === undefined) throw new Error('the node is not running')
    return this.#running.node
  }

  override async start(): Promise<void> {
    const onFatal = (error: unknown): void => {
      throw error
    }
    const store = await openSqliteStore({ path: ':memory:', migrations: MIGRATIONS, onFatal })
    const seed = sha256(utf8Encode('a node with its own fee rate'))
    const started = await startNode({
      network: NETWORKS.regtest,
      seed: concat(seed, sha256(seed)),
      store,
      backend: { ...devchainBackend(this.#chain), estimateFeerate: () => this.feeratePerKw },
      backendName: 'devchain',
      clock: systemClock,
      rng: seededRng(77),
      log: silentLog,
      version: 'test',
      listen: { host: '127.0.0.1', port: 0 },
      onFatal,
      onStopAsked() {},
    })
    if (!started.ok) throw new Error(started.error.code)
    const node = started.value
    node.gateway.events.subscribe({}, (event) => void this.events.push(event))
    this.#running = {
      node,
      stop: async () => {
        await node.stop()
        await store.close()
      },
    }
  }

  override async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    await running?.stop()
  }
}
