import type { ActorName, Cursor, OperationName, ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { addressToScript } from '../../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import type { BitcoindWallet } from '../../../core/src/chain/bitcoind/bitcoind-wallet.ts'
import type { ChainBackend } from '../../../core/src/chain/chain-backend.ts'
import { Devchain } from '../../../core/src/chain/devchain/devchain.ts'
import { devchainBackend } from '../../../core/src/chain/devchain/devchain-backend.ts'
import { sha256 } from '../../../core/src/crypto/hashes.ts'
import { concat, toHex, utf8Encode } from '../../../core/src/lib/bytes.ts'
import { systemClock } from '../../../core/src/lib/clock.ts'
import { seededRng } from '../../../core/src/lib/rng.ts'
import type { StaticBackupPlaces } from '../../../core/src/node/backup/static-backup-keeper.ts'
import type { TrafficLimits } from '../../../core/src/node/connection/traffic-limits.ts'
import type { EncodedEvent } from '../../../core/src/node/contract-gateway.ts'
import type { GossipPlace } from '../../../core/src/node/gossip/node-gossip.ts'
import { type FulguriteNode, startNode } from '../../../core/src/node/node.ts'
import { type NodeLog, silentLog } from '../../../core/src/node/node-log.ts'
import type { ConfiguredPeer } from '../../../core/src/node/peer/address-book.ts'
import type { RetentionChoices } from '../../../core/src/node/retention/kept-rows.ts'
import type { NodeChoices } from '../../../core/src/node/settings.ts'
import { MIGRATIONS, SOUGHT } from '../../../core/src/node/storage/tables.ts'
import { openSqliteStore } from '../../../core/src/store/sqlite-store.ts'
import type { Store } from '../../../core/src/store/store.ts'
import { PATIENCE_MS } from '../../support/patience.ts'

const REGTEST = NETWORKS.regtest

/** The chain that a node of a test is on, and whoever moves it. */
export interface TestChain {
  readonly backendName: 'bitcoind' | 'devchain'
  /** Another one for each start of a node. */
  backend(): ChainBackend
  /** Pays an output in the next block. */
  pay(script: Uint8Array, sat: bigint): Promise<void>
  /** Mines, and waits until every node that runs has handled the blocks. */
  mine(blocks: number): Promise<void>
}

/** One embedded chain and nodes on it, all in this process, over loopback TCP. */
export class World implements TestChain {
  readonly backendName = 'devchain'
  readonly chain = Devchain.open({ clock: systemClock })
  readonly nodes: TestNode[] = []

  backend(): ChainBackend {
    return devchainBackend(this.chain)
  }

  async node(name: string, options: TestNodeOptions = {}): Promise<TestNode> {
    const node = new TestNode(this, name, options)
    await node.start()
    this.nodes.push(node)
    return node
  }

  async close(): Promise<void> {
    for (const node of this.nodes) await node.stop()
    this.chain.close()
  }

  async pay(script: Uint8Array, sat: bigint): Promise<void> {
    this.chain.fund([{ amount: sat, script }])
  }

  async mine(blocks: number): Promise<void> {
    const height = this.chain.mine(blocks).at(-1)?.height as number
    for (const node of this.nodes)
      if (node.isRunning) await node.until(async () => (await node.ask('node', 'getInfo', {})).blockHeight >= height)
  }
}

export interface TestNodeOptions {
  /** Of the store; in memory if absent. */
  readonly path?: string
  readonly log?: NodeLog
  /** As the operator's `--peer`. */
  readonly peers?: readonly ConfiguredPeer[]
  readonly traffic?: TrafficLimits
  readonly choices?: Partial<NodeChoices>
  readonly retention?: RetentionChoices
  readonly staticBackup?: StaticBackupPlaces
  /** Takes part in the network's gossip. */
  readonly gossip?: GossipPlace
  /** Its monotonic clock, instead of the system's. */
  readonly monotonic?: () => number
  /** What its clock on the wall is ahead of ours, in this and later lives. */
  readonly aheadMs?: () => number
  /** Puts something between the node and the chain. */
  readonly backend?: (backend: ChainBackend) => ChainBackend
  /** Where its coins are, instead of under its own seed; another one for each start. */
  readonly bitcoindWallet?: () => BitcoindWallet
  /** Puts something between the node and its store. */
  readonly storing?: (store: Store) => Store
}

const LONG_MS = 2 * PATIENCE_MS
/** Events that are read at a time. */
const PAGE = 1_000

export class TestNode {
  readonly events: EncodedEvent[] = []
  readonly #chain: TestChain
  readonly #name: string
  readonly #options: TestNodeOptions
  #running: { node: FulguriteNode; store: Store; stop: () => Promise<void> } | undefined
  #waiting: (() => void)[] = []
  /** In this life and earlier ones, by their texts: a database that was put back gives the same places in its log to other events. */
  readonly #heard = new Set<string>()
  #keys = 0
  #port = 0

  constructor(chain: TestChain, name: string, options: TestNodeOptions = {}) {
    this.#chain = chain
    this.#name = name
    this.#options = options
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  get node(): FulguriteNode {
    if (this.#running === undefined) throw new Error(`${this.#name} is not running`)
    return this.#running.node
  }

  /** Where it keeps everything, in this life. */
  get store(): Store {
    if (this.#running === undefined) throw new Error(`${this.#name} is not running`)
    return this.#running.store
  }

  get id(): string {
    return toHex(this.node.nodeId)
  }

  get address(): string {
    return `127.0.0.1:${this.node.port}`
  }

  async start(): Promise<void> {
    const fatal = (error: unknown): void => {
      throw error
    }
    const {
      path = ':memory:',
      log = silentLog,
      peers = [],
      backend = (chain) => chain,
      storing = (store) => store,
      traffic,
      choices = {},
      retention,
      staticBackup,
      gossip,
      bitcoindWallet,
      aheadMs = () => 0,
      monotonic = systemClock.monotonic,
    } = this.#options
    const store = storing(await openSqliteStore({ path, migrations: MIGRATIONS, sought: SOUGHT, onFatal: fatal }))
    const seed = sha256(utf8Encode(this.#name))
    const started = await startNode({
      network: REGTEST,
      seed: concat(seed, sha256(seed)),
      store,
      backend: backend(this.#chain.backend()),
      backendName: this.#chain.backendName,
      clock: { ...systemClock, monotonic, now: () => systemClock.now() + aheadMs() },
      // The whole name counts: a peer that has seen an onion's key before takes the onion for a replay.
      rng: seededRng(new DataView(seed.buffer, seed.byteOffset).getUint32(0) + this.#keys * 1000),
      log,
      version: 'test',
      choices,
      // The same port in every life: peers find the node again.
      listen: { host: '127.0.0.1', port: this.#port },
      peers,
      ...(traffic === undefined ? {} : { traffic }),
      ...(retention === undefined ? {} : { retention }),
      ...(staticBackup === undefined ? {} : { staticBackup }),
      ...(gossip === undefined ? {} : { gossip }),
      ...(bitcoindWallet === undefined ? {} : { bitcoindWallet: bitcoindWallet() }),
      onFatal: fatal,
      onStopAsked() {},
    }).catch(async (error: unknown) => {
      await store.close()
      throw error
    })
    if (!started.ok) throw new Error(`${this.#name} did not start: ${started.error.code}`)
    const node = started.value
    this.#port = node.port ?? 0
    await this.#follow(node.gateway.events)
    this.#running = {
      node,
      store,
      stop: async () => {
        await node.stop()
        await store.close()
      },
    }
  }

  /** What is told while the node starts is told before anybody can subscribe: it is read from the log. */
  async #follow(log: FulguriteNode['gateway']['events']): Promise<void> {
    let early: EncodedEvent[] | undefined = []
    log.subscribe({}, (event) => (early === undefined ? this.#hear(event) : early.push(event)))
    let cursor: Cursor | undefined
    for (;;) {
      const page = await log.replay(cursor, {}, PAGE)
      if (!page.ok) throw new Error(`${this.#name}: ${page.error.message}`)
      for (const event of page.value.events) this.#hear(event)
      if (page.value.events.length === 0) break
      cursor = page.value.next
    }
    const live = early
    early = undefined
    for (const event of live) this.#hear(event)
  }

  #hear(event: EncodedEvent): void {
    if (this.#heard.has(event.text)) return
    this.#heard.add(event.text)
    this.events.push(event)
    const waiting = this.#waiting
    this.#waiting = []
    for (const wake of waiting) wake()
  }

  async stop(): Promise<void> {
    const running = this.#running
    this.#running = undefined
    await running?.stop()
  }

  /** Asks as the operator; throws on a refusal. */
  async ask<A extends ActorName, O extends OperationName<A>>(
    actor: A,
    operation: O,
    request: object,
  ): Promise<ReplyOf<A, O>> {
    const answer = await this.tryAsk(actor, operation, request)
    if (!answer.ok) throw new Error(`${this.#name} ${actor}.${operation}: ${JSON.stringify(answer.error)}`)
    return answer.value as ReplyOf<A, O>
  }

  tryAsk(actor: ActorName, operation: string, request: object, key = `${this.#name}-${this.#keys++}`) {
    // The node's own limit is on the real clock: how long something takes here depends on the machine.
    return this.node.gateway.ask(actor, operation, request, { caller: { kind: 'operator' }, key, timeoutMs: LONG_MS })
  }

  /**
   * Looks again after each event of this node, and now and then, until it holds. What has come about by then has been told
   * as well: an event comes only once it is durable, a moment after a question can see what it tells.
   */
  async until(holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`${this.#name}: waited in vain`)
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, 20)
        this.#waiting.push(() => {
          clearTimeout(timer)
          resolve()
        })
      })
    }
    await this.#running?.store.flush()
  }

  /** The payloads of this node's events of one name. */
  payloads(name: string): Record<string, unknown>[] {
    return this.events
      .filter((event) => event.name === name)
      .map((event) => (JSON.parse(event.text) as { payload: Record<string, unknown> }).payload)
  }

  async faucet(sat: bigint): Promise<void> {
    const { address } = await this.ask('wallet', 'newAddress', {})
    const script = addressToScript(address, REGTEST)
    if (!script.ok) throw new Error('our own address')
    await this.#chain.pay(script.value, sat)
    await this.#chain.mine(1)
  }

  async connectTo(other: TestNode): Promise<void> {
    await this.ask('peers', 'connect', { nodeId: other.id, address: other.address })
  }

  /** Opens a channel and waits until both sides can use it. */
  async openTo(other: TestNode, fundingSat: bigint, pushMsat = 0n): Promise<string> {
    const { channelId } = await this.ask('channels', 'open', { nodeId: other.id, fundingSat, pushMsat })
    await this.#chain.mine(6)
    for (const node of [this, other]) await node.until(async () => node.isUsable(channelId))
    return channelId
  }

  async isUsable(channelId: string): Promise<boolean> {
    const answer = await this.tryAsk('channels', 'get', { channelId })
    return answer.ok && (answer.value as ReplyOf<'channels', 'get'>).channel.state === 'usable'
  }

  async invoice(amountMsat: bigint): Promise<string> {
    const { invoice } = await this.ask('invoices', 'create', { amountMsat, description: 'test' })
    return invoice.invoice
  }

  async pay(invoice: string): Promise<ReplyOf<'payments', 'payInvoice'>['payment']> {
    return (await this.ask('payments', 'payInvoice', { invoice })).payment
  }
}
