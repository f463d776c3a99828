import { equalBytes } from '../../../lib/bytes.ts'
import type { TxId } from '../../../lib/ids.ts'
import type { Sat } from '../../../lib/units.ts'
import { paidBy } from '../../commitment/simple-close-transaction.ts'
import { balancesOf } from '../../commitments/balances.ts'
import type { ClosedAccount, FundingSpend } from '../../state/closing.ts'
import type { Closing, Funded } from '../../state/durable.ts'
import { completeClose } from '../common/simple-close.ts'
import { decided } from './close-resolution.ts'

/** What is known of a channel at its end, for the books. */
export const closedAccount = (durable: Closing, spend: FundingSpend): ClosedAccount => {
  const { params, shortIds, closing, closingFeeratePerKw, closingMinFeeratePerKw } = durable
  const commitment = decided(durable)
  const { fundingOutpoint, fundingAmount } = commitment.localParams
  return {
    fundingTxid: fundingOutpoint.txid,
    capacity: fundingAmount,
    ...(shortIds.real !== undefined && { shortId: shortIds.real }),
    openedAt: params.openedAt,
    localIsOpener: params.localIsOpener,
    cause: closing.cause,
    wasAsked: closingFeeratePerKw !== undefined || closingMinFeeratePerKw !== undefined,
    finalBalanceMsat: balancesOf({ active: [commitment] }).localMsat,
    closingFee: ourShare(durable, spend),
  }
}

const ourShare = (durable: Closing, { tx, txid }: FundingSpend): Sat =>
  closePayer(durable, txid) === 'local' ? paidBy(decided(durable).localParams, tx) : 0n

/** BOLT 3: the opener pays for a commitment, and for a close by `closing_signed`; for one by `closing_complete`, who proposed it. */
export const closePayer = (durable: Funded, txid: TxId): 'local' | 'remote' => {
  const simple = durable.closes?.find((close) => {
    const complete = completeClose(durable, close)
    return complete !== undefined && equalBytes(complete.txid, txid)
  })
  return simple?.closer ?? (durable.params.localIsOpener ? 'local' : 'remote')
}
