import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { displayTxid, type Tx, txidOf } from '../../../core/src/bitcoin/transaction.ts'
import { TestNode, type TestNodeOptions } from '../../scenarios/support/world.ts'
import { NodeProcess } from '../../support/node-process.ts'
import { waitFor } from '../../support/wait-for.ts'
import type { Abilities, Ability, Opening, Peer, PeerChannel } from '../drivers/driver.ts'
import { type Ground, scriptOf } from './ground.ts'

/** What the two sides of a channel hold once nothing is in flight. */
export interface Balances {
  readonly oursMsat: bigint
  readonly theirsMsat: bigint
}

export interface ChannelOptions extends Partial<Opening> {
  readonly opener?: 'peer' | 'us'
  readonly node?: TestNodeOptions
}

/** What a scenario does with a node of ours, wherever that runs. */
export interface OurNode extends Pick<TestNode, 'ask' | 'id' | 'isUsable' | 'payloads'> {
  until(holds: () => Promise<boolean>): Promise<void>
}

/** Gives the peers, the same for the same number. */
export interface Cast {
  peer(index: number): Promise<Peer>
  other(): Promise<Peer>
}

const CAPACITY_SAT = 1_000_000n
const OUR_COINS_SAT = 20_000_000n
const DEEP = 6

/** One scenario: its chain, nodes of ours in this process, and peers. */
export class Stage {
  readonly t: ExecutionContext
  readonly ground: Ground
  readonly #abilities: Abilities
  readonly #cast: Cast
  readonly #name: string
  readonly #nodes: TestNode[] = []
  readonly #processes: NodeProcess[] = []
  readonly #peers: Peer[] = []

  /** `name` tells our nodes from those of other scenarios. */
  constructor(t: ExecutionContext, ground: Ground, name: string, abilities: Abilities, cast: Cast) {
    this.t = t
    this.ground = ground
    this.#abilities = abilities
    this.#name = name
    this.#cast = cast
  }

  /** For what a scenario asks only of some; what all of it depends on is among its `needs`. */
  can(ability: Ability): boolean {
    return this.#abilities[ability] === true
  }

