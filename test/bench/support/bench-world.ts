import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addressToScript } from '../../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import type { TxOutput } from '../../../core/src/bitcoin/transaction.ts'
import { Devchain } from '../../../core/src/chain/devchain/devchain.ts'
import { serveDevchainRpc } from '../../../core/src/chain/devchain/rpc-server.ts'
import { systemClock } from '../../../core/src/lib/clock.ts'
import { systemRng } from '../../../core/src/lib/rng.ts'
import { BenchNode } from './bench-node.ts'

/** What one peer may have under way (`MAX_PENDING_OPENINGS_PER_PEER`), and what may wait for a block. */
const OPENINGS_AT_ONCE = 8
const OPENINGS_A_BLOCK = 64
const SMALL_SAT = 1_000_000

/** An embedded chain in this process, served as a bitcoind to nodes that are processes of their own. */
export class BenchWorld {
  readonly #folder = mkdtempSync(join(process.env.FULGURITE_BENCH_FOLDER ?? tmpdir(), 'fulgurite-bench-'))
  readonly #chain = Devchain.open({ clock: systemClock })
  readonly #nodes: BenchNode[] = []
  #opened = 0
  #rpc: { readonly url: string; readonly cookiePath: string; close(): Promise<void> } | undefined

  async node(
    name: string,
    options: { readonly counted?: boolean; readonly watched?: boolean; readonly told?: readonly string[] } = {},
  ): Promise<BenchNode> {
    this.#rpc ??= await this.#serve()
    const node = await BenchNode.start({
      ...options,
      data: this.folderOf(name),
      bitcoindUrl: this.#rpc.url,
      bitcoindCookie: this.#rpc.cookiePath,
    })
    this.#nodes.push(node)
    return node
  }

  async stop(node: BenchNode): Promise<void> {
    await node.stop()
    this.#nodes.splice(this.#nodes.indexOf(node), 1)
  }

  async #serve() {
    const cookiePath = join(this.#folder, 'cookie')
    const served = await serveDevchainRpc({ devchain: this.#chain, clock: systemClock, rng: systemRng, cookiePath })
    if (!served.ok) throw new Error(served.error.code)
    return served.value
  }

  /** Pays coins of so much to a node's wallet. */
  async faucet(node: BenchNode, sat: bigint, coins = 1): Promise<void> {
    const { address } = (await node.ask('wallet/newAddress')) as { address: string }
    const script = addressToScript(address, NETWORKS.regtest)
    if (!script.ok) throw new Error(script.error.code)
    this.#chain.fund(Array.from({ length: coins }, () => ({ amount: sat, script: script.value })))
    await this.mine(1)
  }

  /** The block that is mined next. */
  get nextHeight(): number {
    return this.#chain.tip.height + 1
  }

  /** Pays the outputs of each block in one transaction, and mines them, before there are nodes. */
  fundBlocks(blocks: Iterable<readonly TxOutput[]>): void {
    for (const outputs of blocks) {
      const funded = this.#chain.fund(outputs)
      if (!funded.ok) throw new Error(funded.error.code)
      this.#chain.mine(1)
    }
  }

  /** A data folder for a node that is still to be started. */
  folderOf(name: string): string {
    return join(this.#folder, name)
  }

  /** Mines, and waits until every node has handled the blocks. */
  async mine(count: number): Promise<void> {
    const height = this.#chain.mine(count).at(-1)?.height as number
    for (const node of this.#nodes)
      await node.until(async () => Number((await node.ask('node/getInfo')).blockHeight) >= height)
  }

  /** Opens channels from one node to another, and waits until both can use them. */
  async open(from: BenchNode, to: BenchNode, fundingSat: number, channels = 1): Promise<void> {
    await from.ask('peers/connect', { nodeId: to.id, address: to.address })
    for (let i = 0; i < channels; i++) {
      const { channelId } = await from.ask('channels/open', { nodeId: to.id, fundingSat }, `open-${this.#opened++}`)
      // The funding transaction may still be on its way to the chain.
      for (const node of [from, to])
        await node.until(async () => {
          await this.mine(1)
          const { channel } = (await node.ask('channels/get', { channelId })) as { channel: { state: string } }
          return channel.state === 'usable'
        })
    }
  }

  /** Opens many channels of 1,000,000 sat, several at once, and waits until both sides can use them. */
  async openMany(from: BenchNode, to: BenchNode, channels: number): Promise<void> {
    // What a stranger asks for is held up; a peer with a channel is none.
    await this.open(from, to, SMALL_SAT)
    const connections = await Promise.all(Array.from({ length: OPENINGS_AT_ONCE }, () => from.connection()))
    for (let done = 1; done < channels; done += OPENINGS_A_BLOCK) {
      const last = this.#opened + Math.min(OPENINGS_A_BLOCK, channels - done)
      await Promise.all(
        connections.map(async (connection) => {
          while (this.#opened < last) {
            const key = `open-${this.#opened++}`
            await connection.ask('channels/open', { nodeId: to.id, fundingSat: SMALL_SAT }, key)
          }
        }),
      )
      await this.mine(1)
    }
    for (const connection of connections) connection.close()
    const opening = async (node: BenchNode): Promise<number> => Number((await node.ask('node/getInfo')).channelsOpening)
    for (const node of [from, to])
      await node.until(async () => {
        if ((await opening(node)) === 0) return true
        await this.mine(1)
        return false
      })
  }

  async close(): Promise<void> {
    for (const node of this.#nodes) await node.stop()
    await this.#rpc?.close()
    this.#chain.close()
    rmSync(this.#folder, { recursive: true })
  }
}
