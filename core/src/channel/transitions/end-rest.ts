import type { Funded } from '../state/durable.ts'
import type { ChannelEnv } from '../state/environment.ts'
import type { Session } from '../state/session.ts'
import { awake } from './closing/negotiation.ts'
import { andThen, type Step, to } from './common/step.ts'
import { speakFirst } from './connection.ts'
import { recvMessage } from './peer-message.ts'

/** The channel sends what it has held back, and handles what it has received. */
export const endRest = (durable: Funded, session: Session, env: ChannelEnv): Step => {
  const { rest, ...rested } = session
  // Held back messages of a negotiation follow by themselves (`progressShutdown`).
  if (rest?.from === 'negotiation') return to(durable, awake(session), [])
  // We say nothing first about a channel that the chain decides (`connected`).
  const begun = durable.phase === 'closing' ? to(durable, rested, []) : speakFirst(durable, rested, env)
  const { epoch } = session
  return (rest?.heard ?? []).reduce<Step>(
    (step, message) => andThen(step, (state) => recvMessage(state, { type: 'peer-message', epoch, message }, env)),
    rest === undefined ? to(durable, session, []) : begun,
  )
}
