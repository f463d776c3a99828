import type { ChannelState } from '../state/channel-state.ts'
import type { CloseCause } from '../state/closing.ts'
import type { Closing, Funded } from '../state/durable.ts'
import type { Effect } from '../state/effects.ts'
import type { ChannelEnv } from '../state/environment.ts'
import type { ChannelError, ProtocolError } from '../state/errors.ts'
import type { Session } from '../state/session.ts'
import { noProposals } from '../state/session.ts'
import { abortOpening } from './abort-opening.ts'
import { latest } from './commitments.ts'
import { errorMessage } from './error-message.ts'
import { publishLocalCommitment } from './publications.ts'
import { settled } from './settle.ts'
import { emit, type Step, stay, to } from './step.ts'

/** BOLT 2 and 5: the peer broke the protocol. It is told, and our latest commitment goes to the chain. */
export const failChannel = (state: ChannelState, error: ProtocolError, env: ChannelEnv): Step => {
  const { durable, session } = state
  switch (durable.phase) {
    case 'aborted':
    case 'closed':
    case 'closing':
      return stay(state)
    case 'idle':
    case 'wait-for-open-answer':
    case 'wait-for-funding':
    case 'wait-for-funding-signed':
    case 'wait-for-decision':
    case 'wait-for-funding-created':
      return abortOpening(durable, session, toAbortReason(error), { tellPeer: true })
    default:
      return forceClose(durable, session, { cause: 'protocol-error', error, tellPeer: true }, env)
  }
}

const toAbortReason = (error: ProtocolError) =>
  error.code === 'unexpected-message' || error.code === 'invalid-signature'
    ? error
    : ({ code: 'invalid-signature', message: error.code } as const)

export interface ForceClose {
  readonly cause: CloseCause
  readonly error: ChannelError
  readonly tellPeer: boolean
  /** False when the peer may know a later state than we do. */
  readonly publish?: boolean
}

/** BOLT 5, failing a channel: publishes our latest commitment and waits for what happens on the chain. */
export const forceClose = (
  durable: Exclude<Funded, Closing>,
  session: Session | undefined,
  { cause, error, tellPeer, publish = true }: ForceClose,
  env: ChannelEnv,
): Step => {
  const next: Closing = {
    ...durable,
    phase: 'closing',
    closing: { cause, startedAt: env.height, publishLocal: publish, spends: [], claims: [], settled: [] },
  }
  const effects: Effect[] = [...dropUnsigned(durable, session)]
  if (tellPeer && session !== undefined) {
    const message = errorMessage(durable.params.channelId, error)
    effects.push({ type: 'send', epoch: session.epoch, message })
  }
  if (publish) effects.push(...publishLocalCommitment(next, env))
  effects.push(emit(next, { type: 'error', error }))
  effects.push(emit(next, { type: 'closing', cause, ...(publish ? { txid: latest(durable).local.txid } : {}) }))
  return to(next, session === undefined ? undefined : withoutProposals(durable, session), effects)
}

/** What we had offered and not yet signed never was: whoever wanted it may try elsewhere. */
export const dropUnsigned = (durable: Funded, session: Session | undefined): readonly Effect[] =>
  session === undefined
    ? []
    : session.proposed.local.flatMap((proposal) =>
        proposal.type === 'add' ? settled(durable, proposal.record, { type: 'not-sent', add: proposal.add }) : [],
      )

const withoutProposals = ({ changes }: Funded, session: Session): Session => ({
  ...session,
  proposed: noProposals(changes.nextLocalHtlcId, changes.nextRemoteHtlcId),
})
