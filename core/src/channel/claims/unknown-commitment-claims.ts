import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import { type ClaimTerms, type ConcernedOutput, fromFates, type OutputFate, type Resolution } from './resolution.ts'
import { sweep } from './sweep.ts'

export interface UnknownClose {
  readonly tx: Tx
  readonly confirmedAt: BlockHeight
  /** Whether HTLCs that we know may be in it, and ours. */
  readonly isLost: boolean
  /** The HTLCs that we offered and whose preimage we do not have. */
  readonly offered: readonly SpecHtlc[]
}

/**
 * BOLT 5, remote commitment transaction, after data loss: of a commitment that we do not know, our main output is found and taken. What else
 * is in it is unknown: HTLCs that we know of stay open. If some of them may be ours (`isLost`), the channel is not over, so that nobody forgets
 * them. Any other output may be that of an HTLC that we offered: whoever takes it with the preimage shows it to us, and upstream pays.
 */
export const unknownCommitmentClaims = (
  terms: ClaimTerms,
  { tx, confirmedAt, isLost, offered }: UnknownClose,
): Resolution => {
  const { fates, outputs } = toRemoteFates(terms, tx, confirmedAt)
  const { claims, resolvedAt } = fromFates(confirmedAt, fates)
  const end = isLost || resolvedAt === undefined ? {} : { resolvedAt }
  return {
    claims,
    outputs: [...outputs, ...untoldOutputs(terms, tx, outputs, offered)],
    outcomes: [],
    others: 'pending',
    ...end,
  }
}

const untoldOutputs = (
  { params }: ClaimTerms,
  tx: Tx,
  told: readonly ConcernedOutput[],
  offered: readonly SpecHtlc[],
): readonly ConcernedOutput[] => {
  if (offered.length === 0) return []
  const txid = txidOf(tx)
  const known = new Set(told.map(({ outpoint }) => outpoint.index))
  return tx.outputs.flatMap(({ amount, script }, index) =>
    // BOLT 3: the output of an HTLC is above the dust limit, and so never of an anchor's amount.
    known.has(index) || amount === params.format.anchorAmount
      ? []
      : [{ outpoint: { txid, index }, script, mayBe: offered }],
  )
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
