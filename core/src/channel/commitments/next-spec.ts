import type { CommitmentSpec } from '../commitment/commitment-spec.ts'
import type { Change } from '../state/changes.ts'
import type { Commitment } from '../state/commitment.ts'
import type { FundedCommon } from '../state/durable.ts'
import type { Proposals } from '../state/session.ts'
import { reduceSpec } from './reduce-spec.ts'

/** The peer's next commitment if we signed now (from the peer's view). */
export const nextRemoteSpec = (
  commitment: Commitment,
  durable: FundedCommon,
  local: readonly Change[],
): CommitmentSpec => reduceSpec((commitment.remoteNext ?? commitment.remote).spec, durable.changes.remoteAcked, local)

/** Our next commitment if the peer signed now (from our view). */
export const nextLocalSpec = (
  commitment: Commitment,
  durable: FundedCommon,
  remote: readonly Change[],
): CommitmentSpec => reduceSpec(commitment.local.spec, durable.changes.localAcked, remote)

/** Our commitment once everything that both sides have proposed so far is in it. */
export const eventualLocalSpec = (
  commitment: Commitment,
  durable: FundedCommon,
  proposed: Proposals,
): CommitmentSpec => {
  const { localAcked, localSigned } = durable.changes
  return reduceSpec(commitment.local.spec, [...localAcked, ...localSigned, ...proposed.local], proposed.remote)
}
