import type { Tx } from '../../../bitcoin/transaction.ts'
import { toHex } from '../../../lib/bytes.ts'
import type { HtlcId, Preimage } from '../../../lib/ids.ts'
import { type OnChainOutcome, revealedPreimages } from '../../claims/on-chain-outcome.ts'
import type { ConcernedOutput, Resolution } from '../../claims/resolution.ts'
import { update } from '../../state/channel-state.ts'
import type { Closing } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import { findHtlc, type HtlcRecord, replaceHtlc } from '../../state/htlc.ts'
import { settled } from '../common/settle.ts'

// What becomes of the HTLCs that we offered, once the chain decides. Their origins hear it once.

/** BOLT 5: what a transaction shows by taking HTLCs that we offered. */
export const learnFrom = (
  durable: Closing,
  outputs: readonly ConcernedOutput[],
  tx: Tx,
  outcomes: Resolution['outcomes'] = [],
): Learnt => {
  const effects: Effect[] = []
  let next: Closing = durable
  for (const { htlc, preimage } of revealedPreimages(outputs, tx)) {
    const learnt = learnPreimage(next, htlc.id, preimage)
    next = learnt.durable
    effects.push(...learnt.effects)
  }
  const trimmed = learnForTrimmed(next, outcomes)
  return { durable: trimmed.durable, effects: [...effects, ...trimmed.effects] }
}

export interface Learnt {
  readonly durable: Closing
  readonly effects: readonly Effect[]
}

/** Its origin gets it at once, unless the chain has already given the HTLC back to it. */
export const learnPreimage = (durable: Closing, id: HtlcId, preimage: Preimage): Learnt => {
  const record = durable.htlcs.offered.find(({ add }) => add.id === id)
  const isOver = durable.closing.settled.includes(id)
  if (record === undefined || record.preimage !== undefined || isOver) return { durable, effects: [] }
  const offered = replaceHtlc(durable.htlcs.offered, { ...record, preimage })
  const next = update(durable, { htlcs: { ...durable.htlcs, offered } })
  return { durable: next, effects: settled(next, record, { type: 'fulfilled', preimage, onChain: true }) }
}

/**
 * BOLT 5: an HTLC that we offered has failed once its timeout, or a commitment without it, is deep enough. It is fulfilled as soon as a block
 * shows its preimage, whoever heard of that block first.
 */
export const settleOutcomes = (
  durable: Closing,
  resolution: Resolution,
  commitmentIsDeep: boolean,
  isDeep: (height: number) => boolean,
): Learnt => {
  const fulfilled = learnFromOutcomes(durable, resolution)
  const failed = settleFailures(fulfilled.durable, resolution, commitmentIsDeep, isDeep)
  return { durable: failed.durable, effects: [...fulfilled.effects, ...failed.effects] }
}

const learnFromOutcomes = (durable: Closing, { outcomes }: Resolution): Learnt => {
  const effects: Effect[] = []
  let next = durable
  for (const { htlc, outcome } of outcomes) {
    if (htlc.direction !== 'offered' || outcome.type !== 'fulfilled-by-peer') continue
    const learnt = learnPreimage(next, htlc.id, outcome.preimage)
    next = learnt.durable
    effects.push(...learnt.effects)
  }
  const others = learnForTrimmed(next, outcomes)
  return { durable: others.durable, effects: [...effects, ...others.effects] }
}

/**
 * BOLT 5, local offers: an HTLC without an output whose preimage is known fulfils the incoming one. It may be known by another HTLC of the same
 * hash, and nothing of this one has come back to us. One that the peer has failed is no such HTLC.
 */
const learnForTrimmed = (durable: Closing, outcomes: Resolution['outcomes']): Learnt => {
  const { offered } = durable.htlcs
  const preimages = new Map(
    offered.flatMap(({ add, preimage }) =>
      preimage === undefined ? [] : [[toHex(add.paymentHash), preimage] as const],
    ),
  )
  const effects: Effect[] = []
  let next = durable
  if (preimages.size === 0) return { durable, effects }
  for (const { htlc, outcome } of outcomes) {
    const preimage = preimages.get(toHex(htlc.paymentHash))
    const isTrimmed = htlc.direction === 'offered' && outcome.type === 'no-output'
    if (preimage === undefined || !isTrimmed || findHtlc(offered, htlc.id)?.failure !== undefined) continue
    const learnt = learnPreimage(next, htlc.id, preimage)
    next = learnt.durable
    effects.push(...learnt.effects)
  }
  return { durable: next, effects }
}

const settleFailures = (
  durable: Closing,
  { outcomes, others }: Resolution,
  commitmentIsDeep: boolean,
  isDeep: (height: number) => boolean,
): Learnt => {
  const fates = new Map<HtlcId, boolean>()
  for (const { htlc, outcome } of outcomes) {
    if (htlc.direction !== 'offered') continue
    const failed = isFailure(outcome, isDeep)
    fates.set(htlc.id, failed && commitmentIsDeep)
  }
  const isOver = ({ add, preimage }: HtlcRecord): boolean =>
    preimage === undefined &&
    !durable.closing.settled.includes(add.id) &&
    (fates.get(add.id) ?? (others === 'no-output' && commitmentIsDeep))
  const over = durable.htlcs.offered.filter(isOver)
  if (over.length === 0) return { durable, effects: [] }
  const settledIds = [...durable.closing.settled, ...over.map(({ add }) => add.id)]
  return {
    durable: { ...durable, closing: { ...durable.closing, settled: settledIds } },
    effects: over.flatMap((record) => settled(durable, record, { type: 'timed-out-on-chain' })),
  }
}

const isFailure = (outcome: OnChainOutcome, isDeep: (height: number) => boolean): boolean => {
  switch (outcome.type) {
    case 'timed-out-by-us':
    case 'given-up':
      return isDeep(outcome.height)
    case 'no-output':
      return true
    default:
      return false
  }
}
