import { toHex } from '../../../lib/bytes.ts'
import type { PublicKey } from '../../../lib/ids.ts'
import { type CommitmentKeys, deriveCommitmentKeys } from '../../commitment/commitment-keys.ts'
import type { CommitmentParams } from '../../commitment/commitment-params.ts'
import type { CommitmentSpec } from '../../commitment/commitment-spec.ts'
import { buildCommitment, type CommitmentTransaction } from '../../commitment/commitment-transaction.ts'
import type { Commitment } from '../../state/commitment.ts'
import type { FundedCommon } from '../../state/durable.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { ChannelBalances } from '../../state/events.ts'

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
  env: ChannelEnv,
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

/** The commitment that the channel goes on with. */
export const latest = (durable: Pick<FundedCommon, 'active'>): Commitment => {
  const [first] = durable.active
  if (first === undefined) throw new Error('a funded channel has an active commitment')
  return first
}

export const fundingOutputScript = ({ localParams }: Commitment): Uint8Array =>
  localParams.format.fundingLock(localParams).outputScript

/** The content of our latest commitment. */
export const balancesOf = (durable: Pick<FundedCommon, 'active'>): ChannelBalances => {
  const { spec } = latest(durable).local
  return { localMsat: spec.toLocalMsat, remoteMsat: spec.toRemoteMsat }
}

/** The same channel with other values in some of the fields that all phases have. */
export const update = <D extends FundedCommon>(durable: D, patch: Partial<FundedCommon>): D => ({
  ...durable,
  ...patch,
})
