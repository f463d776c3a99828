import { scriptToAddress } from '../../../core/src/bitcoin/address.ts'
import { NETWORKS } from '../../../core/src/bitcoin/network.ts'
import { bitcoindBackend } from '../../../core/src/chain/bitcoind/bitcoind-backend.ts'
import { systemClock } from '../../../core/src/lib/clock.ts'
import type { TestChain, TestNode } from '../../scenarios/support/world.ts'
import type { BitcoindRig } from './bitcoind-rig.ts'

/** A real chain for nodes in this process. */
export class BitcoindChain implements TestChain {
  readonly backendName = 'bitcoind'
  readonly nodes: TestNode[] = []
  readonly #rig: BitcoindRig

  constructor(rig: BitcoindRig) {
    this.#rig = rig
  }

  backend() {
    const { rpcUrl, cookiePath, zmqUrl } = this.#rig
    return bitcoindBackend({
      network: NETWORKS.regtest,
      rpc: { url: rpcUrl, auth: { type: 'cookie', path: cookiePath } },
      ...(zmqUrl === undefined ? {} : { zmqUrl }),
      clock: systemClock,
      onProblem: () => {},
      onReachable: () => {},
    })
  }

  async pay(script: Uint8Array, sat: bigint): Promise<void> {
    const address = scriptToAddress(script, NETWORKS.regtest)
    if (address === undefined) throw new Error('a script without an address')
    await this.#rig.fund(address, sat)
  }

  async mine(blocks: number): Promise<void> {
    await this.handled(await this.#rig.mine(blocks))
  }

  /** Waits until every node that runs has handled the blocks up to this one. */
  async handled(height: number): Promise<void> {
    for (const node of this.nodes) {
      if (!node.isRunning) continue
      await node.until(async () => {
        const { blockHeight, synced } = await node.ask('node', 'getInfo', {})
        return synced && blockHeight >= height
      })
    }
  }
}
