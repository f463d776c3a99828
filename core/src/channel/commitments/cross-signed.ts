import type { HtlcId } from '../../lib/ids.ts'
import type { CommitmentSpec, HtlcDirection } from '../commitment/commitment-spec.ts'
import { type Commitments, latest } from './commitments.ts'

// The active commitments hold the same HTLCs, so it is enough to look into one of them.

const OTHER_SIDES: Readonly<Record<HtlcDirection, HtlcDirection>> = { offered: 'received', received: 'offered' }

/** Whether our commitment holds the HTLC, which is offered or received from our view. */
export const isInLocal = (commitments: Pick<Commitments, 'active'>, direction: HtlcDirection, id: HtlcId): boolean =>
  holds(latest(commitments).local.spec, direction, id)

/** Whether the peer's commitment holds the HTLC, which is offered or received from our view. */
export const isInRemote = (commitments: Pick<Commitments, 'active'>, direction: HtlcDirection, id: HtlcId): boolean =>
  holds(latest(commitments).remote.spec, OTHER_SIDES[direction], id)

/**
 * Whether a received HTLC is in both commitments for good: both sides have revoked every commitment without it. BOLT 2, forwarding and
 * removing HTLCs: nothing is done with it before.
 */
export const isIrrevocable = (
  commitments: Pick<Commitments, 'active'>,
  { add }: { readonly add: { readonly id: HtlcId } },
): boolean => isInLocal(commitments, 'received', add.id) && isInRemote(commitments, 'received', add.id)

/** Whether any commitment that may still be published holds an HTLC. */
export const holdHtlcs = (commitments: Pick<Commitments, 'active'>): boolean => {
  const { local, remote, remoteNext } = latest(commitments)
  return local.spec.htlcs.length > 0 || remote.spec.htlcs.length > 0 || (remoteNext?.spec.htlcs.length ?? 0) > 0
}

const holds = ({ htlcs }: CommitmentSpec, direction: HtlcDirection, id: HtlcId): boolean =>
  htlcs.some((htlc) => htlc.id === id && htlc.direction === direction)
