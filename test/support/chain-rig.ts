import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { addressToScript } from '../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../core/src/bitcoin/network.ts'
import { displayTxid } from '../../core/src/bitcoin/transaction.ts'
import { Devchain } from '../../core/src/chain/devchain/devchain.ts'
import { serveDevchainRpc } from '../../core/src/chain/devchain/rpc-server.ts'
import { systemClock } from '../../core/src/lib/clock.ts'
import { systemRng } from '../../core/src/lib/rng.ts'
import type { NodeChain } from './node-process.ts'

/** A regtest chain that a test moves. */
export interface ChainRig extends NodeChain {
  /** Pays an address; the payment waits for a block. */
  fund(address: string, sat: bigint): Promise<void>
  /** Resolves to the new height. */
  mine(blocks: number): Promise<number>
  /** The ids of the transactions that wait for a block, as explorers display them. */
  mempool(): Promise<readonly string[]>
  stop(): Promise<void>
}

/** Serves a chain of this process as if it were a bitcoind. */
export const serveDevchain = async (devchain: Devchain): Promise<NodeChain & { stop(): Promise<void> }> => {
  const folder = mkdtempSync(join(tmpdir(), 'fulgurite-devchain-'))
  const cookiePath = join(folder, '.cookie')
  const served = await serveDevchainRpc({ devchain, clock: systemClock, rng: systemRng, cookiePath })
  if (!served.ok) throw new Error(served.error.code)
  const { url, close } = served.value
  return {
    rpcUrl: url,
    cookiePath,
    async stop() {
      // Answers the calls that wait for a block: their timers would keep this process alive.
      devchain.mine(1)
      await close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** A devchain in this process, served as if it were a bitcoind; it goes on with what is in a file. */
export const devchainRig = async (file?: string): Promise<ChainRig> => {
  const devchain = Devchain.open({ clock: systemClock, ...(file === undefined ? {} : { file }) })
  const { rpcUrl, cookiePath, stop } = await serveDevchain(devchain)
  return {
    rpcUrl,
    cookiePath,
    async fund(address, sat) {
      const script = addressToScript(address, NETWORKS.regtest)
      if (!script.ok) throw new Error(`${address}: ${script.error.code}`)
      const funded = devchain.fund([{ amount: sat, script: script.value }])
      if (!funded.ok) throw new Error(funded.error.code)
    },
    async mine(blocks) {
      return devchain.mine(blocks).at(-1)?.height as number
    },
    async mempool() {
      return devchain.mempool.map(({ txid }) => displayTxid(txid))
    },
    async stop() {
      await stop()
      devchain.close()
    },
  }
}
