import type { ChainBackend } from '../../chain/chain-backend.ts'
import type { Feerates } from '../../channel/state/environment.ts'
import { LEAST_CLOSING_MAXIMUM, type NodeChoices } from '../settings.ts'

/** BOLT 3: below this, transactions do not travel. */
const MINIMUM_FEERATE = 253

/** What channels and the wallet pay, from the backend's estimates. */
export const nodeFeerates =
  (backend: ChainBackend, { maxCommitmentFeerate }: Pick<NodeChoices, 'maxCommitmentFeerate'>) =>
  (): Feerates => {
    const soon = backend.estimateFeerate(6) as number
    return {
      commitment: Math.min(Math.max(soon, MINIMUM_FEERATE), maxCommitmentFeerate as number),
      closing: Math.max(soon, MINIMUM_FEERATE),
      closingMaximum: Math.max(2 * soon, LEAST_CLOSING_MAXIMUM),
      minimum: MINIMUM_FEERATE,
    }
  }
