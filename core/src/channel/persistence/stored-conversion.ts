import { invariant } from '../../lib/errors.ts'
import type { HtlcId } from '../../lib/ids.ts'
import type { CommitmentParams } from '../commitment/commitment-params.ts'
import type { CommitmentSpec, HtlcDirection, SpecHtlc } from '../commitment/commitment-spec.ts'
import { commitmentFormat } from '../commitment/formats.ts'
import { mirrored } from '../commitments/build-commitment.ts'
import type { Change } from '../state/changes.ts'
import type { Commitment, RemoteCommit } from '../state/commitment.ts'
import type { Funded } from '../state/durable.ts'
import { findHtlc, type HtlcRecord, type Htlcs } from '../state/htlc.ts'
import type {
  StoredChange,
  StoredCommitment,
  StoredFunded,
  StoredRemote,
  StoredSpec,
  StoredTerms,
} from './stored-channel.ts'

/** The part of a state that its channel row holds. */
export const toStored = (durable: Funded): StoredFunded => {
  const { active, inactive, htlcs, changes, ...rest } = durable
  return {
    ...rest,
    changes: {
      localSigned: toRuns(changes.localSigned),
      localAcked: toRuns(changes.localAcked),
      remoteAcked: toRuns(changes.remoteAcked),
      remoteSigned: toRuns(changes.remoteSigned),
      nextLocalHtlcId: changes.nextLocalHtlcId,
      nextRemoteHtlcId: changes.nextRemoteHtlcId,
    },
    offered: htlcs.offered.map(({ add }) => add.id),
    received: htlcs.received.map(({ add }) => add.id),
    active: active.map(storeCommitment),
    inactive: inactive.map(storeCommitment),
  }
}

/** A state from its channel row and the records of its HTLCs. */
export const fromStored = (stored: StoredFunded, htlcs: Htlcs): Funded => {
  const { offered: _, received: __, active, inactive, changes, ...rest } = stored
  const read = (commitment: StoredCommitment): Commitment => readCommitment(commitment, stored, htlcs)
  const funded = {
    ...rest,
    changes: {
      localSigned: fromRuns(changes.localSigned, htlcs.offered),
      localAcked: fromRuns(changes.localAcked, htlcs.offered),
      remoteAcked: fromRuns(changes.remoteAcked, htlcs.received),
      remoteSigned: fromRuns(changes.remoteSigned, htlcs.received),
      nextLocalHtlcId: changes.nextLocalHtlcId,
      nextRemoteHtlcId: changes.nextRemoteHtlcId,
    },
    htlcs,
    active: active.map(read),
    inactive: inactive.map(read),
  }
  return funded as Funded
}

const toRuns = (changes: readonly Change[]): readonly StoredChange[] => {
  const runs: ({ type: 'add' | 'fulfil' | 'fail'; from: HtlcId; count: bigint } | (Change & { type: 'fee' }))[] = []
  for (const change of changes) {
    if (change.type === 'fee') {
      runs.push(change)
      continue
    }
    const id = change.type === 'add' ? change.add.id : change.id
    const last = runs.at(-1)
    if (last !== undefined && last.type === change.type && last.from + last.count === id) last.count++
    else runs.push({ type: change.type, from: id, count: 1n })
  }
  return runs
}

const fromRuns = (runs: readonly StoredChange[], records: readonly HtlcRecord[]): readonly Change[] =>
  runs.flatMap((run): readonly Change[] => {
    if (run.type === 'fee') return [run]
    return Array.from({ length: Number(run.count) }, (_, at): Change => {
      const id = run.from + BigInt(at)
      return run.type === 'add' ? { type: 'add', add: required(records, id).add } : { type: run.type, id }
    })
  })

const termsOf = new WeakMap<CommitmentParams, StoredTerms>()

// The same object for the same funding, because its encoding is cached by identity.
const storeTerms = (commitment: Commitment): StoredTerms => {
  const { localParams, localLimits, remoteLimits, fundingIndex } = commitment
  const known = termsOf.get(localParams)
  if (known !== undefined) return known
  const { format, fundingOutpoint, fundingAmount, localFundingKey, remoteFundingKey } = localParams
  const terms: StoredTerms = {
    fundingIndex,
    format: format.name,
    fundingOutpoint,
    fundingAmount,
    localFundingKey,
    remoteFundingKey,
    localLimits,
    remoteLimits,
  }
  termsOf.set(localParams, terms)
  return terms
}

