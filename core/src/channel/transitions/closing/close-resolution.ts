import type { Tx } from '../../../bitcoin/transaction.ts'
import { secp256k1 } from '../../../crypto/secp256k1.ts'
import { FIRST_SECRET_INDEX, findSecret } from '../../../crypto/shachain.ts'
import { assertNever, invariant } from '../../../lib/errors.ts'
import { isForgottenLocal } from '../../claims/classify-spend.ts'
import { localCommitmentClaims } from '../../claims/local-commitment-claims.ts'
import { remoteCommitmentClaims } from '../../claims/remote-commitment-claims.ts'
import type { ClaimTerms, CommitmentClose, Resolution } from '../../claims/resolution.ts'
import { revokedCommitmentClaims } from '../../claims/revoked-commitment-claims.ts'
import { revokedLocalClaims } from '../../claims/revoked-local-claims.ts'
import { unknownCommitmentClaims } from '../../claims/unknown-commitment-claims.ts'
import type { CommitmentParams } from '../../commitment/commitment-params.ts'
import type { SpecHtlc } from '../../commitment/commitment-spec.ts'
import { numberOfCommitment } from '../../commitment/commitment-transaction.ts'
import { buildLocal, buildRemote, keysOf } from '../../commitments/build-commitment.ts'
import { commitmentSpentBy, latest } from '../../commitments/commitments.ts'
import { unclaimableMsat } from '../../commitments/unclaimable.ts'
import type { FundingSpend } from '../../state/closing.ts'
import type { Commitment } from '../../state/commitment.ts'
import type { Closing } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import { findHtlc, isInRemoteOf } from '../../state/htlc.ts'

/** The spend of the funding output that is in a block. */
export const confirmedSpend = (durable: Closing): FundingSpend | undefined =>
  durable.closing.spends.find(({ confirmedAt }) => confirmedAt !== undefined)

/** The commitment whose funding is spent in a block; until there is one, the latest. */
export const decided = (durable: Closing): Commitment => {
  const spend = confirmedSpend(durable)
  return spend === undefined ? latest(durable) : commitmentSpentBy(durable, spend.tx)
}

/** What is left to do after the spend of the funding output that is in a block; `undefined` as long as none is. */
export const resolutionOf = (durable: Closing, env: ChannelEnv): Resolution | undefined => {
  const spend = confirmedSpend(durable)
  if (spend?.confirmedAt === undefined) return undefined
  const { kind, confirmedAt, tx } = spend
  switch (kind) {
    case 'mutual':
      // BOLT 5, mutual close: it pays us as it was agreed; nothing is left to do. HTLCs that we hold with it ended before it, in a state that
      // we have forgotten (a database that was put back), or it was signed with a stolen key. How they ended is known to nobody here, so no
      // origin is told: what was relayed is given back before it would cost its channel (ADR 32).
      return { ...NOTHING, resolvedAt: confirmedAt }
    case 'local':
      return localResolution(durable, confirmedAt, env)
    case 'remote':
    case 'remote-next':
      return remoteResolution(durable, kind, confirmedAt, env)
    case 'revoked':
      return revokedResolution(durable, tx, confirmedAt, env)
    case 'revoked-local':
      return revokedLocalResolution(durable, tx, confirmedAt, env)
    case 'unknown':
      return unknownResolution(durable, tx, confirmedAt, env)
    default:
      return assertNever(kind, 'kind of a close')
  }
}

const NOTHING: Resolution = { claims: [], outcomes: [], others: 'pending', outputs: [] }

type Built = Pick<CommitmentClose, 'keys' | 'commitment'>

// It is asked for with every block until the channel has ended, and never changes any more.
const built = new WeakMap<Commitment['local'] | Commitment['remote'], Built>()

const builtOnce = (side: Commitment['local'] | Commitment['remote'], build: () => Built): Built => {
  const known = built.get(side) ?? build()
  built.set(side, known)
  return known
}

const localResolution = (durable: Closing, confirmedAt: number, env: ChannelEnv): Resolution => {
  const { localParams, local } = decided(durable)
  return localCommitmentClaims({
    ...claimTerms(localParams, durable, env),
    ...builtOnce(local, () => {
      const { keys, transaction } = buildLocal(localParams, local.index, local.spec, env)
      return { keys, commitment: transaction }
    }),
    htlcs: local.spec.htlcs,
    remoteHtlcSignatures: local.htlcSignatures,
    confirmedAt,
    preimageOf: preimageIn(durable),
  })
}

