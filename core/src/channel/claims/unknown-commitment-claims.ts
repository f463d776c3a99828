import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { BlockHeight } from '../../lib/units.ts'
import { type ClaimTerms, type ConcernedOutput, fromFates, type OutputFate, type Resolution } from './resolution.ts'
import { sweep } from './sweep.ts'

/**
 * BOLT 5, remote commitment transaction, after data loss: of a commitment that we do not know, our main output is found and taken. What else
 * is in it is unknown: HTLCs that we know of stay open. If some of them may be ours (`isLost`), the channel is not over, so that nobody forgets
 * them.
 */
export const unknownCommitmentClaims = (
  terms: ClaimTerms,
  tx: Tx,
  confirmedAt: BlockHeight,
  isLost: boolean,
): Resolution => {
  const { fates, outputs } = toRemoteFates(terms, tx, confirmedAt)
  const { claims, resolvedAt } = fromFates(confirmedAt, fates)
  const end = isLost || resolvedAt === undefined ? {} : { resolvedAt }
  return { claims, outputs, outcomes: [], others: 'pending', ...end }
}

/** Our main output in any commitment of the peer's: its key never changes (`option_static_remotekey`). */
export const toRemoteFates = (
  terms: ClaimTerms,
  tx: Tx,
  confirmedAt: BlockHeight,
): { readonly fates: readonly OutputFate[]; readonly outputs: readonly ConcernedOutput[] } => {
  const { format } = terms.params
  const lock = format.toRemoteLock(terms.params)
  const txid = txidOf(tx)
  const fates: OutputFate[] = []
  const outputs: ConcernedOutput[] = []
  for (const [index, { amount, script }] of tx.outputs.entries()) {
    if (!equalBytes(script, lock.outputScript)) continue
    const outpoint = { txid, index }
    outputs.push({ outpoint, script })
    fates.push(
      sweep(terms, {
        kind: { type: 'to-remote' },
        outpoint,
        amount,
        lock,
        path: { type: 'to-remote' },
        key: { type: 'payment' },
        since: confirmedAt,
        delay: format.leastDelay,
      }),
    )
  }
  return { fates, outputs }
}
