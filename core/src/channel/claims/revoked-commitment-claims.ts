import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { OutPoint, PrivateKey } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { CommitmentLocks } from '../commitment/commitment-format.ts'
import type { CommitmentKeys } from '../commitment/commitment-keys.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { OutputLock } from '../commitment/output-lock.ts'
import { namedOutputs } from './named-outputs.ts'
import { type ConfirmedSpend, findSpend, type OnChainOutcome, outcomeOfSpend } from './on-chain-outcome.ts'
import {
  type ClaimTerms,
  type ConcernedOutput,
  fromFates,
  type OutputFate,
  offeredFate,
  type Resolution,
} from './resolution.ts'
import { sweep } from './sweep.ts'
import { toRemoteFates } from './unknown-commitment-claims.ts'

/** A commitment of the peer's on the chain that it has revoked. */
export interface RevokedCommitmentClose extends ClaimTerms {
  readonly keys: CommitmentKeys
  /** What the peer revealed when it revoked the commitment. */
  readonly perCommitmentSecret: PrivateKey
  readonly tx: Tx
  readonly confirmedAt: BlockHeight
  /** The HTLCs of the commitment that we know, from our view: until those that have ended since are recalled, they are in it unnamed. */
  readonly htlcs: readonly SpecHtlc[]
}

/**
 * BOLT 5, revoked transaction close: everything in it is ours. The commitment is read by its scripts, because nothing else is kept of it.
 * None is held up by what the peer does with another (BOLT 5, pinning): see `groupClaims`. The output of an HTLC that
 * we do not know is left alone until the peer takes it by an HTLC transaction, whose output is then ours: such a close is never over.
 */
export const revokedCommitmentClaims = (close: RevokedCommitmentClose): Resolution => {
  const { params, keys, tx, confirmedAt } = close
  const locks = params.format.locks(params, keys)
  const txid = txidOf(tx)
  const toRemote = toRemoteFates(close, tx, confirmedAt)
  const fates: OutputFate[] = [...toRemote.fates]
  const outputs: ConcernedOutput[] = [...toRemote.outputs]
  const outcomes = new Map<SpecHtlc, OnChainOutcome>()
  const named = namedOutputs(close.htlcs, ({ direction, ...htlc }) =>
    locks.htlc({ ...htlc, direction: direction === 'offered' ? 'received' : 'offered' }),
  )
  for (const [index, { amount, script }] of tx.outputs.entries()) {
    const outpoint = { txid, index }
    if (isOneOf(script, [locks.toRemote, locks.localAnchor, locks.remoteAnchor])) continue
    if (isOneOf(script, [locks.toLocal])) {
      outputs.push({ outpoint, script })
      fates.push(penalty(close, locks.toLocal, { outpoint, amount, since: confirmedAt }))
      continue
    }
    const { htlc, lock } = named(script, amount) ?? {}
    outputs.push({ outpoint, script, ...(htlc !== undefined && { htlc }) })
    const spentBy = findSpend(close.spends, outpoint)
    if (spentBy !== undefined) {
      fates.push({ type: 'resolved', height: spentBy.spend.height })
      if (htlc !== undefined) outcomes.set(htlc, outcomeOfSpend(htlc, spentBy))
    } else if (htlc === undefined || lock === undefined) fates.push({ type: 'open' })
    else {
      const taken = htlcPenalty(close, lock, { outpoint, amount, since: confirmedAt, htlc })
      // What the peer offered is ours or nobody's: only what we offered has an outcome that someone waits for.
      const { fate, outcome } = htlc.direction === 'offered' ? offeredFate(close, htlc, taken) : { fate: taken }
      fates.push(fate)
      if (outcome !== undefined) outcomes.set(htlc, outcome)
    }
  }
  const second = secondStage(close, locks, outputs)
  fates.push(...second.fates)
  outputs.push(...second.outputs)
  return {
    ...fromFates(confirmedAt, fates),
    outputs,
    // What the peer offered is ours, whatever became of it; what we offered may have been paid.
    outcomes: close.htlcs
      .filter(({ direction }) => direction === 'offered')
      .map((htlc) => ({ htlc, outcome: outcomes.get(htlc) ?? { type: 'no-output' } })),
    others: 'no-output',
  }
}

/** BOLT 5: the outputs of the HTLC transactions by which the peer has taken outputs of the commitment. */
const secondStage = (
  close: RevokedCommitmentClose,
  { htlcTransaction }: CommitmentLocks,
  outputs: readonly ConcernedOutput[],
): { readonly fates: readonly OutputFate[]; readonly outputs: readonly ConcernedOutput[] } => {
  const spends = new Map<string, ConfirmedSpend>()
  for (const { outpoint } of outputs) {
    const spend = findSpend(close.spends, outpoint)?.spend
    if (spend !== undefined) spends.set(toHex(spend.txid), spend)
  }
  const fates: OutputFate[] = []
  const found: ConcernedOutput[] = []
  for (const { tx, txid, height } of spends.values()) {
    for (const [index, { amount, script }] of tx.outputs.entries()) {
      if (!isOneOf(script, [htlcTransaction])) continue
      const outpoint = { txid, index }
      found.push({ outpoint, script })
      fates.push(penalty(close, htlcTransaction, { outpoint, amount, since: height }))
    }
  }
  return { fates, outputs: found }
}

interface PenaltyOutput {
  readonly outpoint: OutPoint
  readonly amount: bigint
  readonly since: BlockHeight
}

/** Of `to_local`, and of the output of an HTLC transaction: until its delay is over it is ours alone. */
const penalty = (close: RevokedCommitmentClose, lock: OutputLock, output: PenaltyOutput): OutputFate =>
  sweep(close, {
    ...output,
    kind: { type: 'penalty' },
    lock,
    path: { type: 'revocation' },
    key: { type: 'revocation', perCommitmentSecret: close.perCommitmentSecret },
    delay: 0,
  })

const htlcPenalty = (
  close: RevokedCommitmentClose,
  lock: OutputLock,
  { htlc, ...output }: PenaltyOutput & { readonly htlc: SpecHtlc },
): OutputFate =>
  sweep(close, {
    ...output,
    kind: { type: 'htlc-penalty', htlc },
    lock,
    path: { type: 'htlc-revocation', revocationKey: close.keys.revocationKey },
    key: { type: 'revocation', perCommitmentSecret: close.perCommitmentSecret },
    delay: 0,
  })

const isOneOf = (script: Uint8Array, locks: readonly OutputLock[]): boolean =>
  locks.some(({ outputScript }) => equalBytes(outputScript, script))
