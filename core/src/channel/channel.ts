import { assertNever } from '../lib/errors.ts'
import { commitmentFundedBy } from './commitments/commitments.ts'
import { type ChannelState, isFunded } from './state/channel-state.ts'
import type { ChannelEnv } from './state/environment.ts'
import type { ChainInput, ChannelInput, TimerFired } from './state/inputs.ts'
import { fundingSearched } from './transitions/closing/funding-search.ts'
import { closingTimedOut } from './transitions/closing/negotiation.ts'
import { closingBlock, closingConfirmed, closingUndone, outputSpent } from './transitions/closing/on-chain.ts'
import { htlcsRecalled } from './transitions/closing/recalled.ts'
import { progressShutdown } from './transitions/closing/shutdown.ts'
import { simpleCloseTimedOut } from './transitions/closing/simple-close.ts'
import { runCommand } from './transitions/command.ts'
import { checkDeadlines, forgetUnfunded } from './transitions/common/deadlines.ts'
import { andThen, type Step, stay, to } from './transitions/common/step.ts'
import { connected, disconnected, reestablishTimedOut } from './transitions/connection.ts'
import { endRest } from './transitions/end-rest.ts'
import { coinSpent, heedCoins, heedRival, rivalConfirmed, rivalUndone } from './transitions/opening/double-spend.ts'
import { forgetFundingTx, fundingConfirmed, fundingUndone } from './transitions/opening/ready.ts'
import { announcementFound, progressAnnouncement } from './transitions/operating/announce.ts'
import { recvMessage } from './transitions/peer-message.ts'

/**
 * The channel's state machine (BOLT 2). Pure: the same state, input and environment give the same step, and nothing outside
 * it changes. Whatever the peer or the operator does wrong is an effect; only bugs throw.
 */
export const step = (state: ChannelState, input: ChannelInput, env: ChannelEnv): Step => {
  const closing = andThen(run(state, input, env), (next) => progressShutdown(next, env))
  return andThen(closing, (next) => progressAnnouncement(next, env))
}

const run = (state: ChannelState, input: ChannelInput, env: ChannelEnv): Step => {
  switch (input.type) {
    case 'peer-message':
      return recvMessage(state, input, env)
    case 'connected':
      return connected(state, input, env)
    case 'disconnected':
      return disconnected(state, input)
    case 'timer':
      return timerFired(state, input, env)
    case 'htlcs-recalled':
      return state.durable.phase === 'closing' ? htlcsRecalled(state.durable, state.session, env) : stay(state)
    case 'announcement-found':
      return announcementFound(state, input, env)
    case 'block':
    case 'confirmed':
    case 'unconfirmed':
    case 'spent':
    case 'unspent':
    case 'funding-searched':
      return chainInput(state, input, env)
    default:
      return runCommand(state, input, env)
  }
}

const chainInput = (state: ChannelState, input: ChainInput, env: ChannelEnv): Step => {
  const { durable, session } = state
  if (!isFunded(durable)) return stay(state)
  const live = session === undefined ? { durable } : { durable, session }
  switch (input.type) {
    case 'block': {
      const coins = heedCoins(live, env)
      if (coins !== undefined) return andThen(coins, (next) => chainInput(next, input, env))
      if (durable.phase === 'closing') {
        return heedRival(live, env) ?? forgetUnfunded(live, env) ?? closingBlock(durable, session, input.height, env)
      }
      return heedRival(live, env) ?? checkDeadlines({ ...live, durable: forgetFundingTx(durable, env) }, env)
    }
    case 'spent':
      return coinSpent(live, input) ?? outputSpent(live, input, env)
    case 'confirmed': {
      if (commitmentFundedBy(durable, input.txid) !== undefined) return fundingConfirmed(live, input, env)
      const rival = rivalConfirmed(live, input, env)
      if (rival !== undefined) return rival
      return durable.phase === 'closing' ? closingConfirmed(durable, session, input, env) : stay(state)
    }
    case 'unconfirmed': {
      if (commitmentFundedBy(durable, input.txid) !== undefined) return fundingUndone(live, input, env)
      const rival = rivalUndone(live, input, env)
      if (rival !== undefined) return rival
      return durable.phase === 'closing' ? closingUndone(durable, session, input, env) : stay(state)
    }
    case 'unspent':
      return durable.phase === 'closing' ? closingUndone(durable, session, input, env) : stay(state)
    case 'funding-searched':
      return durable.phase === 'closing' ? fundingSearched(durable, session, input, env) : stay(state)
    default:
      return assertNever(input, 'chain input')
  }
}

const timerFired = (state: ChannelState, { timer }: TimerFired, env: ChannelEnv): Step => {
  const { durable, session } = state
  switch (timer) {
    case 'closing-answer':
      if (durable.phase === 'shutdown' && session !== undefined) return to(durable, { ...session, isOverdue: true }, [])
      // What replaces a close that is signed is waited for no longer than the first.
      if (durable.phase === 'closing' && session?.simpleClose?.offered !== undefined) {
        return simpleCloseTimedOut({ durable, session }, env)
      }
      if (durable.phase !== 'negotiating' || session === undefined) return stay(state)
      if (session.simpleClose !== undefined) return simpleCloseTimedOut({ durable, session }, env)
      return session.closing === undefined ? stay(state) : closingTimedOut(durable, session, env)
    case 'reestablishment':
      if (!isFunded(durable) || session === undefined) return stay(state)
      return reestablishTimedOut(durable, session, env)
    case 'rest':
      if (!isFunded(durable) || session === undefined) return stay(state)
      return endRest(durable, session, env)
    default:
      return assertNever(timer, 'timer')
  }
}
