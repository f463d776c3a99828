import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { OutPoint } from '../../lib/ids.ts'
import type { BlockHeight, Sat } from '../../lib/units.ts'
import type { CommitmentKeys } from '../commitment/commitment-keys.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { OutputLock } from '../commitment/output-lock.ts'
import type { Claim } from './claim.ts'
import { namedOutputs } from './named-outputs.ts'
import { findSpend, type OnChainOutcome, outcomeOfSpend } from './on-chain-outcome.ts'
import { type ClaimTerms, type ConcernedOutput, fromFates, type OutputFate, type Resolution } from './resolution.ts'
import { sweep } from './sweep.ts'

/** A commitment of ours on the chain that we have revoked: a copy of this node, started from old data, has published it. */
export interface RevokedLocalClose extends ClaimTerms {
  readonly keys: CommitmentKeys
  readonly tx: Tx
  readonly confirmedAt: BlockHeight
  /** Every HTLC that may be in it and has not ended since, from our view. */
  readonly htlcs: readonly SpecHtlc[]
}

interface DelayedOutput {
  readonly outpoint: OutPoint
  readonly amount: Sat
  readonly since: BlockHeight
}

/**
 * The peer may take all of it (BOLT 5, revoked transaction close, seen from the other side). What it leaves of `to_local` is ours after the
 * delay, and so is what it leaves of the HTLC transactions by which the copy has taken outputs of HTLCs. We cannot take those ourselves: it
 * needs signatures of the peer's that ended with the commitment. They are watched, also for preimages, and an HTLC that we offered is open
 * until somebody has taken its output.
 */
export const revokedLocalClaims = (close: RevokedLocalClose): Resolution => {
  const { params, keys, tx, spends, confirmedAt } = close
  const locks = params.format.locks(params, keys)
  const path = { type: 'delayed' } as const
  const delayed = (kind: Claim['kind'], lock: OutputLock, output: DelayedOutput): OutputFate => {
    const key = params.format.spendKey(path, keys.perCommitmentPoint)
    return sweep(close, { ...output, kind, lock, path, key, delay: params.toSelfDelay, isRevoked: true })
  }
  const fates: OutputFate[] = []
  const outputs: ConcernedOutput[] = []
  const outcomes = new Map<SpecHtlc, OnChainOutcome>()
  const named = namedOutputs(close.htlcs, locks.htlc)
  for (const [index, { amount, script }] of tx.outputs.entries()) {
    const pays = ({ outputScript }: OutputLock): boolean => equalBytes(outputScript, script)
    const outpoint = { txid: txidOf(tx), index }
    if (pays(locks.toLocal)) {
      outputs.push({ outpoint, script })
      fates.push(delayed({ type: 'to-local' }, locks.toLocal, { outpoint, amount, since: confirmedAt }))
      continue
    }
    if (pays(locks.toRemote) || pays(locks.localAnchor) || pays(locks.remoteAnchor)) continue
    const htlc = named(script, amount)?.htlc
    const spentBy = findSpend(spends, outpoint)
    if (htlc === undefined) outputs.push({ outpoint, script })
    else {
      outputs.push({ outpoint, script, htlc })
      outcomes.set(htlc, spentBy === undefined ? { type: 'pending' } : outcomeOfSpend(htlc, spentBy))
    }
    if (spentBy === undefined) {
      // Who wants the output of an HTLC that we do not know, or that the peer offered, is none of our concern.
      if (htlc?.direction === 'offered') fates.push({ type: 'open' })
      continue
    }
    // The peer's SINGLE signature ties an HTLC input to the output at the same index.
    const { spend, inputIndex } = spentBy
    const second = spend.tx.outputs[inputIndex]
    if (second === undefined || !equalBytes(second.script, locks.htlcTransaction.outputScript)) {
      fates.push({ type: 'resolved', height: spend.height })
      continue
    }
    const taken = { outpoint: { txid: spend.txid, index: inputIndex }, amount: second.amount, since: spend.height }
    outputs.push({ outpoint: taken.outpoint, script: second.script })
    const kind: Claim['kind'] = htlc === undefined ? { type: 'to-local' } : { type: 'htlc-output', htlc }
    fates.push(delayed(kind, locks.htlcTransaction, taken))
  }
  return {
    ...fromFates(confirmedAt, fates),
    outputs,
    outcomes: close.htlcs.map((htlc) => ({ htlc, outcome: outcomes.get(htlc) ?? { type: 'no-output' } })),
    others: 'no-output',
  }
}
