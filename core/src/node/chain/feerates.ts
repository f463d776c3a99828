import { FEERATE_FLOOR } from '../../bitcoin/fees.ts'
import type { ChainBackend } from '../../chain/chain-backend.ts'
import type { Feerates } from '../../channel/state/environment.ts'
import { LEAST_CLOSING_MAXIMUM, type NodeChoices } from '../settings.ts'

/** What channels and the wallet pay, from the backend's estimates. */
export const nodeFeerates =
  (
    backend: Pick<ChainBackend, 'estimateFeerate'>,
    { maxCommitmentFeerate }: Pick<NodeChoices, 'maxCommitmentFeerate'>,
  ) =>
  (): Feerates => {
    const floor = FEERATE_FLOOR as number
    // A backend that has no estimate says the lowest rate that travels.
    const soon = Math.max(backend.estimateFeerate(6) as number, floor)
    return {
      ...(soon > floor ? { estimate: soon } : {}),
      commitment: Math.min(soon, maxCommitmentFeerate as number),
      closing: soon,
      closingMaximum: Math.max(2 * soon, LEAST_CLOSING_MAXIMUM),
      minimum: floor,
    }
  }
