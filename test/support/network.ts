import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import type { ExecutionContext } from 'ava'
import type { ChainRig } from './chain-rig.ts'
import { NodeProcess } from './node-process.ts'
import { waitFor } from './wait-for.ts'

export type ChannelSummary = ReplyOf<'channels', 'get'>['channel']

/** A chain and nodes on it, each in a process of its own. */
export class Network {
  readonly chain: ChainRig
  readonly nodes: NodeProcess[] = []

  constructor(chain: ChainRig) {
    this.chain = chain
  }

  /** Ends everything with the test, and tells what the nodes had to say if it failed. */
  endWith(t: ExecutionContext): void {
    t.teardown(async () => {
      if (!t.passed) for (const node of this.nodes) t.log(node.diagnosis)
      for (const node of this.nodes) await node.dispose()
      await this.chain.stop()
    })
  }

  async node(name: string): Promise<NodeProcess> {
    const node = await NodeProcess.start({ name, chain: this.chain })
    this.nodes.push(node)
    return node
  }

  /** Mines, and waits until every node that runs has handled the blocks. */
  async mine(blocks: number): Promise<void> {
    await this.untilHandled(await this.chain.mine(blocks))
  }

  /** Waits until a transaction that a node publishes has reached the chain's backend. */
  untilInMempool(txid: string): Promise<void> {
    return waitFor(`${txid} waits for a block`, async () => (await this.chain.mempool()).includes(txid))
  }

  async untilHandled(height: number): Promise<void> {
    for (const node of this.nodes) {
      if (!node.isRunning) continue
      await node.until(`has handled block ${height}`, async () => {
        const { blockHeight, synced } = await node.ask('node', 'getInfo', {})
        return synced && blockHeight >= height
      })
    }
  }

  /** Pays a node's wallet from outside. */
  async fund(node: NodeProcess, sat: bigint): Promise<void> {
    const { confirmedSat } = await node.ask('wallet', 'balance', {})
    const { address } = await node.ask('wallet', 'newAddress', {})
    await this.chain.fund(address, sat)
    await this.mine(1)
    await node.until(
      'its wallet is funded',
      async () => (await node.ask('wallet', 'balance', {})).confirmedSat === confirmedSat + sat,
    )
  }

  /** Connects, opens a channel, and waits until both sides can use it. */
  async open(from: NodeProcess, to: NodeProcess, fundingSat: bigint, pushMsat = 0n): Promise<string> {
    await from.ask('peers', 'connect', { nodeId: to.id, address: to.listen })
    const { channelId, fundingTxid } = await from.ask('channels', 'open', { nodeId: to.id, fundingSat, pushMsat })
    await this.untilInMempool(fundingTxid)
    await this.mine(6)
    await untilUsable(channelId, from, to)
    return channelId
  }
}

export const channelOf = async (node: NodeProcess, channelId: string): Promise<ChannelSummary> =>
  (await node.ask('channels', 'get', { channelId })).channel

/** Waits until these nodes can send and receive over the channel. */
export const untilUsable = async (channelId: string, ...nodes: readonly NodeProcess[]): Promise<void> => {
  for (const node of nodes) {
    await node.until(`can use channel ${channelId.slice(0, 8)}`, async () => {
      const answer = await node.tryAsk('channels', 'get', { channelId })
      return answer.ok && answer.value.channel.state === 'usable' && answer.value.channel.remotePolicy !== undefined
    })
  }
}

/** Waits until so many HTLCs are under way in the channel. */
export const untilInFlight = async (
  channelId: string,
  count: number,
  ...nodes: readonly NodeProcess[]
): Promise<void> => {
  for (const node of nodes) {
    await node.until(
      `has ${count} HTLCs under way`,
      async () => (await channelOf(node, channelId)).htlcsInFlight === count,
    )
  }
}

/** Waits until no HTLC is under way in any open channel of these nodes. */
export const untilQuiet = async (...nodes: readonly NodeProcess[]): Promise<void> => {
  for (const node of nodes) {
    await node.until('has nothing under way', async () => {
      const { items } = await node.ask('channels', 'list', {})
      return items.every(({ htlcsInFlight }) => htlcsInFlight === 0)
    })
  }
}
