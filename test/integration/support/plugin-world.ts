import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeClient } from '@fulgurite/plugin-sdk/client'
import type { ActorName, ContractError, OperationName, ReplyOf, RequestOf } from '@fulgurite/plugin-sdk/contract'
import { readAccess } from '../../../core/src/api/access.ts'
import { API_LIMITS } from '../../../core/src/api/api-limits.ts'
import type { NodeConfig } from '../../../core/src/app/config.ts'
import { type DataFolder, openDataFolder } from '../../../core/src/app/data-folder.ts'
import { pluginStore } from '../../../core/src/app/plugin-store.ts'
import { type RunningNode, runNode } from '../../../core/src/app/running-node.ts'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import { devchainBackend } from '../../../core/src/chain/devchain/devchain-backend.ts'
import { type Clock, systemClock } from '../../../core/src/lib/clock.ts'
import type { Result } from '../../../core/src/lib/result.ts'
import { systemRng } from '../../../core/src/lib/rng.ts'
import { TRAFFIC_LIMITS } from '../../../core/src/node/connection/traffic-limits.ts'
import type { EncodedEvent } from '../../../core/src/node/contract-gateway.ts'
import type { Store } from '../../../core/src/store/store.ts'
import { type TestNode, World } from '../../scenarios/support/world.ts'
import { PATIENCE_MS } from '../../support/patience.ts'
import { installAgreeing, type PluginSource, writePlugin } from '../../support/plugin-source.ts'

/** A world in which a node may have plugins: the whole node as the app starts it, in this process, its cells beside it. */
export class PluginWorld extends World {
  readonly folder = mkdtempSync(join(tmpdir(), 'fulgurite-plugins-'))
  readonly #hosts: PluginNode[] = []

  async pluginNode(name: string, clock: Clock = systemClock): Promise<PluginNode> {
    const node = new PluginNode(this, name, clock)
    await node.start()
    this.#hosts.push(node)
    return node
  }

