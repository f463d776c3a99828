import type { BlockHeight } from '../../../lib/units.ts'
import type { Claim } from '../../claims/claim.ts'
import type { SpecHtlc } from '../../commitment/commitment-spec.ts'
import type { Closing } from '../../state/durable.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import { findHtlc } from '../../state/htlc.ts'
import { confirmedSpend, resolutionOf } from './close-resolution.ts'

/** What is left to be done about a close that is in a block, for whoever wants to see it. */
export interface CloseOutlook {
  /** What we may take and have not taken, some of it only from a later height on. */
  readonly claims: readonly Claim[]
  /** HTLCs that only the peer can take now. */
  readonly leftToPeer: readonly SpecHtlc[]
  /** HTLCs that we offered and that have failed on the chain since this height; their origin has not been told. */
  readonly untold: readonly { readonly htlc: SpecHtlc; readonly since: BlockHeight }[]
  /** Once nothing is left to take: since when. */
  readonly resolvedAt?: BlockHeight
}

/** `undefined` as long as no block holds a spend of the funding. */
export const closeOutlook = (durable: Closing, env: ChannelEnv): CloseOutlook | undefined => {
  const resolution = resolutionOf(durable, env)
  if (resolution === undefined) return undefined
  const { claims, outcomes, others, resolvedAt } = resolution
  const { closing, htlcs } = durable
  const claimed = new Set(claims.flatMap(({ kind }) => ('htlc' in kind ? [nameOf(kind.htlc)] : [])))
  const confirmedAt = confirmedSpend(durable)?.confirmedAt ?? env.height
  const untold = (htlc: Pick<SpecHtlc, 'direction' | 'id'>): boolean =>
    htlc.direction === 'offered' &&
    !closing.settled.includes(htlc.id) &&
    findHtlc(htlcs.offered, htlc.id)?.preimage === undefined
  const shown = new Set(outcomes.map(({ htlc }) => nameOf(htlc)))
  const gone = htlcs.offered
    .map(({ add }): SpecHtlc => ({ ...add, direction: 'offered' }))
    .filter((htlc) => others === 'no-output' && !shown.has(nameOf(htlc)))
  return {
    claims,
    leftToPeer: outcomes.flatMap(({ htlc, outcome }) =>
      outcome.type === 'pending' && !claimed.has(nameOf(htlc)) ? [htlc] : [],
    ),
    untold: [
      ...outcomes.flatMap(({ htlc, outcome }) => {
        if (outcome.type === 'no-output') return [{ htlc, since: confirmedAt }]
        return outcome.type === 'timed-out-by-us' || outcome.type === 'given-up'
          ? [{ htlc, since: Math.max(confirmedAt, outcome.height) }]
          : []
      }),
      ...gone.map((htlc) => ({ htlc, since: confirmedAt })),
    ].filter(({ htlc }) => untold(htlc)),
    ...(resolvedAt !== undefined && { resolvedAt }),
  }
}

const nameOf = ({ direction, id }: Pick<SpecHtlc, 'direction' | 'id'>): string => `${direction} ${id}`
