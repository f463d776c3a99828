import type { CommitmentKeys } from '../commitment/commitment-keys.ts'
import type { Funded } from '../state/durable.ts'
import type { ChannelEnv } from '../state/environment.ts'
import { keysOf } from './build-commitment.ts'

/**
 * The keys of both sides' next commitments, to be derived before they are asked for: their points are known a round trip ahead, and their
 * keys are a large part of what signing or checking one costs. In pieces of a point operation or three, in the order in which they are
 * needed. A piece that is derived already costs nothing: `keysOf` and `commitmentPoint` remember what they were asked for.
 */
export const nextKeys = (
  { active, remoteNextPoint }: Pick<Funded, 'active' | 'remoteNextPoint'>,
  commitmentPoint: ChannelEnv['commitmentPoint'],
): readonly (() => unknown)[] =>
  active.flatMap(({ local, localParams, remoteParams }) => {
    const ours = (): CommitmentKeys => keysOf(localParams, commitmentPoint(local.index + 1))
    const theirs = remoteNextPoint.type === 'known' ? [() => keysOf(remoteParams, remoteNextPoint.point)] : []
    const keys = [ours, ...theirs]
    return [
      ...keys.flatMap((of) => [() => of().revocationKey, () => of().localDelayedKey]),
      // The point that our next revocation tells.
      () => commitmentPoint(local.index + 2),
      // Of a commitment with HTLCs, as most are.
      ...keys.flatMap((of) => [() => of().localHtlcKey, () => of().remoteHtlcKey]),
    ]
  })
