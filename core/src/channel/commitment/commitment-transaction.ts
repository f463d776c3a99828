import { type Tx, txidOf } from '../../bitcoin/transaction.ts'
import { sha256 } from '../../crypto/hashes.ts'
import { compareBytes, concat, EMPTY } from '../../lib/bytes.ts'
import type { TxId } from '../../lib/ids.ts'
import { msatToSatFloor, type Sat } from '../../lib/units.ts'
import type { CommitmentKeys } from './commitment-keys.ts'
import type { CommitmentParams } from './commitment-params.ts'
import { type CommitmentSpec, htlcIsTrimmed, openerCost, type SpecHtlc } from './commitment-spec.ts'
import { type HtlcTransaction, htlcTransaction } from './htlc-transactions.ts'
import type { OutputLock } from './output-lock.ts'
import type { SigningTask } from './signing-task.ts'

export interface CommitmentTransaction {
  readonly txid: TxId
  /** Without witness. */
  readonly tx: Tx
  /** What each side signs with its funding key. */
  readonly fundingTask: SigningTask
  /** In output order, like the signatures in `commitment_signed`. */
  readonly htlcTransactions: readonly HtlcTransaction[]
  /** The indexes of the other outputs, if they exist. */
  readonly outputs: CommitmentOutputs
  /** What the miner gets: the base fee, and everything trimmed or rounded away. */
  readonly fee: Sat
}

interface CommitmentOutputs {
  readonly toLocal?: number
  readonly toRemote?: number
  readonly localAnchor?: number
  readonly remoteAnchor?: number
}

interface CommitmentInput {
  readonly params: CommitmentParams
  readonly keys: CommitmentKeys
  /** The commitment number, counting up from 0. */
  readonly index: number
  readonly spec: CommitmentSpec
}

/**
 * Builds a commitment transaction and its HTLC transactions by BOLT 3. The caller must check whether the opener can pay the fee: here a
 * shortfall only shrinks the opener's output to nothing.
 */
export const buildCommitment = ({ params, keys, index, spec }: CommitmentInput): CommitmentTransaction => {
  const planned = planOutputs(params, keys, spec)
  const { sequence, lockTime } = obscuredNumber(params, index)
  const tx: Tx = {
    version: 2,
    inputs: [{ outpoint: params.fundingOutpoint, sequence, scriptSig: EMPTY, witness: [] }],
    outputs: planned.map(({ amount, lock }) => ({ amount, script: lock.outputScript })),
    lockTime,
  }
  const txid = txidOf(tx)
  const htlcTransactions: HtlcTransaction[] = []
  const positions: { -readonly [K in keyof CommitmentOutputs]: number } = {}
  let paid = 0n
  planned.forEach((output, outputIndex) => {
    paid += output.amount
    if (output.type !== 'htlc') positions[output.type] = outputIndex
    else
      htlcTransactions.push(
        htlcTransaction(params, keys, {
          commitmentTxid: txid,
          outputIndex,
          htlc: output.htlc,
          lock: output.lock,
          feeratePerKw: spec.feeratePerKw,
        }),
      )
  })
  return {
    txid,
    tx,
    fundingTask: params.format.fundingTask(params, tx),
    htlcTransactions,
    outputs: positions,
    fee: params.fundingAmount - paid,
  }
}

type PlannedOutput =
  | { readonly type: keyof CommitmentOutputs; readonly amount: Sat; readonly lock: OutputLock }
  | { readonly type: 'htlc'; readonly amount: Sat; readonly lock: OutputLock; readonly htlc: SpecHtlc }

