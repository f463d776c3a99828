import type { ExecutionContext } from 'ava'
import { encodeTx } from '../../../core/src/bitcoin/transaction.ts'
import { devchainBackend } from '../../../core/src/chain/devchain/devchain-backend.ts'
import { type TestNode, World } from '../../scenarios/support/world.ts'
import { type BackendChain, backendChain } from './backend-chain.ts'
import { type LdkChannel, type LdkNode, startLdkNode } from './ldk-node.ts'

/** What the two sides of a channel with LDK hold once nothing is in flight. */
export interface Balances {
  readonly oursMsat: bigint
  readonly theirsMsat: bigint
}

interface OpenOptions {
  readonly capacitySat?: bigint
  readonly pushMsat?: bigint
}

const CAPACITY_SAT = 1_000_000n

/** Nodes of ours and LDK nodes on one embedded chain, in this process, over loopback TCP. */
export class InteropWorld {
  readonly world: World
  readonly #chain: BackendChain
  readonly #ldkNodes: LdkNode[] = []

  constructor(world: World, chain: BackendChain) {
    this.world = world
    this.#chain = chain
  }

  async close(): Promise<void> {
    await Promise.all(this.#ldkNodes.map((ldk) => ldk.stop()))
    await this.#chain.stop()
    await this.world.close()
  }

  /** A node of ours with coins in its wallet. */
  async node(name: string, options: Parameters<World['node']>[1] = {}): Promise<TestNode> {
    const node = await this.world.node(name, options)
    await node.faucet(20_000_000n)
    await this.#chain.reached(this.world.chain.tip.height as number)
    return node
  }

  async ldk(name: string, onLog?: (line: string) => void): Promise<LdkNode> {
    const seed = this.#ldkNodes.length + 1
    const ldk = await startLdkNode({ chain: this.#chain, seed, name, ...(onLog === undefined ? {} : { onLog }) })
    this.#ldkNodes.push(ldk)
    return ldk
  }

  /** Mines, and waits until every node has handled the blocks. */
  async mine(blocks: number): Promise<void> {
    await this.world.mine(blocks)
    await this.#chain.reached(this.world.chain.tip.height as number)
  }

  /** Pays coins of the faucet in the next block. */
  pay(script: Uint8Array, amountSat: bigint): void {
    const funded = this.world.chain.fund([{ amount: amountSat, script }])
    if (!funded.ok) throw new Error(funded.error.code)
  }

  /** Our node connects to LDK, and will do so again when the connection is lost. */
  async connect(node: TestNode, ldk: LdkNode): Promise<void> {
    const port = await ldk.listen()
    await node.ask('peers', 'connect', { nodeId: ldk.nodeId, address: `127.0.0.1:${port}` })
    await ldk.until('our connection', () => ldk.isConnected(node.id))
  }

  /** Our node opens a channel, which both sides can use then. */
  async openToLdk(node: TestNode, ldk: LdkNode, options: OpenOptions = {}): Promise<string> {
    const { channelId } = await node.ask('channels', 'open', {
      nodeId: ldk.nodeId,
      fundingSat: options.capacitySat ?? CAPACITY_SAT,
      pushMsat: options.pushMsat ?? 0n,
    })
    await this.becomesUsable(node, ldk, channelId as string)
    return channelId as string
  }

  /** LDK opens a channel, which both sides can use then. */
  async openToUs(ldk: LdkNode, node: TestNode, options: OpenOptions = {}): Promise<string> {
    const pushed = options.pushMsat === undefined ? {} : { pushMsat: options.pushMsat }
    const channelId = await ldk.openChannel(node.id, options.capacitySat ?? CAPACITY_SAT, pushed)
    await this.becomesUsable(node, ldk, channelId)
    return channelId
  }

  async becomesUsable(node: TestNode, ldk: LdkNode, channelId: string): Promise<void> {
    await this.mine(6)
    await this.isUsable(node, ldk, channelId)
    // Each side needs the other's relay policy for its invoices' hints.
    await ldk.until('our channel_update', () => ldkChannel(ldk, channelId).peerPolicy !== undefined)
    await node.until(async () => (await ourChannel(node, channelId)).remotePolicy !== undefined)
  }

  /** Connects again at once, as an operator may: the node by itself takes its time after many short connections. */
  keepConnected(node: TestNode): void {
    node.node.gateway.events.subscribe({}, ({ name, text }) => {
      if (name !== 'peer.disconnected' || !node.isRunning) return
      const { payload } = JSON.parse(text) as { payload: { nodeId: string } }
      void node.tryAsk('peers', 'connect', { nodeId: payload.nodeId })
    })
  }

  async isUsable(node: TestNode, ldk: LdkNode, channelId: string): Promise<void> {
    await node.until(() => node.isUsable(channelId))
    await ldk.until('a usable channel', () => ldkChannel(ldk, channelId).isUsable)
  }

  /** Waits until nothing is in flight on either side. */
  async settled(node: TestNode, ldk: LdkNode, channelId: string): Promise<Balances> {
    await node.until(async () => (await ourChannel(node, channelId)).htlcsInFlight === 0)
    await ldk.until('an idle channel', () => ldkChannel(ldk, channelId).pendingHtlcs === 0)
    // A removal is in the sender's commitment first: both must have come to see the same.
    await node.until(async () => {
      const { localMsat, remoteMsat, capacitySat } = await ourChannel(node, channelId)
      return (
        localMsat + remoteMsat === capacitySat * 1000n &&
        ldkChannel(ldk, channelId).localMsat === (remoteMsat as bigint)
      )
    })
    const { localMsat, remoteMsat } = await ourChannel(node, channelId)
    return { oursMsat: localMsat, theirsMsat: remoteMsat }
  }
}

export const ourChannel = async (node: TestNode, channelId: string) =>
  (await node.ask('channels', 'get', { channelId })).channel

export const ldkChannel = (ldk: LdkNode, channelId: string): LdkChannel => {
  const channel = ldk.channels().find((each) => each.channelId === channelId)
  if (channel === undefined) throw new Error(`${ldk.name} has no channel ${channelId}`)
  return channel
}

/** A world of its own for a test, ended with it. */
export const interopWorld = async (t: ExecutionContext): Promise<InteropWorld> => {
  const world = new World()
  const { chain } = world
  const follower = await backendChain(devchainBackend(chain), async ({ script, amountSat }) => {
    const funded = chain.fund([{ amount: amountSat, script }])
    if (!funded.ok) throw new Error(funded.error.code)
    return encodeTx(funded.value)
  })
  const interop = new InteropWorld(world, follower)
  t.teardown(() => interop.close())
  return interop
}