  async close(): Promise<void> {
    for (const node of this.#nodes) await node.stop()
    for (const node of this.#processes) await node.dispose()
  }

  get diagnosis(): readonly string[] {
    return [
      ...this.#peers.map((peer) => `--- ${peer.name}\n${peer.diagnosis()}`),
      ...this.#processes.map((node) => node.diagnosis),
    ]
  }

  /** A node of ours, with coins in its wallet. */
  async node(name: string, options: TestNodeOptions = {}): Promise<TestNode> {
    const chain = {
      backendName: this.ground.backendName,
      backend: () => this.ground.backend(),
      pay: (script: Uint8Array, sat: bigint) => this.ground.pay(script, sat),
      mine: (blocks: number) => this.mine(blocks),
    }
    const node = new TestNode(chain, `${this.#name} ${name}`, options)
    await node.start()
    this.#nodes.push(node)
    await node.faucet(OUR_COINS_SAT)
    await node.until(async () => (await node.ask('wallet', 'balance', {})).confirmedSat === OUR_COINS_SAT)
    return node
  }

  /** A node of ours in a process of its own, which can be killed, and the same as scenarios know nodes. */
  async process(name: string): Promise<{ readonly process: NodeProcess; readonly us: OurNode }> {
    const node = await NodeProcess.start({ name, chain: await this.ground.forProcesses() })
    this.#processes.push(node)
    const us: OurNode = {
      id: node.id,
      ask: (actor, operation, request) => node.ask(actor, operation, request),
      payloads: (event) => node.payloads(event),
      until: (holds) => node.until('what was waited for', holds),
      async isUsable(channelId) {
        const answer = await node.tryAsk('channels', 'get', { channelId })
        return answer.ok && answer.value.channel.state === 'usable'
      },
    }
    const { address } = await us.ask('wallet', 'newAddress', {})
    await this.ground.pay(scriptOf(address), OUR_COINS_SAT)
    await this.mine(1)
    await us.until(async () => (await us.ask('wallet', 'balance', {})).confirmedSat === OUR_COINS_SAT)
    return { process: node, us }
  }

  /** The peer, or a further one of its kind. */
  async peer(index = 0): Promise<Peer> {
    return this.#enters(await this.#cast.peer(index))
  }

  /** A peer of another implementation, for a scenario that says what it needs of it. */
  async other(): Promise<Peer> {
    return this.#enters(await this.#cast.other())
  }

  #enters(peer: Peer): Peer {
    if (!this.#peers.includes(peer)) this.#peers.push(peer)
    return peer
  }

  /** A folder that ends with the scenario. */
  folder(): string {
    const folder = mkdtempSync(join(tmpdir(), 'fulgurite-interop-'))
    this.t.teardown(() => rmSync(folder, { recursive: true, force: true }))
    return folder
  }

  /** Mines, and waits until everyone who runs knows the blocks. */
  async mine(blocks: number): Promise<void> {
    const height = await this.ground.mine(blocks)
    for (const node of this.#nodes) {
      if (!node.isRunning) continue
      await node.until(async () => (await node.ask('node', 'getInfo', {})).blockHeight >= height)
    }
    for (const node of this.#processes) {
      if (!node.isRunning) continue
      await node.until(`knows block ${height}`, async () => {
        const { blockHeight, synced } = await node.ask('node', 'getInfo', {})
        return synced && blockHeight >= height
      })
    }
    for (const peer of this.#peers) {
      if (peer.isRunning) await this.until(`${peer.name} knows block ${height}`, () => peer.knowsBlock(height))
    }
  }

  /** Mines a few blocks at a time until it holds; what either side broadcasts on the way is mined with the next ones. */
  async mineUntil(what: string, holds: () => Promise<boolean>, most = 400, step = 4): Promise<void> {
    for (let blocks = 0; !(await holds()); blocks += step) {
      if (blocks >= most) throw new Error(`${most} blocks, and not ${what}`)
      await this.mine(step)
    }
  }

  mempool(): Promise<readonly Tx[]> {
    return this.ground.mempool()
  }

  untilInMempool(txid: string): Promise<void> {
    return this.until(`${txid} waits for a block`, async () =>
      (await this.mempool()).some((tx) => displayTxid(txidOf(tx)) === txid),
    )
  }

  until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    return waitFor(what, holds)
  }

  async fundPeer(peer: Peer, sat: bigint): Promise<void> {
    await this.ground.pay(await peer.newScript(), sat)
    await this.mine(1)
  }

  /** Our node connects, and will do so again when the connection is lost. */
  async connect(node: OurNode, peer: Peer): Promise<void> {
    await node.ask('peers', 'connect', { nodeId: peer.nodeId, address: peer.address })
    await this.until('the peer sees our connection', () => peer.isConnected(node.id))
  }

  /** Our node, the peer, and a channel of theirs that both can use. */
  async channel({ opener = 'us', node = {}, ...opening }: ChannelOptions = {}) {
    const peer = await this.peer()
    const us = await this.node('us', node)
    await this.connect(us, peer)
    const channelId = opener === 'us' ? await this.openTo(peer, us, opening) : await this.openFrom(peer, us, opening)
    return { us, peer, channelId }
  }

  /** Our node opens a channel, which both sides can use then. */
  async openTo(peer: Peer, node: OurNode, options: Partial<Opening> = {}): Promise<string> {
    const { channelId } = await node.ask('channels', 'open', {
      nodeId: peer.nodeId,
      fundingSat: options.capacitySat ?? CAPACITY_SAT,
      pushMsat: options.pushMsat ?? 0n,
      announce: options.kind === 'announced',
    })
    await this.becomesUsable(node, peer, channelId)
    return channelId
  }

  /** The peer opens a channel, which both sides can use then. */
  async openFrom(peer: Peer, node: OurNode, options: Partial<Opening> = {}): Promise<string> {
    const channelId = await peer.openChannel(node.id, { capacitySat: CAPACITY_SAT, ...options })
    await this.becomesUsable(node, peer, channelId)
    return channelId
  }

  /** A channel between two nodes of ours, opened by the first. */
  async openBetween(one: TestNode, other: TestNode): Promise<string> {
    await one.ask('peers', 'connect', { nodeId: other.id, address: other.address })
    const opening = { nodeId: other.id, fundingSat: CAPACITY_SAT, pushMsat: 0n }
    const { channelId } = await one.ask('channels', 'open', opening)
    await this.#isFunded(one, channelId)
    await one.until(() => one.isUsable(channelId))
    return channelId
  }

  async becomesUsable(node: OurNode, peer: Peer, channelId: string): Promise<void> {
    await this.#isFunded(node, channelId)
    await this.isUsable(node, peer, channelId)
    await this.knowsPolicies(node, peer, channelId)
  }

  async #isFunded(node: OurNode, channelId: string): Promise<void> {
    // Our answer to `open` says that it is on its way; what is mined before it has arrived does not bury it.
    await this.until('the funding transaction is in the mempool, or deeper', async () => {
      const { fundings } = await ours(node, channelId)
      const broadcast = (await this.mempool()).map((tx) => displayTxid(txidOf(tx)))
      return fundings.some(({ txid, status }) => status === 'confirmed' || broadcast.includes(txid))
    })
    await this.mine(DEEP)
  }

