import { encodeTx } from '../../../../core/src/bitcoin/transaction.ts'
import { Devchain } from '../../../../core/src/chain/devchain/devchain.ts'
import { devchainBackend } from '../../../../core/src/chain/devchain/devchain-backend.ts'
import { systemClock } from '../../../../core/src/lib/clock.ts'
import { type BackendChain, backendChain } from './backend-chain.ts'

export interface DevchainForLdk extends BackendChain {
  readonly devchain: Devchain
  /** Mines, and waits until the LDK nodes have seen it. */
  mine(blocks?: number): Promise<void>
  /** Pays an amount in the next block. */
  pay(script: Uint8Array, amountSat: bigint): void
}

/** A devchain of the test's own, with LDK nodes on it. The funding transactions come from its faucet. */
export const devchainForLdk = async (): Promise<DevchainForLdk> => {
  const devchain = Devchain.open({ clock: systemClock })
  const pay = (script: Uint8Array, amountSat: bigint): Uint8Array => {
    const funded = devchain.fund([{ amount: amountSat, script }])
    if (!funded.ok) throw new Error(funded.error.code)
    return encodeTx(funded.value)
  }
  const chain = await backendChain(devchainBackend(devchain), async ({ script, amountSat }) => pay(script, amountSat))
  return {
    ...chain,
    get tip() {
      return chain.tip
    },
    devchain,
    async mine(blocks = 1) {
      devchain.mine(blocks)
      await chain.reached(devchain.tip.height)
    },
    pay: (script, amountSat) => void pay(script, amountSat),
    async stop() {
      await chain.stop()
      devchain.close()
    },
  }
}
