import { toHex } from '../../lib/bytes.ts'
import type { PublicKey } from '../../lib/ids.ts'
import { type CommitmentKeys, deriveCommitmentKeys } from '../commitment/commitment-keys.ts'
import type { CommitmentParams } from '../commitment/commitment-params.ts'
import type { CommitmentSpec } from '../commitment/commitment-spec.ts'
import { buildCommitment, type CommitmentTransaction } from '../commitment/commitment-transaction.ts'
import type { Commitment } from '../state/commitment.ts'
import type { ChannelEnv } from '../state/environment.ts'

// A commitment's keys are needed when it is signed, checked and (after a reconnection) signed again, so the last few are kept.
const KEPT_KEYS = 4
const keysOfParams = new WeakMap<CommitmentParams, Map<string, CommitmentKeys>>()

/** The keys of the commitment with this per-commitment point. */
export const keysOf = (params: CommitmentParams, point: PublicKey): CommitmentKeys => {
  let known = keysOfParams.get(params)
  if (known === undefined) {
    known = new Map()
    keysOfParams.set(params, known)
  }
  const name = toHex(point)
  const found = known.get(name)
  if (found !== undefined) return found
  const keys = deriveCommitmentKeys(params, point)
  if (known.size >= KEPT_KEYS) known.delete(known.keys().next().value as string)
  known.set(name, keys)
  return keys
}

/** A commitment transaction of ours. */
export const buildLocal = (
  params: CommitmentParams,
  index: number,
  spec: CommitmentSpec,
  env: Pick<ChannelEnv, 'commitmentPoint'>,
): { readonly keys: CommitmentKeys; readonly transaction: CommitmentTransaction } => {
  const keys = keysOf(params, env.commitmentPoint(index))
  return { keys, transaction: buildCommitment({ params, keys, index, spec }) }
}

/** A commitment transaction of the peer. */
export const buildRemote = (
  params: CommitmentParams,
  index: number,
  spec: CommitmentSpec,
  point: PublicKey,
): CommitmentTransaction => buildCommitment({ params, keys: keysOf(params, point), index, spec })

export const fundingOutputScript = ({ localParams }: Commitment): Uint8Array =>
  localParams.format.fundingLock(localParams).outputScript

/** The other side's view of the same funding. */
export const mirrored = (
  params: CommitmentParams,
  dustLimit: CommitmentParams['dustLimit'],
  toSelfDelay: CommitmentParams['toSelfDelay'],
): CommitmentParams => ({
  ...params,
  localFundingKey: params.remoteFundingKey,
  remoteFundingKey: params.localFundingKey,
  localBasepoints: params.remoteBasepoints,
  remoteBasepoints: params.localBasepoints,
  localIsOpener: !params.localIsOpener,
  dustLimit,
  toSelfDelay,
})
