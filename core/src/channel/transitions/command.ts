import { assertNever } from '../../lib/errors.ts'
import { err } from '../../lib/result.ts'
import type { ChannelState } from '../state/channel-state.ts'
import { isFunded, outOfDoubt } from '../state/channel-state.ts'
import type { Funded } from '../state/durable.ts'
import type { AskedCommand } from '../state/effects.ts'
import type { ChannelEnv } from '../state/environment.ts'
import type { ChannelCommand, ForceCloseCommand, SettleHtlcCommand } from '../state/inputs.ts'
import { closeChannel } from './closing/close-request.ts'
import { progressClosing } from './closing/on-chain.ts'
import { abortOpening } from './common/abort-opening.ts'
import { forceClose, forget } from './common/fail-channel.ts'
import { publishLocalCommitment } from './common/publications.ts'
import { setHtlcMaximum, setInboundDiscount, setRelayFees } from './common/relay-policy.ts'
import { type Asked, andThen, done, type Live, refuse, reply, type Step, stay, to } from './common/step.ts'
import { acceptChannel } from './opening/open-as-fundee.ts'
import { fundingCreated, openChannel } from './opening/open-as-funder.ts'
import { addHtlc } from './operating/add-htlc.ts'
import { signCommitment } from './operating/commit.ts'
import { settleHtlc } from './operating/remove-htlc.ts'
import { updateFee } from './operating/update-fee.ts'

/** What the node asks of a channel. */
export const runCommand = (state: ChannelState, command: ChannelCommand, env: ChannelEnv): Step => {
  const { durable, session } = state
  switch (command.type) {
    case 'open':
      if (durable.phase !== 'idle' || session === undefined) return wrongPhase(state, command)
      return openChannel(durable, session, command, env)
    case 'accept':
      // The peer may have disconnected while the node decided.
      if (durable.phase !== 'wait-for-decision' || session === undefined) return stay(state)
      return acceptChannel(durable, session, command, env)
    case 'reject':
      if (durable.phase !== 'wait-for-decision') return stay(state)
      return abortOpening(durable, session, { code: 'rejected', reason: command.reason })
    case 'funding-created':
      if (durable.phase === 'wait-for-funding' && session !== undefined) {
        return fundingCreated(durable, session, command, env)
      }
      // The opening ended while the wallet was at work.
      return stay(state, { type: 'abandon-funding', tx: command.tx })
    case 'funding-failed':
      if (durable.phase !== 'wait-for-funding') return stay(state)
      return abortOpening(durable, session, { code: 'funding-failed', reason: command.reason })
    case 'forget-unsigned':
      return durable.phase === 'wait-for-funding-confirmed' || durable.phase === 'wait-for-channel-ready'
        ? forget(durable, session, { code: 'disconnected' }, [], env)
        : stay(state)
    case 'force-close':
      return forceCloseByOperator(state, command, env)
    case 'sign': {
      const live = usable(state)
      if (live?.session === undefined) return stay(state)
      if (live.durable.phase !== 'normal' && live.durable.phase !== 'shutdown') return stay(state)
      return signCommitment({ durable: live.durable, session: live.session })
    }
    case 'add-htlc': {
      const live = usable(state)
      if (live === undefined) {
        return refuse(state, command, { code: 'channel-not-usable', phase: durable.phase })
      }
      return addHtlc(live, command, env)
    }
    case 'fulfil-htlc':
    case 'fail-htlc':
    case 'fail-malformed-htlc': {
      const live = usable(state)
      if (live === undefined) return refuse(state, command, { code: 'unknown-htlc', htlcId: command.htlcId })
      const settledStep = settleHtlc(live, command)
      const next = settledStep.state.durable
      if (durable.phase !== 'closing' || next.phase !== 'closing' || next === durable) return settledStep
      // On the chain, a preimage lets us claim another output.
      return andThen(settledStep, () => progressClosing(next, session, env, durable))
    }
    case 'update-fee': {
      const live = usable(state)
      return live === undefined ? wrongPhase(state, command) : updateFee(live, command)
    }
    case 'set-relay-fees': {
      const live = usable(state)
      return live === undefined || live.durable.phase === 'closing'
        ? wrongPhase(state, command)
        : setRelayFees(live, command, env)
    }
    case 'set-inbound-discount': {
      const live = usable(state)
      return live === undefined || live.durable.phase === 'closing'
        ? wrongPhase(state, command)
        : setInboundDiscount(live, command, env)
    }
    case 'set-htlc-maximum': {
      const live = usable(state)
      return live === undefined || live.durable.phase === 'closing'
        ? wrongPhase(state, command)
        : setHtlcMaximum(live, command, env)
    }
    case 'close': {
      const live = usable(state)
      if (live === undefined) return wrongPhase(state, command)
      return closeChannel(live, command, env)
    }
    default:
      return assertNever(command, 'command')
  }
}

const usable = ({ durable, session }: ChannelState): Live<Funded> | undefined => {
  if (!isFunded(durable)) return undefined
  return session === undefined ? { durable } : { durable, session }
}

const forceCloseByOperator = (state: ChannelState, command: ForceCloseCommand, env: ChannelEnv): Step => {
  const { session } = state
  if (isFunded(state.durable) && state.durable.inDoubt && command.evenIfOld !== true) {
    return refuse(state, command, { code: 'state-in-doubt' })
  }
  const durable = isFunded(state.durable) ? outOfDoubt(state.durable) : state.durable
  switch (durable.phase) {
    case 'aborted':
    case 'closed':
      return wrongPhase(state, command)
    case 'idle':
    case 'wait-for-open-answer':
    case 'wait-for-funding':
    case 'wait-for-funding-signed':
    case 'wait-for-decision':
    case 'wait-for-funding-created': {
      const aborted = abortOpening(durable, session, { code: 'operator-force-close' })
      return { state: aborted.state, effects: [...aborted.effects, ...done(command)] }
    }
    case 'closing': {
      if (durable.closing.cause === 'data-loss') return refuse(state, command, { code: 'publication-forbidden' })
      if (durable.closing.publishLocal) return stay(state, ...done(command))
      const closing = { ...durable.closing, publishLocal: true }
      const next = { ...durable, closing }
      return to(next, session, [...publishLocalCommitment(next, env), ...done(command)])
    }
    default: {
      const error = { code: 'operator-force-close' } as const
      const closed = forceClose(durable, session, { cause: 'operator', error }, env)
      return { state: closed.state, effects: [...closed.effects, ...done(command)] }
    }
  }
}

const wrongPhase = (
  state: ChannelState,
  command: Asked<Exclude<AskedCommand, 'add-htlc' | SettleHtlcCommand['type']>>,
): Step => stay(state, ...reply(command, err({ code: 'wrong-phase', phase: state.durable.phase })))
