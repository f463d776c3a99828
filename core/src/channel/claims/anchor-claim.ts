import { BARE_INPUT_WEIGHT, feeForWeight, TX_OVERHEAD_WEIGHT, witnessWeight } from '../../bitcoin/fees.ts'
import { EMPTY } from '../../lib/bytes.ts'
import type { BlockHeight, FeeratePerKw } from '../../lib/units.ts'
import type { CommitmentParams } from '../commitment/commitment-params.ts'
import { commitmentWeight } from '../commitment/commitment-spec.ts'
import type { CommitmentTransaction } from '../commitment/commitment-transaction.ts'
import { fixedScripts } from '../commitment/scripts.ts'
import { type Claim, SIGNATURE_LENGTH, walletFee } from './claim.ts'

interface AnchorClaimInput {
  readonly params: CommitmentParams
  readonly commitment: CommitmentTransaction
  /** What the commitment transaction and the transaction that spends its anchor must pay together. */
  readonly feeratePerKw: FeeratePerKw
  readonly blockHeight: BlockHeight
}

/**
 * BOLT 5: spends our anchor so that our unconfirmed commitment transaction gets into a block. The wallet adds inputs, and must add an
 * output because there is none. `undefined` if the commitment pays the rate by itself or we have no anchor.
 */
export const anchorClaim = ({ params, commitment, feeratePerKw, blockHeight }: AnchorClaimInput): Claim | undefined => {
  const index = commitment.outputs.localAnchor
  const parentWeight = commitmentWeight(params.format, commitment.htlcTransactions.length)
  if (index === undefined || commitment.fee >= feeForWeight(feeratePerKw, parentWeight)) return undefined
  const { witnessScript } = fixedScripts(params).localAnchor
  const outpoint = { txid: commitment.txid, index }
  const weight = TX_OVERHEAD_WEIGHT + BARE_INPUT_WEIGHT + witnessWeight([SIGNATURE_LENGTH, witnessScript.length])
  return {
    kind: { type: 'anchor' },
    outpoint,
    amount: params.format.anchorAmount,
    witnessScript,
    key: { type: 'funding' },
    tx: {
      version: 2,
      // Below the final values, so that a transaction with a higher fee may replace it (BIP 125).
      inputs: [{ outpoint, sequence: 0xfffffffd, scriptSig: EMPTY, witness: [] }],
      outputs: [],
      lockTime: 0,
    },
    fee: walletFee(feeratePerKw, parentWeight + weight, commitment.fee),
    publishableFrom: blockHeight,
  }
}
