import { FEERATE_FLOOR } from '../../bitcoin/fees.ts'
import type { Network } from '../../bitcoin/network.ts'
import type { ChainBackend } from '../../chain/chain-backend.ts'
import type { Feerates } from '../../channel/index.ts'
import type { FeeratePerKw } from '../../lib/units.ts'
import type { NodeChoices } from '../settings.ts'
import { ESTIMATES_OLD_MS } from './chain-problems.ts'

/** In blocks: how soon a commitment is to be mined. */
const SOON = 6

/** The fee rates of channels and the wallet, from the backend's estimates. */
export const nodeFeerates =
  (
    backend: Pick<ChainBackend, 'estimateFeerate' | 'health'>,
    { maxCommitmentFeerate }: Pick<NodeChoices, 'maxCommitmentFeerate'>,
  ) =>
  (): Feerates => {
    const floor = FEERATE_FLOOR
    const soon = Math.max(backend.estimateFeerate(SOON), floor)
    const { arePresent, ageMs } = backend.health().estimates
    // A fallback or an old estimate is good enough to pay by, but not to judge a peer by.
    const isEstimate = arePresent && ageMs <= ESTIMATES_OLD_MS
    return {
      ...(isEstimate ? { estimate: soon } : {}),
      commitment: Math.min(soon, maxCommitmentFeerate),
      closing: soon,
      closingMaximum: 2 * soon,
      minimum: floor,
    }
  }

/** On regtest nothing can be learnt from blocks, and the lowest rate is as good as any. */
export const needsEstimates = ({ name }: Pick<Network, 'name'>): boolean => name !== 'regtest'

/** The rate for a block among the next so many; `undefined` where no estimate says it. */
export const estimatedFeerate =
  ({
    backend,
    network,
  }: {
    readonly backend: Pick<ChainBackend, 'estimateFeerate' | 'health'>
    readonly network: Network
  }) =>
  (targetBlocks: number): FeeratePerKw | undefined =>
    backend.health().estimates.arePresent || !needsEstimates(network)
      ? backend.estimateFeerate(targetBlocks)
      : undefined

/** What commitments that exist are brought to. What stands in for an estimate is the lowest rate there is: it is no reason to lower theirs. */
export const followedFeerate = ({
  feerates,
  ...chain
}: Parameters<typeof estimatedFeerate>[0] & { readonly feerates: () => Feerates }): (() =>
  | FeeratePerKw
  | undefined) => {
  const estimated = estimatedFeerate(chain)
  return () => (estimated(SOON) === undefined ? undefined : feerates().commitment)
}