  /** Each side needs the other's relay policy for its invoices' hints. */
  async knowsPolicies(node: OurNode, peer: Peer, channelId: string): Promise<void> {
    await this.until(
      'the peer has our channel_update',
      async () => (await theirs(peer, channelId)).ourPolicy !== undefined,
    )
    await node.until(async () => (await ours(node, channelId)).remotePolicy !== undefined)
  }

  async isUsable(node: OurNode, peer: Peer, channelId: string): Promise<void> {
    await node.until(() => node.isUsable(channelId))
    await this.until('the peer can use the channel', async () => (await theirs(peer, channelId)).isUsable)
  }

  /** Waits until nothing is in flight on either side, and both hold the same. */
  async settled(node: OurNode, peer: Peer, channelId: string): Promise<Balances> {
    let seen = ''
    try {
      await this.until('both sides agree', async () => {
        const { localMsat, remoteMsat, capacitySat, htlcsInFlight } = await ours(node, channelId)
        const channel = await theirs(peer, channelId)
        seen = `we hold ${localMsat}, they ${remoteMsat} or ${channel.localMsat}`
        seen += `, with ${htlcsInFlight} or ${channel.pendingHtlcs} HTLCs`
        // A removal is in the sender's commitment first: both must have come to see the same.
        return (
          htlcsInFlight === 0 &&
          channel.pendingHtlcs === 0 &&
          localMsat + remoteMsat === capacitySat * 1000n &&
          channel.localMsat === remoteMsat - (remoteMsat % peer.precisionMsat)
        )
      })
    } catch (error) {
      throw new Error(seen, { cause: error })
    }
    const { localMsat, remoteMsat } = await ours(node, channelId)
    return { oursMsat: localMsat, theirsMsat: remoteMsat }
  }

  /** Connects again at once, as an operator may: the node by itself takes its time after many short connections. */
  keepConnected(node: TestNode): void {
    node.node.gateway.events.subscribe({}, ({ name, text }) => {
      if (name !== 'peer.disconnected' || !node.isRunning) return
      const { payload } = JSON.parse(text) as { payload: { nodeId: string } }
      void node.tryAsk('peers', 'connect', { nodeId: payload.nodeId })
    })
  }
}

/** A channel as our node has it. */
export const ours = async (node: OurNode, channelId: string) =>
  (await node.ask('channels', 'get', { channelId })).channel

/** A channel as the peer has it. */
export const theirs = async (peer: Peer, channelId: string): Promise<PeerChannel> => {
  const channel = (await peer.channels()).find((each) => each.channelId === channelId)
  if (channel === undefined) throw new Error(`${peer.name} has no channel ${channelId}`)
  return channel
}