const remoteResolution = (
  durable: Closing,
  kind: 'remote' | 'remote-next',
  confirmedAt: number,
  env: ChannelEnv,
): Resolution => {
  const { remoteParams, remote, remoteNext } = decided(durable)
  const published = kind === 'remote' ? remote : remoteNext
  invariant(published !== undefined, 'the peer published a commitment that we have signed')
  const { index, spec, point } = published
  return remoteCommitmentClaims({
    ...claimTerms(remoteParams, durable, env),
    ...builtOnce(published, () => ({
      keys: keysOf(remoteParams, point),
      commitment: buildRemote(remoteParams, index, spec, point),
    })),
    htlcs: spec.htlcs,
    confirmedAt,
    preimageOf: preimageIn(durable),
  })
}

/** Of a revoked commitment everything is ours: what is kept of its HTLCs that have ended since is asked for. */
export const recallFor = (durable: Closing, { kind, tx }: FundingSpend): readonly Effect[] => {
  if (kind !== 'revoked') return []
  const remoteIndex = numberOfCommitment(commitmentSpentBy(durable, tx).remoteParams, tx)
  return remoteIndex === undefined ? [] : [{ type: 'recall-htlcs', remoteIndex }]
}

const revokedResolution = (durable: Closing, tx: Tx, confirmedAt: number, env: ChannelEnv): Resolution => {
  const { remoteParams } = decided(durable)
  const terms = claimTerms(remoteParams, durable, env)
  const number = numberOfCommitment(remoteParams, tx)
  // BOLT 3, per-commitment secret requirements: indexes count down from the first.
  const secret = number === undefined ? undefined : findSecret(durable.remoteSecrets, FIRST_SECRET_INDEX - number)
  if (number === undefined || secret === undefined) {
    return unknownCommitmentClaims(terms, { tx, confirmedAt, isLost: true, offered: unpaid(durable) })
  }
  const { offered, received } = durable.htlcs
  return revokedCommitmentClaims({
    ...terms,
    keys: keysOf(remoteParams, secp256k1.publicKey(secret)),
    perCommitmentSecret: secret,
    tx,
    confirmedAt,
    htlcs: [
      ...[...offered, ...received]
        .filter((record) => isInRemoteOf(record, number))
        .map(({ direction, add }) => ({ ...add, direction })),
      ...(env.recalled?.get(number) ?? []),
    ],
  })
}

const unpaid = ({ htlcs }: Closing): readonly SpecHtlc[] =>
  htlcs.offered.flatMap(({ direction, add, preimage }) => (preimage === undefined ? [{ ...add, direction }] : []))

/** Only our main output is claimed. The channel keeps all that it knows, and the operator is told (`reportSpend`). */
const unknownResolution = (durable: Closing, tx: Tx, confirmedAt: number, env: ChannelEnv): Resolution => {
  const commitment = decided(durable)
  const isLost = unclaimableMsat(durable) > 0n
  if (!isForgottenLocal(commitment, tx, env.commitmentPoint)) {
    const terms = claimTerms(commitment.remoteParams, durable, env)
    return unknownCommitmentClaims(terms, { tx, confirmedAt, isLost, offered: unpaid(durable) })
  }
  // It pays us as one that we have revoked would, and is none: what is not in it may have ended either way since.
  const { resolvedAt, outcomes, ...found } = revokedLocalResolution(durable, tx, confirmedAt, env)
  const end = isLost || resolvedAt === undefined ? {} : { resolvedAt }
  return {
    ...found,
    ...end,
    outcomes: outcomes.filter(({ outcome }) => outcome.type !== 'no-output'),
    others: 'pending',
  }
}

const revokedLocalResolution = (durable: Closing, tx: Tx, confirmedAt: number, env: ChannelEnv): Resolution => {
  const { localParams } = decided(durable)
  const number = numberOfCommitment(localParams, tx)
  invariant(number !== undefined, 'a commitment is ours by its number and its scripts')
  const { offered, received } = durable.htlcs
  return revokedLocalClaims({
    ...claimTerms(localParams, durable, env),
    keys: keysOf(localParams, env.commitmentPoint(number)),
    tx,
    confirmedAt,
    htlcs: [...offered, ...received].map(({ direction, add }) => ({ ...add, direction })),
  })
}

/** BOLT 5, remote offers: only what we have decided to fulfil is ours, HTLC by HTLC, even if others have the same hash. */
const preimageIn =
  ({ htlcs }: Closing): CommitmentClose['preimageOf'] =>
  ({ id }) =>
    findHtlc(htlcs.received, id)?.preimage

const claimTerms = (params: CommitmentParams, durable: Closing, { height, feerates }: ChannelEnv): ClaimTerms => ({
  params,
  blockHeight: height,
  spends: durable.closing.claims,
  destination: durable.params.localShutdownScript,
  feeratePerKw: feerates.closing,
})
