import type { Tx } from '../../bitcoin/transaction.ts'
import { sha256 } from '../../crypto/hashes.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { OutPoint, PaymentHash, Preimage, TxId } from '../../lib/ids.ts'
import type { BlockHeight } from '../../lib/units.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'

/** A transaction in a block that spends outputs of a channel. */
export interface ConfirmedSpend {
  readonly txid: TxId
  readonly tx: Tx
  readonly height: BlockHeight
}

/** An input of a confirmed transaction. */
export interface SpentBy {
  readonly spend: ConfirmedSpend
  readonly inputIndex: number
}

/** How an HTLC ended once a commitment transaction is on the chain. */
export type OnChainOutcome =
  | { readonly type: 'pending' }
  /** The peer took an HTLC that we offered, and revealed the preimage by it. */
  | { readonly type: 'fulfilled-by-peer'; readonly preimage: Preimage; readonly height: BlockHeight }
  /** We took it back after its expiry: the upstream HTLC fails once that is deep enough (BOLT 5). */
  | { readonly type: 'timed-out-by-us'; readonly height: BlockHeight }
  /** We took it with its preimage. */
  | { readonly type: 'fulfilled-by-us'; readonly height: BlockHeight }
  /** The peer took back the HTLC that it had offered, after its expiry. */
  | { readonly type: 'timed-out-by-peer'; readonly height: BlockHeight }
  /** It has expired and is not worth its fee; nobody has taken it. */
  | { readonly type: 'given-up'; readonly height: BlockHeight }
  /** Trimmed: it ended with the commitment transaction itself, and the miner got its amount. */
  | { readonly type: 'no-output' }

export const findSpend = (spends: readonly ConfirmedSpend[], outpoint: OutPoint): SpentBy | undefined => {
  for (const spend of spends) {
    const inputIndex = inputSpending(spend.tx, outpoint)
    if (inputIndex >= 0) return { spend, inputIndex }
  }
  return undefined
}

/** How the input that spends this HTLC's output resolved it. The HTLC is from our view. */
export const outcomeOfSpend = (htlc: SpecHtlc, { spend, inputIndex }: SpentBy): OnChainOutcome => {
  const { height, tx } = spend
  const preimage = preimageInInput(tx, inputIndex, htlc.paymentHash)
  if (htlc.direction === 'received')
    return preimage === undefined ? { type: 'timed-out-by-peer', height } : { type: 'fulfilled-by-us', height }
  // BOLT 5: if the output of an HTLC that we offered is spent with the preimage, we must extract it from the witness.
  return preimage === undefined ? { type: 'timed-out-by-us', height } : { type: 'fulfilled-by-peer', preimage, height }
}

/** The preimages that a transaction, confirmed or not, reveals by spending outputs that are, or may be, those of HTLCs that we offered. */
export const revealedPreimages = (
  outputs: readonly {
    readonly outpoint: OutPoint
    readonly htlc?: SpecHtlc
    readonly mayBe?: readonly SpecHtlc[]
  }[],
  tx: Tx,
): readonly { readonly htlc: SpecHtlc; readonly preimage: Preimage }[] =>
  outputs.flatMap(({ outpoint, htlc, mayBe = [] }) => {
    const possible = htlc === undefined ? mayBe : [htlc]
    const inputIndex = possible.length === 0 ? -1 : inputSpending(tx, outpoint)
    if (inputIndex < 0) return []
    return possible.flatMap((each) => {
      const preimage = each.direction === 'offered' ? preimageInInput(tx, inputIndex, each.paymentHash) : undefined
      return preimage === undefined ? [] : [{ htlc: each, preimage }]
    })
  })

const inputSpending = (tx: Tx, outpoint: OutPoint): number =>
  tx.inputs.findIndex(
    (input) => input.outpoint.index === outpoint.index && equalBytes(input.outpoint.txid, outpoint.txid),
  )

// The last item of a version 0 witness is the script, which is never 32 bytes long here.
const preimageInInput = (tx: Tx, inputIndex: number, paymentHash: PaymentHash): Preimage | undefined =>
  tx.inputs[inputIndex]?.witness.find((item) => item.length === 32 && equalBytes(sha256(item), paymentHash))
