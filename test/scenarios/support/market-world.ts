import { displayTxid } from '../../../core/src/bitcoin/transaction.ts'
import type { MarketChain } from './fee-pressure.ts'
import { World } from './world.ts'

/** The embedded chain, whose blocks and mempool take only what pays enough. */
export class MarketWorld extends World implements MarketChain {
  async mineAt(feerate: number): Promise<void> {
    this.chain.setFees({ block: feerate, mempool: Math.floor(feerate / 3) })
    await this.mine(1)
  }

  async height(): Promise<number> {
    return this.chain.tip.height
  }

  async heightOf(txid: string): Promise<number | undefined> {
    for (let { height } = this.chain.tip; height > 0; height--) {
      if (this.chain.blockAt(height)?.txids.some((id) => displayTxid(id) === txid)) return height
    }
    return undefined
  }
}
