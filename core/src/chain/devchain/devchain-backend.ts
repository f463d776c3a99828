import { NETWORKS } from '../../bitcoin/network.ts'
import { invariant } from '../../lib/errors.ts'
import type { TxId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { type BlockFollower, firstHeight, followBlocks } from '../block-follower.ts'
import type { BroadcastError, ChainBackend, PlacedOutput } from '../chain-backend.ts'
import type { Devchain } from './devchain.ts'
import type { MempoolEntry } from './mempool.ts'
import { rejectReason, type TxRejection } from './tx-rejection.ts'

/** The devchain of the same process as a backend. Closing the chain is for whoever opened it. */
export const devchainBackend = (devchain: Devchain): ChainBackend => {
  let follower: BlockFollower | undefined
  let unsubscribe: (() => void) | undefined

  return {
    network: NETWORKS.regtest,
    async start(following) {
      invariant(follower === undefined, 'a backend is started once')
      const started = followBlocks(sourceOf(devchain), {
        ...following,
        fromHeight: firstHeight(following, devchain.tip),
      })
      follower = started
      // Nothing in the source of a devchain throws, and what the handler throws goes to `onFailed`.
      unsubscribe = devchain.onChange((change) => {
        if (change === 'tip') void started.look()
        following.onMempool?.()
      })
      void started.look()
      return ok({ height: devchain.tip.height, hash: devchain.tip.hash })
    },
    async stop() {
      unsubscribe?.()
      await follower?.stop()
    },
    tip: () => ({ height: devchain.tip.height, hash: devchain.tip.hash }),
    getBlock: async (at) => (typeof at === 'number' ? devchain.blockAt(at) : devchain.blockOf(at as Uint8Array)),
    broadcast: async (tx) => verdictOf([devchain.submitTx(tx)]),
    broadcastPackage: async (txs) => verdictOf(devchain.submitPackage(txs)),
    estimateFeerate: () => devchain.feerate,
    getUtxo: async (outpoint) => devchain.coin(outpoint),
    outputsAt: async (height, places) => {
      const txids = devchain.blockAt(height)?.txids
      return txids && places.map(({ txIndex, outputIndex }) => outputAt(devchain, txids[txIndex], outputIndex))
    },
    mempoolSpend: async (outpoint) => devchain.mempoolSpender(outpoint)?.tx,
    mempoolSpenders: async (outpoints) => outpoints.map((outpoint) => devchain.mempoolSpender(outpoint)?.txid),
    mempoolTx: async (txid) => devchain.mempoolPackage(txid),
    health() {
      const now = devchain.clock.now()
      return {
        isCurrent: true,
        answeredAt: now,
        silentMs: 0,
        headers: devchain.tip.height,
        isCatchingUp: false,
        // Nobody pays for a place in its blocks.
        estimates: { arePresent: false, madeAt: now, ageMs: 0 },
      }
    },
  }
}

const outputAt = (devchain: Devchain, txid: TxId | undefined, index: number): PlacedOutput => {
  if (txid === undefined) return { type: 'missing' }
  const coin = devchain.coin({ txid, index })
  return coin === undefined ? { type: 'spent' } : { type: 'unspent', txid, amount: coin.amount, script: coin.script }
}

const sourceOf = (devchain: Devchain): Parameters<typeof followBlocks>[0] => ({
  tip: async () => devchain.tip,
  hashAt: async (height) => devchain.blockAt(height)?.hash,
  block: async (hash) => devchain.blockOf(hash),
})

const verdictOf = (verdicts: readonly Result<MempoolEntry, TxRejection>[]): Result<void, BroadcastError> => {
  for (const verdict of verdicts) {
    if (verdict.ok) continue
    const { code } = verdict.error
    if (code === 'already-in-mempool' || code === 'same-txid-in-mempool' || code === 'already-confirmed') continue
    return err({ code: 'rejected', reason: rejectReason(verdict.error) })
  }
  return ok(undefined)
}
