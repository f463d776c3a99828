import { secp256k1 } from '../../../crypto/secp256k1.ts'
import { insertSecret } from '../../../crypto/shachain.ts'
import { equalBytes } from '../../../lib/bytes.ts'
import { NO_FUNDING_SIGNATURE } from '../../../wire/funding-signature.ts'
import type { CommitmentSigned, RevokeAndAck, UpdateAddHtlc } from '../../../wire/messages/channel-operation.ts'
import { evenTypes } from '../../../wire/tlv-record.ts'
import { isFundingUndone, latest } from '../../commitments/commitments.ts'
import { isIrrevocable } from '../../commitments/cross-signed.ts'
import { exceedsDustExposure } from '../../commitments/limits.ts'
import { acceptNextLocal, revokeRemote, signNextRemote, type ToSign } from '../../commitments/sign-commitments.ts'
import type { Change, Proposal } from '../../state/changes.ts'
import { type ChannelState, update } from '../../state/channel-state.ts'
import type { Funded } from '../../state/durable.ts'
import type { Effect, ForwardEffect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import { findHtlc, type HtlcRecord, type Htlcs } from '../../state/htlc.ts'
import type { Session } from '../../state/session.ts'
import { react } from '../common/react.ts'
import { settled } from '../common/settle.ts'
import { emit, type Online, type Step, stay, to } from '../common/step.ts'

/** Whether our next signature would commit anything. */
const hasChangesToSign = ({ durable, session }: Online): boolean =>
  session.proposed.local.length > 0 || durable.changes.remoteAcked.length > 0

/**
 * BOLT 2, commitment_signed, as its sender: signs the peer's next commitment with everything that we have proposed and all of the peer's
 * changes that are in ours. Only one signature is outstanding at a time.
 */
export const signCommitment = (online: Online): Step => {
  const { durable, session } = online
  const { remoteNextPoint, changes } = durable
  if (!session.reestablished || remoteNextPoint.type !== 'known' || !hasChangesToSign(online)) {
    return stay({ durable, session })
  }
  const proposed = session.proposed.local
  const { point } = remoteNextPoint
  const { active, toSign } = signNextRemote(durable, proposed, point)
  const { local, remote } = latest(durable)
  const next = update(durable, {
    active,
    changes: {
      ...changes,
      localSigned: proposed.map(withoutDetails),
      remoteAcked: [],
      remoteSigned: changes.remoteAcked,
      nextLocalHtlcId: session.proposed.nextLocalHtlcId,
    },
    htlcs: withRemoteRange(durable.htlcs, proposed, changes.remoteAcked, remote.index + 1),
    remoteNextPoint: { type: 'awaiting-revocation', sentAtLocalIndex: local.index },
  })
  return to(
    next,
    { ...session, proposed: { ...session.proposed, local: [] } },
    toSign.map((each) => commitmentSigned(durable, session.epoch, each)),
  )
}

/** The message without signatures, and the instructions for signing it. */
export const commitmentSigned = (
  durable: Funded,
  epoch: number,
  { transaction, point: perCommitmentPoint, fundingTxid }: ToSign,
): Effect => ({
  type: 'send',
  epoch,
  message: {
    type: 'commitment_signed',
    channelId: durable.params.channelId,
    signature: NO_FUNDING_SIGNATURE,
    htlcSignatures: [],
    // BOLT 2, commitment_signed: which funding the commitment spends.
    fundingTxid,
  },
  needs: {
    type: 'commitment-signatures',
    fundingTask: transaction.fundingTask,
    htlcTasks: transaction.htlcTransactions.map(({ task }) => task),
    perCommitmentPoint,
  },
})

const NO_SECRET = new Uint8Array(32)

const withoutDetails = (proposal: Proposal): Change => {
  switch (proposal.type) {
    case 'add':
      return { type: 'add', add: proposal.add }
    case 'fail':
      return { type: 'fail', id: proposal.id }
    default:
      return proposal
  }
}

/** Records which commitments of the peer hold each HTLC, now that the one with `nextIndex` is signed. */
const withRemoteRange = (
  htlcs: Htlcs,
  proposed: readonly Proposal[],
  remoteAcked: readonly Change[],
  nextIndex: number,
): Htlcs => {
  const added = proposed.flatMap((proposal): readonly HtlcRecord[] =>
    proposal.type === 'add' ? [{ ...proposal.record, firstRemote: nextIndex }] : [],
  )
  const ours = rangeChanges(proposed, nextIndex)
  const theirs = rangeChanges(remoteAcked, nextIndex)
  const offered = patchRecords(htlcs.offered, theirs.removed)
  const received = patchRecords(htlcs.received, [...ours.removed, ...theirs.added])
  return {
    offered: added.length === 0 ? offered : [...offered, ...added],
    received,
  }
}

type RangePatch = readonly [id: bigint, patch: { readonly firstRemote: number } | { readonly lastRemote: number }]

const rangeChanges = (changes: readonly (Change | Proposal)[], nextIndex: number) => {
  const added: RangePatch[] = []
  const removed: RangePatch[] = []
  for (const change of changes) {
    if (change.type === 'add') added.push([change.add.id, { firstRemote: nextIndex }])
    else if (change.type !== 'fee') removed.push([change.id, { lastRemote: nextIndex - 1 }])
  }
  return { added, removed }
}

const patchRecords = (records: readonly HtlcRecord[], patches: readonly RangePatch[]): readonly HtlcRecord[] => {
  if (patches.length === 0) return records
  const byId = new Map(patches)
  return records.map((record) => {
    const patch = byId.get(record.add.id)
    return patch === undefined ? record : { ...record, ...patch }
  })
}

/**
 * BOLT 2, commitment_signed, as its receiver: our next commitment replaces the one we have, which we revoke. The secret
 * leaves only after the new commitment is durable.
 */
export const recvCommitmentSigned = (
  { durable, session }: Online,
  messages: readonly CommitmentSigned[],
  env: ChannelEnv,
): Step => {
  const state = { durable, session }
  const proposed = session.proposed.remote
  const { changes } = durable
  const before = latest(durable).local
  const active = acceptNextLocal(durable, proposed, messages, env)
  if (!active.ok) return react(state, active.error, env)
  const removed = changes.localAcked.filter((change) => change.type === 'fulfil' || change.type === 'fail')
  const next = update(durable, {
    active: active.value,
    changes: {
      ...changes,
      localAcked: [],
      remoteAcked:
        proposed.length === 0 ? changes.remoteAcked : [...changes.remoteAcked, ...proposed.map(withoutDetails)],
      nextRemoteHtlcId: session.proposed.nextRemoteHtlcId,
    },
    htlcs: withReceived(durable.htlcs, proposed, removed),
  })
  const after = latest(next).local
  const effects: Effect[] = [revokeAndAck(next, session.epoch, before.index, env)]
  if (before.spec.toLocalMsat !== after.spec.toLocalMsat || before.spec.toRemoteMsat !== after.spec.toRemoteMsat) {
    effects.push(emit(next, { type: 'balance-changed' }))
  }
  return to(next, { ...session, proposed: { ...session.proposed, remote: [] } }, effects)
}

/** BOLT 2, revoke_and_ack: the secret of our commitment `index`, and the point for the one after the next. */
export const revokeAndAck = (durable: Funded, epoch: number, index: number, env: ChannelEnv): Effect => ({
  type: 'send',
  epoch,
  message: {
    type: 'revoke_and_ack',
    channelId: durable.params.channelId,
    perCommitmentSecret: NO_SECRET,
    nextPerCommitmentPoint: env.commitmentPoint(index + 2),
  },
  needs: { type: 'per-commitment-secret', index },
})

/** The peer's signed additions and failures, without our removals that are now in neither commitment. */
const withReceived = (htlcs: Htlcs, proposed: readonly Proposal[], removed: readonly Change[]): Htlcs => {
  const gone = new Set(removed.map((change) => (change.type === 'fulfil' || change.type === 'fail' ? change.id : -1n)))
  const added = proposed.flatMap((proposal) => (proposal.type === 'add' ? [proposal.record] : []))
  const failures = new Map(
    proposed.flatMap((proposal) => {
      if (proposal.type !== 'fail') return []
      const { id, failure, attribution } = proposal
      return [[id, { failure, ...(attribution && { attribution }) }]]
    }),
  )
  const kept = gone.size === 0 ? htlcs.received : htlcs.received.filter(({ add }) => !gone.has(add.id))
  return {
    received: added.length === 0 ? kept : [...kept, ...added],
    offered:
      failures.size === 0
        ? htlcs.offered
        : htlcs.offered.map((record) => {
            const failure = failures.get(record.add.id)
            return failure === undefined ? record : { ...record, ...failure }
          }),
  }
}

/**
 * BOLT 2, revoke_and_ack, as its receiver: the peer's next commitment is now its only one. Its additions in it are
 * irrevocable, and so are its removals.
 */
export const recvRevokeAndAck = ({ durable, session }: Online, message: RevokeAndAck, env: ChannelEnv): Step => {
  const state: ChannelState = { durable, session }
  const { remoteNextPoint, changes } = durable
  const current = latest(durable)
  if (remoteNextPoint.type !== 'awaiting-revocation' || current.remoteNext === undefined) {
    return react(state, { code: 'revocation-not-expected' }, env)
  }
  const secret = message.perCommitmentSecret
  // BOLT 2: the secret must be valid, and must belong to the commitment that it revokes.
  if (!secp256k1.isPrivateKey(secret) || !equalBytes(secp256k1.publicKey(secret), current.remote.point)) {
    return react(state, { code: 'invalid-revocation-secret' }, env)
  }
  if (!secp256k1.isPublicKey(message.nextPerCommitmentPoint)) {
    return react(state, { code: 'invalid-public-key', field: 'nextPerCommitmentPoint' }, env)
  }
  const remoteSecrets = insertSecret(durable.remoteSecrets, secret)
  if (!remoteSecrets.ok) return react(state, { code: 'invalid-revocation-secret' }, env)
  const removed = changes.remoteSigned.filter((change) => change.type === 'fulfil' || change.type === 'fail')
  const gone = new Set(removed.map(({ id }) => id))
  const offered = gone.size === 0 ? durable.htlcs.offered : durable.htlcs.offered.filter(({ add }) => !gone.has(add.id))
  const next = update(durable, {
    active: revokeRemote(durable),
    changes: {
      ...changes,
      localSigned: [],
      localAcked:
        changes.localSigned.length === 0 ? changes.localAcked : [...changes.localAcked, ...changes.localSigned],
      remoteSigned: [],
    },
    htlcs: offered === durable.htlcs.offered ? durable.htlcs : { ...durable.htlcs, offered },
    remoteNextPoint: { type: 'known', point: message.nextPerCommitmentPoint },
    remoteSecrets: remoteSecrets.value,
  })
  const effects: Effect[] = []
  for (const change of changes.remoteSigned) {
    if (change.type === 'add') {
      const forwarded = forward(next, change.add.id, env, session)
      effects.push(...forwarded.map((effect) => ({ ...effect, justCommitted: true as const })))
    } else effects.push(...failedToOrigin(durable, change))
  }
  return to(next, session, effects)
}

/** Every received HTLC that is irrevocably committed and waits for a decision. */
export const undecided = (durable: Funded, env: ChannelEnv): readonly Effect[] =>
  durable.htlcs.received
    .filter((record) => !isDecided(record) && isIrrevocable(durable, record))
    .flatMap((record) => forward(durable, record.add.id, env))

const isDecided = ({ preimage, failure }: HtlcRecord): boolean => preimage !== undefined || failure !== undefined

/** A received HTLC that is irrevocably committed, for the relayer. */
const forward = (durable: Funded, id: bigint, env: ChannelEnv, session?: Session): readonly ForwardEffect[] => {
  const record = findHtlc(durable.htlcs.received, id)
  if (record === undefined) return []
  return [
    {
      type: 'forward',
      channelId: durable.params.channelId,
      htlc: record.add,
      ...(record.sharedSecret === undefined ? {} : { sharedSecret: record.sharedSecret }),
      ...refusalOf(durable, record.add, env, session),
    },
  ]
}

const refusalOf = (
  durable: Funded,
  add: UpdateAddHtlc,
  env: ChannelEnv,
  session: Session | undefined,
): Pick<ForwardEffect, 'refusal'> => {
  // BOLT 2, shutdown: what is added after ours should not be routed, so that the channel becomes empty.
  if (session?.shutdownBefore !== undefined && add.id >= session.shutdownBefore)
    return { refusal: 'added-after-shutdown' }
  // What we pay for it elsewhere would be lost if the funding never comes back.
  if (isFundingUndone(durable)) return { refusal: 'funding-undone' }
  if (exceedsDustExposure(durable, add.amountMsat, env)) return { refusal: 'exceeds-dust-exposure' }
  return evenTypes(add).length > 0 ? { refusal: 'unknown-records-in-htlc' } : {}
}

/** BOLT 2: a failure goes upstream only now. An HTLC whose preimage was learnt has been settled, whatever the peer says later. */
const failedToOrigin = (durable: Funded, change: Change): readonly Effect[] => {
  if (change.type !== 'fail') return []
  const record = findHtlc(durable.htlcs.offered, change.id)
  if (record?.failure === undefined || record.preimage !== undefined) return []
  const { failure, attribution } = record
  return settled(durable, record, { type: 'failed', failure, ...(attribution && { attribution }) })
}
