import { err, ok } from '../../../lib/result.ts'
import { type Channel, type ChannelState, idsOf } from '../../state/channel-state.ts'
import type { Funded } from '../../state/durable.ts'
import type { AskedCommand, CommandResult, Effect } from '../../state/effects.ts'
import type { CommandError } from '../../state/errors.ts'
import type { ChannelEvent, ChannelEventBody } from '../../state/events.ts'
import type { Session } from '../../state/session.ts'

/** The result of an input to a channel: its next state, and what the driver must do, in order. */
export interface Step {
  readonly state: ChannelState
  readonly effects: readonly Effect[]
}

/** A channel that has commitments, and its connection if there is one. */
export interface Live<D extends Funded = Funded> {
  readonly durable: D
  readonly session?: Session
}

/** A channel with commitments whose peer is connected. */
export interface Online<D extends Funded = Funded> extends Live<D> {
  readonly session: Session
}

export const stay = (state: ChannelState, ...effects: readonly Effect[]): Step => ({ state, effects })

export const to = (durable: Channel, session: Session | undefined, effects: readonly Effect[]): Step => ({
  state: session === undefined ? { durable } : { durable, session },
  effects,
})

/** Goes on from a step's state; its effects come first. */
export const andThen = (first: Step, next: (state: ChannelState) => Step): Step => {
  const second = next(first.state)
  if (first.effects.length === 0) return second
  if (second.effects.length === 0) return { state: second.state, effects: first.effects }
  return { state: second.state, effects: [...first.effects, ...second.effects] }
}

/** A command of which only the name matters, and whether someone waits for its answer. */
export interface Asked<Name extends AskedCommand> {
  readonly type: Name
  readonly requestId?: string | undefined
}

/** The answer to a command, if someone waits for it. */
export const reply = <Name extends AskedCommand>(
  { requestId }: Asked<Name>,
  result: CommandResult<Name>,
): readonly Effect[] => (requestId === undefined ? [] : [{ type: 'reply', requestId, result }])

export const done = (command: Asked<Exclude<AskedCommand, 'open' | 'add-htlc'>>): readonly Effect[] =>
  reply(command, ok({ type: 'done' }))

/** A command that changes nothing. */
export const refuse = <Name extends AskedCommand>(
  state: ChannelState,
  command: Asked<Name>,
  error: CommandError<Name>,
): Step => to(state.durable, state.session, reply(command, err(error)))

export const emit = (channel: Channel, body: ChannelEventBody): Effect => {
  const { channelId, remoteNodeId } = idsOf(channel)
  const event: ChannelEvent = { ...body, channelId, remoteNodeId }
  return { type: 'emit', event }
}
