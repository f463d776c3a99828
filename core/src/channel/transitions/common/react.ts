import { assertNever } from '../../../lib/errors.ts'
import { type ChannelState, idsOf, isOpening } from '../../state/channel-state.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { ProtocolError } from '../../state/errors.ts'
import { abortOpening } from './abort-opening.ts'
import { answerTo } from './error-message.ts'
import { forceClose } from './fail-channel.ts'
import { REACTIONS } from './reactions.ts'
import { emit, type Step, stay } from './step.ts'

/** What the node does about a fault of the peer, by `REACTIONS`. */
export const react = (state: ChannelState, fault: ProtocolError, env: ChannelEnv): Step => {
  const { scope } = REACTIONS[fault.code]
  switch (scope) {
    case 'channel':
      return failChannel(state, fault, env)
    case 'connection':
      return complain(state, fault, true)
    case 'message':
    case 'htlc':
      return complain(state, fault, false)
    default:
      return assertNever(scope, 'scope')
  }
}

/** BOLT 2 and 5: the peer is told, and our latest commitment goes to the chain. A channel that has failed cannot fail again. */
const failChannel = (state: ChannelState, error: ProtocolError, env: ChannelEnv): Step => {
  const { durable, session } = state
  if (durable.phase === 'aborted' || durable.phase === 'closed' || durable.phase === 'closing') {
    return stay(state, {
      type: 'ignored',
      message: 'message' in error ? error.message : error.code,
      why: 'channel-is-over',
    })
  }
  if (isOpening(durable)) return abortOpening(durable, session, error)
  return forceClose(durable, session, { cause: 'protocol-error', error }, env)
}

/** The peer and the operator are told; the channel stays as it is. */
const complain = (state: ChannelState, fault: ProtocolError, hangUp: boolean): Step => {
  const { durable, session } = state
  const effects: Effect[] = []
  const message = answerTo(idsOf(durable).channelId, fault)
  if (session !== undefined && message !== undefined) {
    effects.push({ type: 'send', epoch: session.epoch, message })
  }
  effects.push(emit(durable, { type: 'error', error: fault }))
  if (session !== undefined && hangUp) effects.push({ type: 'disconnect', epoch: session.epoch })
  return stay(state, ...effects)
}
