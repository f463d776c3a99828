import type { Funded } from '../state/durable.ts'
import type { ChannelEnv } from '../state/environment.ts'
import { keysOf } from './build-commitment.ts'

/**
 * Derives the keys of both sides' next commitments before they are asked for: their points are known a round trip ahead, and their keys are
 * a large part of what signing or checking one costs. `keysOf` and `commitmentPoint` remember what they were asked for.
 */
export const deriveNextKeys = (
  { active, remoteNextPoint }: Pick<Funded, 'active' | 'remoteNextPoint'>,
  commitmentPoint: ChannelEnv['commitmentPoint'],
): void => {
  for (const { local, localParams, remoteParams } of active) {
    keysOf(localParams, commitmentPoint(local.index + 1))
    if (remoteNextPoint.type === 'known') keysOf(remoteParams, remoteNextPoint.point)
    // The point that our next revocation tells.
    commitmentPoint(local.index + 2)
  }
}