const planOutputs = (
  params: CommitmentParams,
  keys: CommitmentKeys,
  spec: CommitmentSpec,
): readonly PlannedOutput[] => {
  const { format, dustLimit } = params
  const locks = format.locks(params, keys)
  const planned: PlannedOutput[] = []
  for (const htlc of spec.htlcs) {
    if (htlcIsTrimmed(format, htlc, spec.feeratePerKw, dustLimit)) continue
    planned.push({ type: 'htlc', amount: msatToSatFloor(htlc.amountMsat), lock: locks.htlc(htlc), htlc })
  }
  const hasHtlcs = planned.length > 0
  // BOLT 3, fee payment: the base fee and both anchors come out of the opener's side.
  const cost = openerCost(format, spec.feeratePerKw, planned.length)
  const toLocal = msatToSatFloor(spec.toLocalMsat) - (params.localIsOpener ? cost : 0n)
  const toRemote = msatToSatFloor(spec.toRemoteMsat) - (params.localIsOpener ? 0n : cost)
  const hasLocal = toLocal >= dustLimit
  const hasRemote = toRemote >= dustLimit
  if (hasLocal) planned.push({ type: 'toLocal', amount: toLocal, lock: locks.toLocal })
  if (hasRemote) planned.push({ type: 'toRemote', amount: toRemote, lock: locks.toRemote })
  // BOLT 3, step 8: an anchor for each side that has an output or HTLCs to claim.
  if (hasLocal || hasHtlcs) planned.push({ type: 'localAnchor', amount: format.anchorAmount, lock: locks.localAnchor })
  if (hasRemote || hasHtlcs)
    planned.push({ type: 'remoteAnchor', amount: format.anchorAmount, lock: locks.remoteAnchor })
  return planned.sort(byOutputOrder)
}

// BOLT 3, transaction output ordering.
const byOutputOrder = (a: PlannedOutput, b: PlannedOutput): number => {
  if (a.amount !== b.amount) return a.amount < b.amount ? -1 : 1
  const byScript = compareBytes(a.lock.outputScript, b.lock.outputScript)
  if (byScript !== 0) return byScript
  return a.type === 'htlc' && b.type === 'htlc' ? a.htlc.cltvExpiry - b.htlc.cltvExpiry : 0
}

interface Mask {
  readonly upper: number
  readonly lower: number
}

const maskOf = new WeakMap<CommitmentParams, Mask>()

// The 48 bits that obscure the commitment number, as two halves.
const numberMask = (params: CommitmentParams): Mask => {
  const known = maskOf.get(params)
  if (known !== undefined) return known
  const { localBasepoints, remoteBasepoints } = params
  // BOLT 3, commitment transaction: the opener's payment basepoint is hashed first.
  const [opener, other] = params.localIsOpener
    ? [localBasepoints.payment, remoteBasepoints.payment]
    : [remoteBasepoints.payment, localBasepoints.payment]
  const digest = new DataView(sha256(concat(opener, other)).buffer)
  const mask = { upper: digest.getUint32(25) & 0xffffff, lower: digest.getUint32(28) & 0xffffff }
  maskOf.set(params, mask)
  return mask
}

const HALF = 0x1000000
/** BOLT 3, commitment transaction: the upper 8 bits of its input's sequence, and of its locktime. */
const COMMITMENT_SEQUENCE = 0x80
const COMMITMENT_LOCK_TIME = 0x20

const obscuredNumber = (params: CommitmentParams, index: number): { sequence: number; lockTime: number } => {
  const { upper, lower } = numberMask(params)
  return {
    sequence: COMMITMENT_SEQUENCE * HALF + (upper ^ Math.floor(index / HALF)),
    lockTime: COMMITMENT_LOCK_TIME * HALF + (lower ^ (index % HALF)),
  }
}

/** Whether a spend of the funding output has the form of a commitment transaction, whosever and whichever it is. */
export const isCommitmentLike = ({ inputs }: Tx): boolean =>
  inputs.some(({ sequence }) => sequence >>> 24 === COMMITMENT_SEQUENCE)

/** The number of a commitment of either side, read from the transaction; both sides hide theirs in the same way. */
export const numberOfCommitment = (params: CommitmentParams, { inputs, lockTime }: Tx): number | undefined => {
  const [input, ...others] = inputs
  if (input === undefined || others.length > 0 || lockTime >>> 24 !== COMMITMENT_LOCK_TIME) return undefined
  if (input.sequence >>> 24 !== COMMITMENT_SEQUENCE) return undefined
  const { upper, lower } = numberMask(params)
  return ((input.sequence & (HALF - 1)) ^ upper) * HALF + ((lockTime & (HALF - 1)) ^ lower)
}
