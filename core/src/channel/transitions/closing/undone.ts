import type { Tx } from '../../../bitcoin/transaction.ts'
import { equalBytes } from '../../../lib/bytes.ts'
import type { OutPoint, TxId } from '../../../lib/ids.ts'
import type { BlockHeight } from '../../../lib/units.ts'
import type { ConfirmedSpend } from '../../claims/on-chain-outcome.ts'
import { isSameOutPoint } from '../../commitments/commitments.ts'
import type { ClosingProgress, FundingSpend } from '../../state/closing.ts'

// What a reorganisation does to what is known of a close. Everything else follows from it: see `resolutionOf`.

/** Whether both spend the same output, so that a chain holds one of them at most. */
export const conflicts = (a: Tx, b: Tx): boolean =>
  a.inputs.some(({ outpoint }) => b.inputs.some((other) => isSameOutPoint(outpoint, other.outpoint)))

/** The close with this spend of the funding in a block: any other is in none, and neither is what followed from it. */
export const confirmedIn = (closing: ClosingProgress, spend: FundingSpend, height: BlockHeight): ClosingProgress => {
  const before = closing.spends.some(({ confirmedAt }) => confirmedAt !== undefined)
  const { spends, claims } = before ? unconfirmed(closing) : closing
  return {
    ...notDone(closing),
    spends: spends.map((each) => (equalBytes(each.txid, spend.txid) ? { ...each, confirmedAt: height } : each)),
    claims,
  }
}

/** What is undone: a transaction, or whatever has spent an output. */
export type Undone = { readonly txid: TxId } | { readonly outpoint: OutPoint }

/** The close without what is undone; the same object if it did not have it. */
export const without = (closing: ClosingProgress, undone: Undone): ClosingProgress => {
  const isUndone = ({ txid, tx }: { readonly txid: TxId; readonly tx: Tx }): boolean =>
    'txid' in undone
      ? equalBytes(txid, undone.txid)
      : tx.inputs.some(({ outpoint }) => isSameOutPoint(outpoint, undone.outpoint))
  if (closing.spends.some((spend) => spend.confirmedAt !== undefined && isUndone(spend))) {
    return { ...notDone(closing), ...unconfirmed(closing) }
  }
  const gone = closing.claims.filter(isUndone)
  if (gone.length === 0) return closing
  return { ...notDone(closing), claims: withoutDescendants(closing.claims, gone) }
}

const notDone = ({ done: _, ...closing }: ClosingProgress): ClosingProgress => closing

/** No spend of the funding is in a block, and so no claim is. */
const unconfirmed = ({ spends }: ClosingProgress): Pick<ClosingProgress, 'spends' | 'claims'> => ({
  spends: spends.map(({ confirmedAt: _, ...spend }) => spend),
  claims: [],
})

/** A transaction that spends an output of one that is gone is gone, too. */
const withoutDescendants = (
  claims: readonly ConfirmedSpend[],
  gone: readonly ConfirmedSpend[],
): readonly ConfirmedSpend[] => {
  const left = claims.filter((claim) => !gone.includes(claim))
  const children = left.filter(({ tx }) =>
    tx.inputs.some(({ outpoint }) => gone.some(({ txid }) => equalBytes(outpoint.txid, txid))),
  )
  return children.length === 0 ? left : withoutDescendants(left, children)
}
