import { encodeBlock } from '../../../../core/src/bitcoin/block.ts'
import { decodeTx, type Tx } from '../../../../core/src/bitcoin/transaction.ts'
import type { ChainBackend } from '../../../../core/src/chain/chain-backend.ts'
import { PATIENCE_MS } from '../../../support/patience.ts'
import type { LdkBlock, LdkChain, LdkTip } from './ldk-chain.ts'

export interface BackendChain extends LdkChain {
  /** Waits until blocks up to this height were handed to LDK. Rejects after `timeoutMs`. */
  reached(height: number, timeoutMs?: number): Promise<void>
  stop(): Promise<void>
}

/**
 * A chain for LDK nodes over one of our own adapters, devchain or bitcoind, which it starts and stops. `fund` makes the
 * funding transactions. Reorganisations are not passed on.
 */
export const backendChain = async (backend: ChainBackend, fund: LdkChain['fund']): Promise<BackendChain> => {
  const listeners = new Set<(block: LdkBlock) => void>()
  const waiters = new Set<() => void>()
  let tip: LdkTip = { height: -1, hash: new Uint8Array(32) }
  const started = await backend.start({
    fromHeight: 0,
    onEvent(event) {
      if (event.type === 'disconnected') throw new Error('a reorganisation, which the LDK support does not follow')
      const { height, hash, header, txs } = event.block
      tip = { height, hash }
      const block = { height, bytes: encodeBlock({ header, txs }) }
      for (const listener of listeners) listener(block)
      for (const check of [...waiters]) check()
    },
    onFailed(error) {
      throw error
    },
  })
  if (!started.ok) throw new Error(`the chain does not start: ${started.error.code}`)

  const chain: BackendChain = {
    get tip() {
      return tip
    },
    onBlock(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    broadcast(bytes) {
      const txs: Tx[] = bytes.flatMap((each) => {
        const decoded = decodeTx(each)
        return decoded.ok ? [decoded.value] : []
      })
      const [first] = txs
      if (first === undefined) return
      // Whether it was taken does not matter here: a refused transaction is LDK's to send again.
      void (txs.length === 1 ? backend.broadcast(first) : backend.broadcastPackage(txs))
    },
    fund,
    reached: (height, timeoutMs = PATIENCE_MS) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(() => {
          waiters.delete(check)
          reject(new Error(`no block ${height} within ${timeoutMs} ms`))
        }, timeoutMs)
        const check = (): void => {
          if (tip.height < height) return
          clearTimeout(timer)
          waiters.delete(check)
          resolve()
        }
        waiters.add(check)
        check()
      }),
    stop: () => backend.stop(),
  }
  await chain.reached(started.value.height)
  return chain
}
