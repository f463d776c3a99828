import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { NETWORKS } from '../../bitcoin/network.ts'
import { Devchain } from '../../chain/devchain/devchain.ts'
import { serveDevchainRpc } from '../../chain/devchain/rpc-server.ts'
import { type Clock, systemClock } from '../../lib/clock.ts'
import { FailureError, invariant } from '../../lib/errors.ts'
import { systemRng } from '../../lib/rng.ts'

/** The embedded chain, served to other processes like a bitcoind. */
export interface DevChain {
  readonly chain: Devchain
  readonly rpcUrl: string
  readonly cookiePath: string
  /** Pays out of the faucet; the transaction waits for a block. */
  fund(payments: readonly { readonly address: string; readonly amountSat: bigint }[]): Promise<void>
  /** Mines a block now, and then one at each interval. */
  mineEvery(intervalMs: number): void
  close(): Promise<void>
}

/** Requests that wait for a block are dropped at the end together with their timers, which do not keep the process alive. */
const unheldClock: Clock = {
  now: systemClock.now,
  monotonic: systemClock.monotonic,
  setTimer(delayMs, fire) {
    const timer = setTimeout(fire, delayMs).unref()
    return () => clearTimeout(timer)
  },
}

/** Opens the chain kept in `<data>/chain`, or starts one there. Throws a `FailureError` if the port is taken. */
export const openDevChain = async (data: string, clock: Clock = systemClock): Promise<DevChain> => {
  const folder = join(data, 'chain')
  mkdirSync(folder, { recursive: true })
  const chain = Devchain.open({ clock, file: join(folder, 'blocks') })
  const rpc = await serveDevchainRpc({
    devchain: chain,
    clock: unheldClock,
    rng: systemRng,
    cookiePath: join(folder, '.cookie'),
  })
  if (!rpc.ok) {
    chain.close()
    throw new FailureError(rpc.error)
  }
  let stopMining = (): void => {}
  const mineEvery = (intervalMs: number): void => {
    stopMining = clock.setTimer(intervalMs, () => {
      chain.mine(1)
      mineEvery(intervalMs)
    })
  }
  return {
    chain,
    rpcUrl: rpc.value.url,
    cookiePath: rpc.value.cookiePath,
    async fund(payments) {
      // A start that funds nothing is faster without it.
      const { addressToScript } = await import('../../bitcoin/address.ts')
      const outputs = payments.map(({ address, amountSat }) => {
        const script = addressToScript(address, NETWORKS.regtest)
        invariant(script.ok, 'a node gives out addresses of its own network')
        return { script: script.value, amount: amountSat }
      })
      const funded = chain.fund(outputs)
      if (!funded.ok) throw new FailureError(funded.error)
    },
    mineEvery,
    async close() {
      stopMining()
      await rpc.value.close()
      chain.close()
    },
  }
}
