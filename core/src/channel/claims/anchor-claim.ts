import { BARE_INPUT_WEIGHT, TX_OVERHEAD_WEIGHT } from '../../bitcoin/fees.ts'
import { EMPTY } from '../../lib/bytes.ts'
import type { BlockHeight, FeeratePerKw } from '../../lib/units.ts'
import type { CommitmentKeys } from '../commitment/commitment-keys.ts'
import type { CommitmentParams } from '../commitment/commitment-params.ts'
import { commitmentWeight } from '../commitment/commitment-spec.ts'
import type { CommitmentTransaction } from '../commitment/commitment-transaction.ts'
import { type Claim, walletFee } from './claim.ts'
import type { CommitmentClose } from './resolution.ts'
import { commitmentStakes } from './stakes.ts'

interface AnchorClaimInput {
  readonly params: CommitmentParams
  readonly keys: CommitmentKeys
  readonly commitment: CommitmentTransaction
  /** What the commitment transaction and the transaction that spends its anchor must pay together. */
  readonly feeratePerKw: FeeratePerKw
  readonly blockHeight: BlockHeight
  /** What we fulfil received HTLCs with: the others are not ours to lose. */
  readonly preimageOf: CommitmentClose['preimageOf']
}

/**
 * BOLT 5: spends our anchor so that our unconfirmed commitment transaction gets into a block. The wallet adds inputs, and must add an
 * output because there is none. Whether it is needed depends on the rates of the time: `parent` says what the commitment pays by itself.
 * `undefined` if we have no anchor.
 */
export const anchorClaim = ({
  params,
  keys,
  commitment,
  feeratePerKw,
  blockHeight,
  preimageOf,
}: AnchorClaimInput): Claim | undefined => {
  const { format } = params
  const index = commitment.outputs.localAnchor
  if (index === undefined) return undefined
  const parent = { weight: commitmentWeight(format, commitment.htlcTransactions.length), fee: commitment.fee }
  const lock = format.locks(params, keys).localAnchor
  const path = { type: 'anchor' } as const
  const outpoint = { txid: commitment.txid, index }
  const htlcs = commitment.htlcTransactions.map(({ htlc, amount }) => ({
    htlc,
    amount,
    isClaimable: htlc.direction === 'offered' || preimageOf(htlc) !== undefined,
  }))
  const { toLocal } = commitment.outputs
  const balance = toLocal === undefined ? 0n : (commitment.tx.outputs[toLocal]?.amount ?? 0n)
  const weight = TX_OVERHEAD_WEIGHT + BARE_INPUT_WEIGHT + format.spendWitnessWeight(lock, path)
  return {
    kind: { type: 'anchor' },
    outpoint,
    amount: format.anchorAmount,
    format: format.name,
    lock,
    path,
    key: format.spendKey(path, keys.perCommitmentPoint),
    tx: {
      version: 2,
      // Below the final values, so that a transaction with a higher fee may replace it (BIP 125).
      inputs: [{ outpoint, sequence: 0xfffffffd, scriptSig: EMPTY, witness: [] }],
      outputs: [],
      lockTime: 0,
    },
    fee: walletFee(feeratePerKw, parent.weight + weight, parent.fee),
    weight,
    parent,
    stakes: commitmentStakes(htlcs, balance),
    publishableFrom: blockHeight,
  }
}