  override async mine(count: number): Promise<void> {
    await super.mine(count)
    const { height } = this.chain.tip
    for (const node of this.#hosts)
      if (node.isRunning) await node.until(async () => (await node.ask('node', 'getInfo', {})).blockHeight >= height)
  }

  override async close(): Promise<void> {
    for (const node of this.#hosts) await node.stop()
    await super.close()
    rmSync(this.folder, { recursive: true })
  }

  /** Opens a channel and waits until both sides can use it. */
  async open(from: PeerInWorld, to: PeerInWorld, fundingSat: bigint, pushMsat = 0n): Promise<string> {
    await from.ask('peers', 'connect', { nodeId: to.id, address: to.address })
    const { channelId } = await from.ask('channels', 'open', { nodeId: to.id, fundingSat, pushMsat })
    await this.mine(6)
    for (const node of [from, to]) await node.until(() => isUsable(node, channelId))
    return channelId
  }
}

type PeerInWorld = TestNode | PluginNode

const isUsable = async (node: PeerInWorld, channelId: string): Promise<boolean> => {
  const { items } = await node.ask('channels', 'list', {})
  return items.some((channel) => channel.channelId === channelId && channel.state === 'usable')
}

export class PluginNode {
  readonly data: string
  /** All that happened, in every life of the node. */
  readonly events: EncodedEvent[] = []
  readonly #world: PluginWorld
  readonly #name: string
  readonly #clock: Clock
  #life: { readonly folder: DataFolder; readonly running: RunningNode; readonly client: NodeClient } | undefined
  #listen = '127.0.0.1:0'
  #id = ''
  #keys = 0

  constructor(world: PluginWorld, name: string, clock: Clock) {
    this.#world = world
    this.#name = name
    this.#clock = clock
    this.data = join(world.folder, name)
  }

  get isRunning(): boolean {
    return this.#life !== undefined
  }

  get id(): string {
    return this.#id
  }

  get address(): string {
    return this.#listen
  }

  /** `whole` is false where the test does not wait for the plugins, which start behind the node. */
  async start({ whole = true } = {}): Promise<void> {
    const config: NodeConfig = {
      data: this.data,
      network: NETWORKS.regtest,
      // The same port in every life: peers find the node again.
      listen: { host: '127.0.0.1', port: Number(this.#listen.split(':')[1]) },
      api: { host: '127.0.0.1', port: 0 },
      peers: [],
      logLevel: 'info',
      choices: {},
      limits: { traffic: TRAFFIC_LIMITS, api: API_LIMITS },
      pluginsWithoutWalls: false,
      moved: false,
      restored: false,
      mainnetRiskAccepted: false,
      kept: {},
    }
    const folder = required(await openDataFolder(config, systemRng), this.#name)
    const backend = devchainBackend(this.#world.chain)
    const running = required(
      await runNode({
        config,
        folder,
        backend,
        backendName: 'devchain',
        clock: this.#clock,
        rng: systemRng,
        onStopAsked() {},
      }),
      this.#name,
    )
    const { url, token } = required(readAccess(this.data), this.#name)
    this.#listen = running.places.listen
    this.#id = running.places.nodeId
    running.events.subscribe({}, (event) => this.events.push(event))
    this.#life = { folder, running, client: new NodeClient({ url, token }) }
    if (!whole) return
    await this.until(async () =>
      (await this.ask('plugins', 'list', {})).items.every(({ state }) => state !== 'starting'),
    )
  }

  async stop(): Promise<void> {
    const life = this.#life
    this.#life = undefined
    if (life === undefined) return
    life.client.close()
    await life.running.stop()
    await life.folder.close()
  }

  tryAsk<A extends ActorName, O extends OperationName<A>>(
    actor: A,
    operation: O,
    request: object,
  ): Promise<Result<ReplyOf<A, O>, ContractError>> {
    if (this.#life === undefined) throw new Error(`${this.#name} is not running`)
    return this.#life.client.ask(actor, operation, request as RequestOf<A, O>, { key: `${this.#name}-${this.#keys++}` })
  }

  /** Asks as the operator, over HTTP; throws on a refusal. */
  async ask<A extends ActorName, O extends OperationName<A>>(
    actor: A,
    operation: O,
    request: object,
  ): Promise<ReplyOf<A, O>> {
    return required(await this.tryAsk(actor, operation, request), `${this.#name} ${actor}.${operation}`)
  }

  /** Looks now and then until it holds. */
  async until(holds: () => boolean | Promise<boolean>): Promise<void> {
    const deadline = Date.now() + PATIENCE_MS
    while (!(await holds())) {
      if (Date.now() > deadline) throw new Error(`${this.#name}: waited in vain`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** The payloads of this node's events of one name. */
  payloads(name: string): Record<string, unknown>[] {
    return this.events
      .filter((event) => event.name === name)
      .map((event) => (JSON.parse(event.text) as { payload: Record<string, unknown> }).payload)
  }

  async install(source: PluginSource, config?: object): Promise<void> {
    await this.installFrom(writePlugin(this.#world.folder, source), config)
  }

  async installFrom(path: string, config: object = {}): Promise<void> {
    const installed = await installAgreeing(this, { path, config: config as Record<string, unknown> })
    if (!installed.ok) throw new Error(`${installed.error.code}: ${installed.error.message}`)
  }

  async plugin(name: string): Promise<ReplyOf<'plugins', 'list'>['items'][number] | undefined> {
    return (await this.ask('plugins', 'list', {})).items.find((plugin) => plugin.name === name)
  }

  /** What the plugin and the host on its behalf have logged, the latest first. */
  async pluginLog(name: string): Promise<readonly string[]> {
    const { items } = await this.ask('plugins', 'logs', { name, page: { limit: 500 } })
    return items.map(({ source, level, text }) => `${source} ${level} ${text}`)
  }

  /** The node's store, in this life of it. */
  get store(): Store {
    if (this.#life === undefined) throw new Error(`${this.#name} is not running`)
    return this.#life.folder.store
  }

  /** The rows that the plugin host keeps under a prefix, as they are on the disk. */
  async rows(prefix: string): Promise<readonly (readonly [key: string, value: string])[]> {
    await this.store.flush()
    return pluginStore(this.store).list(prefix, { limit: 100_000 })
  }
}

const required = <T>(result: Result<T, { readonly code: string }>, what: string): T => {
  if (!result.ok) throw new Error(`${what}: ${JSON.stringify(result.error)}`)
  return result.value
}
