import type { BlockDelta, BlockHeight, Sat } from '../../lib/units.ts'
import type { SpecHtlc } from '../commitment/commitment-spec.ts'
import type { ClaimKind } from './claim-kind.ts'

/** Until when a claim must be in a block, and the most that may be paid for that. */
export interface Stakes {
  /** The last height at which it is surely ours; absent if nobody else can ever take it. */
  readonly deadline?: BlockHeight
  /** The tip from which others may take it too; absent if nobody else ever can. */
  readonly contestedFrom?: BlockHeight
  /** The most that its transactions may pay, of whosever money. Never more than what is lost without them. */
  readonly budget: Sat
}

/**
 * BOLT 2, cltv_expiry_delta selection: an HTLC that we offered for somebody else must have failed on the chain, and be deep there, well
 * before the HTLC upstream expires. Relays of ours have 80 blocks for all of that; half are left for what cannot be foreseen.
 */
const TIMEOUT_ROOM: BlockDelta = 40
/** BOLT 2: S, the time in which a transaction with a proper fee gets into a block. An HTLC transaction comes after its commitment. */
const SECOND_STAGE: BlockDelta = 6

/** Of what nobody else can take, at most half is paid for having it now rather than later. */
const PATIENT_SHARE = 2n
/**
 * An HTLC in our own commitment is claimed by two transactions, the commitment and its own: each may cost half of it, so that both together
 * never cost more than what they save.
 */
const STAGES = 2n
/** For a balance that is only locked up, not at risk: a twentieth of it, and no more than this. */
const LOCKED_SHARE = 20n
const MOST_FOR_LOCKED: Sat = 10_000n

/** The stakes of an output that its own transaction pays for; `most` leaves the least output that relays, `least` is the lowest fee that does. */
export const sweepStakes = (
  kind: ClaimKind,
  { since, toSelfDelay }: { readonly since: BlockHeight; readonly toSelfDelay: BlockDelta },
  { amount, least, most }: { readonly amount: Sat; readonly least: Sat; readonly most: Sat },
): Stakes => {
  const deadline = deadlineOf(kind, since, toSelfDelay)
  if (deadline !== undefined) return { deadline, contestedFrom: contestedFrom(kind, deadline), budget: most }
  const patient = amount / PATIENT_SHARE
  return { budget: patient < least ? least : patient < most ? patient : most }
}

/** The stakes of an HTLC transaction, which the wallet pays for. */
export const htlcStakes = (kind: ClaimKind, amount: Sat): Stakes => {
  const deadline = deadlineOf(kind, 0, 0)
  return {
    ...(deadline !== undefined && { deadline, contestedFrom: contestedFrom(kind, deadline) }),
    budget: amount / STAGES,
  }
}

/** The stakes of getting our commitment into a block: its HTLCs, each with time left for its own transaction, or else the locked balance. */
export const commitmentStakes = (
  htlcs: readonly { readonly htlc: SpecHtlc; readonly amount: Sat; readonly isClaimable: boolean }[],
  balance: Sat,
): Stakes => {
  let deadline: BlockHeight | undefined
  let atRisk = 0n
  for (const { htlc, amount, isClaimable } of htlcs) {
    if (!isClaimable) continue
    const last = htlcDeadline(htlc) - SECOND_STAGE
    deadline = deadline === undefined || last < deadline ? last : deadline
    atRisk += amount
  }
  const share = balance / LOCKED_SHARE
  const locked = share < MOST_FOR_LOCKED ? share : MOST_FOR_LOCKED
  const saved = atRisk / STAGES
  // The peer may publish its own commitment at any time.
  return { ...(deadline !== undefined && { deadline }), contestedFrom: 0, budget: saved > locked ? saved : locked }
}

const htlcDeadline = ({ direction, cltvExpiry }: SpecHtlc): BlockHeight =>
  direction === 'received' ? cltvExpiry : cltvExpiry + TIMEOUT_ROOM

/**
 * BOLT 3, HTLC outputs: an HTLC that we offered is the peer's for its preimage at any time, one that it offered only once it has expired.
 * That holds for its own HTLC transactions in a commitment that it has revoked. What else has a deadline is the peer's from then on.
 */
const contestedFrom = (kind: ClaimKind, deadline: BlockHeight): BlockHeight => {
  switch (kind.type) {
    case 'htlc-timeout':
    case 'offered-htlc':
      return 0
    case 'htlc-penalty':
      return kind.htlc.direction === 'offered' ? 0 : Math.min(kind.htlc.cltvExpiry, deadline)
    default:
      return deadline
  }
}

const deadlineOf = (kind: ClaimKind, since: BlockHeight, toSelfDelay: BlockDelta): BlockHeight | undefined => {
  switch (kind.type) {
    // BOLT 5, revoked transaction close: what the peer has not lost to us after its delay, it takes. That holds for its HTLC transactions too,
    // so whatever it does with an HTLC, we have this time.
    case 'penalty':
    case 'htlc-penalty':
      // BIP 68: the block at that distance may be the peer's.
      return since + toSelfDelay - 1
    // BOLT 5, remote offers: once it has expired the peer may take it back.
    case 'htlc-success':
    case 'received-htlc':
    // BOLT 5, local offers: the peer may still show the preimage, and whoever gave us the HTLC waits.
    case 'htlc-timeout':
    case 'offered-htlc':
      return htlcDeadline(kind.htlc)
    case 'to-local':
    case 'to-remote':
    case 'htlc-output':
    case 'anchor':
      return undefined
  }
}
