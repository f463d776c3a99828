import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addressToScript } from '../../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import { Devchain } from '../../../core/src/chain/devchain/devchain.ts'
import { serveDevchainRpc } from '../../../core/src/chain/devchain/rpc-server.ts'
import { systemClock } from '../../../core/src/lib/clock.ts'
import { systemRng } from '../../../core/src/lib/rng.ts'
import { NodeProcess } from './node-process.ts'

/** An embedded chain in this process, served as a bitcoind to nodes that are processes of their own. */
export class BenchWorld {
  readonly #folder = mkdtempSync(join(process.env.FULGURITE_BENCH_FOLDER ?? tmpdir(), 'fulgurite-bench-'))
  readonly #chain = Devchain.open({ clock: systemClock })
  readonly #nodes: NodeProcess[] = []
  #opened = 0
  #rpc: { readonly url: string; readonly cookiePath: string; close(): Promise<void> } | undefined

  async node(name: string, options: { readonly counted?: boolean } = {}): Promise<NodeProcess> {
    this.#rpc ??= await this.#serve()
    const node = await NodeProcess.start({
      ...options,
      data: join(this.#folder, name),
      bitcoindUrl: this.#rpc.url,
      bitcoindCookie: this.#rpc.cookiePath,
    })
    this.#nodes.push(node)
    return node
  }

  async #serve() {
    const cookiePath = join(this.#folder, 'cookie')
    const served = await serveDevchainRpc({ devchain: this.#chain, clock: systemClock, rng: systemRng, cookiePath })
    if (!served.ok) throw new Error(served.error.code)
    return served.value
  }

  async faucet(node: NodeProcess, sat: bigint): Promise<void> {
    const { address } = (await node.ask('wallet/newAddress')) as { address: string }
    const script = addressToScript(address, NETWORKS.regtest)
    if (!script.ok) throw new Error(script.error.code)
    this.#chain.fund([{ amount: sat, script: script.value }])
    await this.mine(1)
  }

  /** Mines, and waits until every node has handled the blocks. */
  async mine(count: number): Promise<void> {
    const height = this.#chain.mine(count).at(-1)?.height as number
    for (const node of this.#nodes)
      await node.until(async () => Number((await node.ask('node/getInfo')).blockHeight) >= height)
  }

  /** Opens channels from one node to another, and waits until both can use them. */
  async open(from: NodeProcess, to: NodeProcess, fundingSat: number, channels = 1): Promise<void> {
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

  async close(): Promise<void> {
    for (const node of this.#nodes) await node.stop()
    await this.#rpc?.close()
    this.#chain.close()
    rmSync(this.#folder, { recursive: true })
  }
}
