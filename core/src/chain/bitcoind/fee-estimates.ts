import { FEERATE_FLOOR, feerateFromBtcPerKvb } from '../../bitcoin/fees.ts'
import type { Clock } from '../../lib/clock.ts'
import type { FeeratePerKw, TimestampMs } from '../../lib/units.ts'
import type { BackendHealth } from '../chain-backend.ts'
import type { PatientRpc } from './patient-rpc.ts'
import { replies } from './replies.ts'

export interface FeeEstimates {
  /** Asks bitcoind again. */
  refresh(): Promise<void>
  /** From the last answers, never below 253 or the rate that bitcoind's mempool takes. */
  estimate(targetBlocks: number): FeeratePerKw
  status(): BackendHealth['estimates']
}

/** In blocks. A target in between gets the estimate of the next shorter one. */
const TARGETS = [2, 6, 12, 36, 144, 1_008] as const

export const feeEstimates = (rpc: PatientRpc, clock: Clock): FeeEstimates => {
  const estimates = new Map<number, FeeratePerKw>()
  let floor: number = FEERATE_FLOOR
  let madeAt: TimestampMs = 0
  let since = Number.NEGATIVE_INFINITY

  return {
    async refresh() {
      for (const target of TARGETS) {
        const reply = await rpc.ask(replies.smartFee, 'estimatesmartfee', [target])
        const rate = reply.ok ? reply.value.feerate : undefined
        // bitcoind has none when it has seen too few blocks; on regtest it never does.
        if (rate === undefined) estimates.delete(target)
        else estimates.set(target, feerateFromBtcPerKvb(rate))
      }
      const mempool = await rpc.ask(replies.mempoolInfo, 'getmempoolinfo')
      if (mempool.ok) floor = Math.max(FEERATE_FLOOR, feerateFromBtcPerKvb(mempool.value.mempoolminfee))
      madeAt = clock.now()
      since = clock.monotonic()
    },
    status: () => ({ arePresent: estimates.size > 0, madeAt, ageMs: clock.monotonic() - since }),
    estimate(targetBlocks) {
      const shorter = TARGETS.filter((target) => target <= targetBlocks && estimates.has(target))
      const known = shorter.at(-1) ?? TARGETS.find((target) => estimates.has(target))
      return Math.max(floor, known === undefined ? 0 : (estimates.get(known) ?? 0))
    },
  }
}
