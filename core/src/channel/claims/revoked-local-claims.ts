import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { equalBytes } from '../../lib/bytes.ts'
import { type BlockHeight, msatToSatFloor } from '../../lib/units.ts'
import type { CommitmentKeys } from '../commitment/commitment-keys.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { OutputLock } from '../commitment/output-lock.ts'
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

/**
 * The peer may take all of it (BOLT 5, revoked transaction close, seen from the other side). What it leaves of `to_local` is ours after the
 * delay. The outputs of HTLCs need signatures of the peer's that ended with the commitment: they are watched for preimages, and an HTLC that
 * we offered is open until somebody has taken its output.
 */
export const revokedLocalClaims = (close: RevokedLocalClose): Resolution => {
  const { params, keys, tx, spends, confirmedAt } = close
  const locks = params.format.locks(params, keys)
  const path = { type: 'delayed' } as const
  const fates: OutputFate[] = []
  const outputs: ConcernedOutput[] = []
  const outcomes = new Map<SpecHtlc, OnChainOutcome>()
  const named = new Set(close.htlcs)
  for (const [index, { amount, script }] of tx.outputs.entries()) {
    const pays = ({ outputScript }: OutputLock): boolean => equalBytes(outputScript, script)
    const outpoint = { txid: txidOf(tx), index }
    if (pays(locks.toLocal)) {
      outputs.push({ outpoint, script })
      const key = params.format.spendKey(path, keys.perCommitmentPoint)
      const { toLocal: lock } = locks
      const output = { outpoint, amount, lock, path, key, since: confirmedAt, delay: params.toSelfDelay }
      fates.push(sweep(close, { ...output, kind: { type: 'to-local' } }))
      continue
    }
    const htlc = [...named].find((each) => msatToSatFloor(each.amountMsat) === amount && pays(locks.htlc(each)))
    if (htlc === undefined) continue
    named.delete(htlc)
    outputs.push({ outpoint, script, htlc })
    const spentBy = findSpend(spends, outpoint)
    outcomes.set(htlc, spentBy === undefined ? { type: 'pending' } : outcomeOfSpend(htlc, spentBy))
    if (spentBy !== undefined) fates.push({ type: 'resolved', height: spentBy.spend.height })
    else if (htlc.direction === 'offered') fates.push({ type: 'open' })
  }
  return {
    ...fromFates(confirmedAt, fates),
    outputs,
    outcomes: close.htlcs.map((htlc) => ({ htlc, outcome: outcomes.get(htlc) ?? { type: 'no-output' } })),
    others: 'no-output',
  }
}
