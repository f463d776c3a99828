import type { Closing } from '../../state/durable.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { Session } from '../../state/session.ts'
import { andThen, type Step, to } from '../common/step.ts'
import { progressClosing, publishClosing, watchOutputs } from './on-chain.ts'

/** It is known now which HTLCs the outputs of a revoked commitment belong to: those that were left alone are taken. */
export const htlcsRecalled = (durable: Closing, session: Session | undefined, env: ChannelEnv): Step =>
  andThen(to(durable, session, [...watchOutputs(durable, env), ...publishClosing(durable, env)]), () =>
    progressClosing(durable, session, env, durable),
  )
