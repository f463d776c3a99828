import { dustLimit } from '../../bitcoin/fees.ts'
import { SEQUENCE_REPLACEABLE, type TxOutput } from '../../bitcoin/transaction.ts'
import { type Msat, msatToSatFloor, type Sat } from '../../lib/units.ts'
import type { ClosingSignatures } from '../../wire/messages/channel-close.ts'
import { type ClosingTransaction, closingTransaction } from './closing-transaction.ts'
import type { CommitmentFormat } from './commitment-format.ts'
import type { FundingTerms } from './commitment-terms.ts'
import { isOpReturn } from './shutdown-script.ts'

/** Which outputs a closing transaction has, by the name of the record that holds its signature. */
export type CloseVariant = keyof ClosingSignatures

export const CLOSE_VARIANTS = [
  'closerOutputOnly',
  'closeeOutputOnly',
  'closerAndCloseeOutputs',
] as const satisfies readonly CloseVariant[]

interface CloseParty {
  readonly script: Uint8Array
  readonly balanceMsat: Msat
}

/** A closing transaction of `option_simple_close`. The closer pays its fee, which is at most the closer's balance. */
export interface SimpleClose {
  readonly format: CommitmentFormat
  readonly funding: FundingTerms
  readonly closer: CloseParty
  readonly closee: CloseParty
  readonly fee: Sat
  readonly locktime: number
}

/** BOLT 3, closing transaction, with the outputs of one variant. */
export const buildSimpleClose = (close: SimpleClose, variant: CloseVariant): ClosingTransaction => {
  const { format, funding, locktime } = close
  const { closer, closee } = outputsOf(close)
  const outputs = {
    closerOutputOnly: [closer],
    closeeOutputOnly: [closee],
    closerAndCloseeOutputs: [closer, closee],
  }[variant]
  return closingTransaction(format, funding, outputs, { sequence: SEQUENCE_REPLACEABLE, lockTime: locktime })
}

/**
 * BOLT 2, closing_complete, as its sender: the variants to sign. Empty if no transaction would be relayed: an output that would have to stay
 * is dust. No output of ours counts as uneconomical that is not dust.
 */
export const offeredVariants = (close: SimpleClose): readonly CloseVariant[] => {
  const { closer, closee } = outputsOf(close)
  if (hasLess(close)) {
    // Who has less may leave its own output out, and must if that is dust. The other's stays.
    if (isDust(closee)) return []
    return isDust(closer) ? ['closeeOutputOnly'] : ['closerAndCloseeOutputs']
  }
  // Who has as much or more cannot leave its own output out.
  if (isDust(closer)) return []
  return isDust(closee) ? ['closerOutputOnly'] : ['closerOutputOnly', 'closerAndCloseeOutputs']
}

/** BOLT 2, closing_complete, as its receiver: the variant to sign, of those that the closer has signed. */
export const chosenVariant = (close: SimpleClose, { closerAndCloseeOutputs }: ClosingSignatures): CloseVariant => {
  // Our output is left out if it is dust; nothing else of ours counts as uneconomical.
  if (isDust(outputsOf(close).closee)) return 'closerOutputOnly'
  return closerAndCloseeOutputs === undefined ? 'closeeOutputOnly' : 'closerAndCloseeOutputs'
}

/** BOLT 2: whether the closer is the one with the lesser balance, in millisatoshis. */
export const hasLess = ({ closer, closee }: Pick<SimpleClose, 'closer' | 'closee'>): boolean =>
  closer.balanceMsat < closee.balanceMsat

/** What the transaction pays: what is left out goes to the miner, too. */
export const paidBy = ({ fundingAmount }: FundingTerms, { outputs }: { readonly outputs: readonly TxOutput[] }): Sat =>
  outputs.reduce((left, { amount }) => left - amount, fundingAmount)

const outputsOf = ({ closer, closee, fee }: SimpleClose): { readonly closer: TxOutput; readonly closee: TxOutput } => ({
  closer: output(closer, fee),
  closee: output(closee, 0n),
})

// BOLT 3: amounts are rounded down, the closer's is less the fee, and an OP_RETURN has none.
const output = ({ script, balanceMsat }: CloseParty, fee: Sat): TxOutput => ({
  amount: isOpReturn(script) ? 0n : msatToSatFloor(balanceMsat) - fee,
  script,
})

// BOLT 2: by the thresholds of BOLT 3, dust limits. They count an OP_RETURN as no dust.
const isDust = ({ amount, script }: TxOutput): boolean => amount < dustLimit(script)
