import type { PublicKey, TxId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { CommitmentSigned } from '../../wire/messages/channel-operation.ts'
import type { CommitmentTransaction } from '../commitment/commitment-transaction.ts'
import { verifyCommitmentSignatures } from '../commitment/verify-commitment.ts'
import type { Proposal } from '../state/changes.ts'
import type { Commitment } from '../state/commitment.ts'
import type { FundedCommon } from '../state/durable.ts'
import type { ChannelEnv } from '../state/environment.ts'
import type { ProtocolError } from '../state/errors.ts'
import { buildLocal, buildRemote } from './build-commitment.ts'
import { nextLocalSpec } from './next-spec.ts'
import { reduceSpec } from './reduce-spec.ts'

/** A commitment transaction of the peer that we sign, the point that its keys come from, and the funding that it spends. */
export interface ToSign {
  readonly transaction: CommitmentTransaction
  readonly point: PublicKey
  readonly fundingTxid: TxId
}

/** The peer's next commitment on each active funding, with everything that we have proposed and the peer's changes that are in ours. */
export const signNextRemote = (
  { active, changes }: FundedCommon,
  proposed: readonly Proposal[],
  point: PublicKey,
): { readonly active: readonly Commitment[]; readonly toSign: readonly ToSign[] } => {
  const toSign: ToSign[] = []
  const signed = active.map((commitment): Commitment => {
    const { remote, remoteParams } = commitment
    const spec = reduceSpec(remote.spec, changes.remoteAcked, proposed)
    const index = remote.index + 1
    const transaction = buildRemote(remoteParams, index, spec, point)
    toSign.push({ transaction, point, fundingTxid: remoteParams.fundingOutpoint.txid })
    return { ...commitment, remoteNext: { index, spec, txid: transaction.txid, point } }
  })
  return { active: signed, toSign }
}

/** What we signed last, and the peer has not acknowledged: it is signed again for a peer that has lost our signatures. */
export const signedRemotes = ({ active }: Pick<FundedCommon, 'active'>): readonly ToSign[] =>
  active.flatMap(({ remoteParams, remoteNext }) => {
    if (remoteNext === undefined) return []
    const { index, spec, point } = remoteNext
    const { txid: fundingTxid } = remoteParams.fundingOutpoint
    return [{ transaction: buildRemote(remoteParams, index, spec, point), point, fundingTxid }]
  })

/**
 * Our next commitment on each active funding, as the peer has signed it. BOLT 2, commitment_signed: one message for each funding, in which
 * every signature must be valid.
 */
export const acceptNextLocal = (
  durable: FundedCommon,
  proposed: readonly Proposal[],
  messages: readonly CommitmentSigned[],
  env: ChannelEnv,
): Result<readonly Commitment[], ProtocolError> => {
  const accepted: Commitment[] = []
  for (const [at, commitment] of durable.active.entries()) {
    const message = messages[at]
    if (message === undefined) return err({ code: 'commitment-signature-missing' })
    const { signature: remoteSignature, htlcSignatures } = message
    const { localParams } = commitment
    const spec = nextLocalSpec(commitment, durable, proposed)
    const index = commitment.local.index + 1
    const { keys, transaction } = buildLocal(localParams, index, spec, env)
    const verified = verifyCommitmentSignatures(localParams, keys, transaction, remoteSignature, htlcSignatures)
    if (!verified.ok) return verified
    accepted.push({ ...commitment, local: { index, spec, txid: transaction.txid, remoteSignature, htlcSignatures } })
  }
  return ok(accepted)
}

/** The peer has revoked its commitments: what we signed last is all that it has. */
export const revokeRemote = ({ active }: Pick<FundedCommon, 'active'>): readonly Commitment[] =>
  active.map((commitment) => {
    const { remoteNext, ...rest } = commitment
    return remoteNext === undefined ? commitment : { ...rest, remote: remoteNext }
  })