const storeCommitment = (commitment: Commitment): StoredCommitment => {
  const { local, remote, remoteNext, fundingStatus } = commitment
  return {
    terms: storeTerms(commitment),
    fundingStatus,
    local: {
      index: local.index,
      spec: storeSpec(local.spec),
      txid: local.txid,
      remoteSignature: local.remoteSignature,
      htlcSignatures: local.htlcSignatures,
    },
    remote: storeRemote(remote),
    ...(remoteNext === undefined ? {} : { remoteNext: storeRemote(remoteNext) }),
  }
}

const storeRemote = ({ index, spec, txid, point }: RemoteCommit): StoredRemote => ({
  index,
  spec: storeSpec(spec),
  txid,
  point,
})

const storeSpec = ({ htlcs, feeratePerKw, toLocalMsat, toRemoteMsat }: CommitmentSpec): StoredSpec => {
  const offered: HtlcId[] = []
  const received: HtlcId[] = []
  for (const { direction, id } of htlcs) (direction === 'offered' ? offered : received).push(id)
  return { feeratePerKw, toLocalMsat, toRemoteMsat, offered, received }
}

const readCommitment = (stored: StoredCommitment, channel: StoredFunded, htlcs: Htlcs): Commitment => {
  const { params } = channel
  const { terms, fundingStatus, local, remote, remoteNext } = stored
  const localParams: CommitmentParams = {
    format: commitmentFormat(terms.format),
    fundingOutpoint: terms.fundingOutpoint,
    fundingAmount: terms.fundingAmount,
    localFundingKey: terms.localFundingKey,
    remoteFundingKey: terms.remoteFundingKey,
    localBasepoints: params.localKeys.basepoints,
    remoteBasepoints: params.remoteKeys.basepoints,
    localIsOpener: params.localIsOpener,
    dustLimit: terms.localLimits.dustLimit,
    toSelfDelay: terms.remoteLimits.toSelfDelay,
  }
  return {
    fundingIndex: terms.fundingIndex,
    fundingStatus,
    localParams,
    remoteParams: mirrored(localParams, terms.remoteLimits.dustLimit, terms.localLimits.toSelfDelay),
    localLimits: terms.localLimits,
    remoteLimits: terms.remoteLimits,
    local: {
      index: local.index,
      spec: readSpec(local.spec, htlcs.offered, htlcs.received),
      txid: local.txid,
      remoteSignature: local.remoteSignature,
      htlcSignatures: local.htlcSignatures,
    },
    remote: readRemote(remote, htlcs),
    ...(remoteNext === undefined ? {} : { remoteNext: readRemote(remoteNext, htlcs) }),
  }
}

// In the peer's commitment, HTLCs that we offered are received.
const readRemote = ({ index, spec, txid, point }: StoredRemote, { offered, received }: Htlcs): RemoteCommit => ({
  index,
  spec: readSpec(spec, received, offered),
  txid,
  point,
})

const readSpec = (
  { feeratePerKw, toLocalMsat, toRemoteMsat, offered, received }: StoredSpec,
  offeredRecords: readonly HtlcRecord[],
  receivedRecords: readonly HtlcRecord[],
): CommitmentSpec => ({
  htlcs: [
    ...offered.map((id) => specHtlc('offered', required(offeredRecords, id))),
    ...received.map((id) => specHtlc('received', required(receivedRecords, id))),
  ],
  feeratePerKw,
  toLocalMsat,
  toRemoteMsat,
})

const specHtlc = (direction: HtlcDirection, { add }: HtlcRecord): SpecHtlc => ({
  direction,
  id: add.id,
  amountMsat: add.amountMsat,
  paymentHash: add.paymentHash,
  cltvExpiry: add.cltvExpiry,
})

const required = (records: readonly HtlcRecord[], id: HtlcId): HtlcRecord => {
  const record = findHtlc(records, id)
  invariant(record !== undefined, 'a commitment holds only HTLCs that are alive')
  return record
}
