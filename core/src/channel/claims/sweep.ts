import {
  BARE_INPUT_WEIGHT,
  dustLimit,
  FEERATE_FLOOR,
  feeForWeight,
  outputWeight,
  TX_OVERHEAD_WEIGHT,
} from '../../bitcoin/fees.ts'
import { EMPTY } from '../../lib/bytes.ts'
import type { OutPoint } from '../../lib/ids.ts'
import type { BlockDelta, BlockHeight, Sat } from '../../lib/units.ts'
import type { OutputLock, SpendPath } from '../commitment/output-lock.ts'
import type { SigningKey } from '../commitment/signing-task.ts'
import { type Claim, includedFee } from './claim.ts'
import { findSpend } from './on-chain-outcome.ts'
import type { ClaimTerms, OutputFate } from './resolution.ts'
import { sweepStakes } from './stakes.ts'

interface Sweep {
  readonly kind: Claim['kind']
  readonly outpoint: OutPoint
  readonly amount: Sat
  readonly lock: OutputLock
  readonly path: SpendPath
  readonly key: SigningKey
  /** The height of the block that holds the output. */
  readonly since: BlockHeight
  /** How many confirmations the path asks for. */
  readonly delay: BlockDelta
  /** The path's absolute timelock. */
  readonly expiry?: BlockHeight
  /** Whether the peer may take it at any time, by a secret that we have revealed. */
  readonly isRevoked?: boolean
}

/**
 * An output that one signature of ours takes to the wallet, by a transaction that pays its own fee. Whether it is worth that is judged at
 * the lowest rate that relays, so that the answer is the same in every block: as with the limit by which outputs are trimmed (BOLT 3), a
 * moment's rate ends nothing. At a rate that costs more than its budget, the claim pays its budget, and waits.
 */
export const sweep = (terms: ClaimTerms, output: Sweep): OutputFate => {
  const { kind, outpoint, amount, lock, path, key, since, delay, expiry = 0, isRevoked } = output
  const { destination, feeratePerKw } = terms
  const { format } = terms.params
  const spentBy = findSpend(terms.spends, outpoint)
  if (spentBy !== undefined) return { type: 'resolved', height: spentBy.spend.height }
  const weight =
    TX_OVERHEAD_WEIGHT + BARE_INPUT_WEIGHT + format.spendWitnessWeight(lock, path) + outputWeight(destination)
  const most = amount - dustLimit(destination)
  const least = feeForWeight(FEERATE_FLOOR, weight)
  if (most < least) return { type: 'uneconomical', height: Math.max(since, expiry) }
  const { toSelfDelay } = terms.params
  const known = sweepStakes(kind, { since, toSelfDelay }, { amount, least, most })
  const stakes = isRevoked ? { ...known, contestedFrom: 0 } : known
  const fee = includedFee(feeratePerKw, weight, stakes)
  const claim: Claim = {
    kind,
    outpoint,
    amount,
    format: format.name,
    lock,
    path,
    key,
    tx: {
      version: 2,
      inputs: [{ outpoint, sequence: delay, scriptSig: EMPTY, witness: [] }],
      outputs: [{ amount: amount - fee, script: destination }],
      lockTime: expiry,
    },
    fee: { type: 'included', fee },
    weight,
    stakes,
    // BIP 68: it can be mined at the earliest `delay` blocks after its parent, so nodes accept it when the tip is one block before that.
    // BIP 65: an absolute timelock is over once the tip is at its height.
    publishableFrom: Math.max(since + Math.max(delay, 1) - 1, expiry),
  }
  return { type: 'open', claim }
}
