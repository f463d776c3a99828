import { BARE_INPUT_WEIGHT, feeForWeight, outputWeight, TX_OVERHEAD_WEIGHT } from '../../bitcoin/fees.ts'
import { encodeTxWithoutWitness, SEQUENCE_FINAL, type Tx, type TxOutput, txidOf } from '../../bitcoin/transaction.ts'
import { compareBytes, EMPTY } from '../../lib/bytes.ts'
import type { TxId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import { type FeeratePerKw, type Msat, msatToSatFloor, type Sat } from '../../lib/units.ts'
import type { FundingSignature } from '../../wire/funding-signature.ts'
import type { CommitmentFormat } from './commitment-format.ts'
import type { FundingTerms } from './commitment-terms.ts'
import type { SigningTask } from './signing-task.ts'

/** Here "local" is our node. */
export interface ClosingInput {
  readonly format: CommitmentFormat
  readonly funding: FundingTerms
  readonly localScript: Uint8Array
  readonly remoteScript: Uint8Array
  readonly toLocalMsat: Msat
  readonly toRemoteMsat: Msat
  readonly localIsOpener: boolean
  readonly fee: Sat
  /** Each node drops outputs below its own `dust_limit_satoshis` from the transaction that it signs. */
  readonly localDustLimit: Sat
  readonly remoteDustLimit: Sat
}

export interface ClosingTransaction {
  readonly txid: TxId
  /** Without witness. */
  readonly tx: Tx
  readonly task: SigningTask
}

export type ClosingError =
  | { readonly code: 'closing-fee-exceeds-balance'; readonly fee: Sat; readonly available: Sat }
  | { readonly code: 'closing-without-outputs' }

/** Our legacy closing transaction (BOLT 3): the opener pays the fee, outputs below our dust limit are left out. */
export const buildClosing = (input: ClosingInput): Result<ClosingTransaction, ClosingError> => {
  const balances = closingBalances(input)
  if (!balances.ok) return balances
  return assemble(input, aboveDust(input.localDustLimit, balances.value))
}

/**
 * Finds which variant of the closing transaction the peer signed: with its dust limit, with ours, or without its own output (BOLT 2,
 * closing_signed: a signature that fits none fails the negotiation). Our output is missing only if it is dust.
 */
export const verifyClosing = (
  input: ClosingInput,
  signature: FundingSignature,
): Result<
  ClosingTransaction,
  ClosingError | { readonly code: 'invalid-closing-signature'; readonly transaction: Uint8Array }
> => {
  const balances = closingBalances(input)
  if (!balances.ok) return balances
  const theirs = aboveDust(input.remoteDustLimit, balances.value)
  const ours = aboveDust(input.localDustLimit, balances.value)
  // BOLT 3, legacy closing transaction: a node may also eliminate its own output.
  const variants = [theirs, ours, { ...theirs, remote: undefined }, { ...ours, remote: undefined }]
  for (const variant of variants) {
    const closing = assemble(input, variant)
    if (closing.ok && input.format.isFundingSignature(input.funding, closing.value.task, signature)) return closing
  }
  const expected = assemble(input, theirs)
  return expected.ok
    ? err({ code: 'invalid-closing-signature', transaction: encodeTxWithoutWitness(expected.value.tx) })
    : expected
}

/** Expected weight of a closing transaction with outputs of these scripts. */
export const closingWeight = (format: CommitmentFormat, scripts: readonly Uint8Array[]): number =>
  scripts.reduce(
    (weight, script) => weight + outputWeight(script),
    TX_OVERHEAD_WEIGHT + BARE_INPUT_WEIGHT + format.fundingWitnessWeight,
  )

/** The fee of a closing transaction that pays both scripts. */
export const closingFee = (
  format: CommitmentFormat,
  feeratePerKw: FeeratePerKw,
  localScript: Uint8Array,
  remoteScript: Uint8Array,
): Sat => feeForWeight(feeratePerKw, closingWeight(format, [localScript, remoteScript]))

interface Balances {
  readonly local: Sat
  readonly remote: Sat
}

/** An amount is `undefined` if its output is left out. */
interface Outputs {
  readonly local: Sat | undefined
  readonly remote: Sat | undefined
}

const closingBalances = (input: ClosingInput): Result<Balances, ClosingError> => {
  const local = msatToSatFloor(input.toLocalMsat)
  const remote = msatToSatFloor(input.toRemoteMsat)
  const available = input.localIsOpener ? local : remote
  if (input.fee > available) return err({ code: 'closing-fee-exceeds-balance', fee: input.fee, available })
  return ok(input.localIsOpener ? { local: local - input.fee, remote } : { local, remote: remote - input.fee })
}

const aboveDust = (dustLimit: Sat, { local, remote }: Balances): Outputs => ({
  local: local >= dustLimit ? local : undefined,
  remote: remote >= dustLimit ? remote : undefined,
})

const assemble = (input: ClosingInput, { local, remote }: Outputs): Result<ClosingTransaction, ClosingError> => {
  const outputs: TxOutput[] = []
  if (local !== undefined && local > 0n) outputs.push({ amount: local, script: input.localScript })
  if (remote !== undefined && remote > 0n) outputs.push({ amount: remote, script: input.remoteScript })
  if (outputs.length === 0) return err({ code: 'closing-without-outputs' })
  return ok(closingTransaction(input.format, input.funding, outputs, { sequence: SEQUENCE_FINAL, lockTime: 0 }))
}

/** A transaction that both sign, from the funding to these outputs. */
export const closingTransaction = (
  format: CommitmentFormat,
  funding: FundingTerms,
  outputs: readonly TxOutput[],
  { sequence, lockTime }: { readonly sequence: number; readonly lockTime: number },
): ClosingTransaction => {
  const tx: Tx = {
    version: 2,
    inputs: [{ outpoint: funding.fundingOutpoint, sequence, scriptSig: EMPTY, witness: [] }],
    outputs: outputs.toSorted(byOutputOrder),
    lockTime,
  }
  return { txid: txidOf(tx), tx, task: format.fundingTask(funding, tx) }
}

// BOLT 3, transaction output ordering.
const byOutputOrder = (a: TxOutput, b: TxOutput): number =>
  a.amount === b.amount ? compareBytes(a.script, b.script) : a.amount < b.amount ? -1 : 1
