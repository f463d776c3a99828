import type { Funded } from '../state/durable.ts'
import type { ChannelEnv } from '../state/environment.ts'
import type { Session } from '../state/session.ts'
import { speakFirst } from './connection.ts'
import { awake } from './negotiation.ts'
import { recvMessage } from './peer-message.ts'
import { andThen, type Step, to } from './step.ts'

/** The channel says what it has held back, and takes up what it has heard. */
export const endRest = (durable: Funded, session: Session, env: ChannelEnv): Step => {
  const { rest, ...rested } = session
  // What is held back of a negotiation follows by itself (`progressShutdown`).
  if (rest?.from === 'negotiation') return to(durable, awake(session), [])
  // About a channel that the chain decides nothing is said first (`connected`).
  const begun = durable.phase === 'closing' ? to(durable, rested, []) : speakFirst(durable, rested, env)
  const { epoch } = session
  return (rest?.heard ?? []).reduce<Step>(
    (step, message) => andThen(step, (state) => recvMessage(state, { type: 'peer-message', epoch, message }, env)),
    rest === undefined ? to(durable, session, []) : begun,
  )
}
