import type { Closing } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { ChannelEnv } from '../../state/environment.ts'
import type { Session } from '../../state/session.ts'
import { answerTo } from '../common/error-message.ts'
import { channelReestablish } from '../common/our-numbers.ts'

/** Its data is lost, and the peer has not published yet. */
export const asksToClose = ({ closing }: Closing): boolean =>
  closing.cause === 'data-loss' && closing.spends.length === 0

/** What is said on a connection, and the connection with it. */
interface Said {
  readonly session: Session
  readonly effects: readonly Effect[]
}

/**
 * BOLT 2, channel_reestablish: it comes before anything else that is said of a channel on a connection. LND gives a channel up until the next
 * connection, and closes nothing, where an error comes before it.
 */
export const sayNumbers = (durable: Closing, session: Session, env: ChannelEnv): Said =>
  session.saidNumbers
    ? { session, effects: [] }
    : {
        session: { ...session, saidNumbers: true },
        effects: [{ type: 'send', epoch: session.epoch, message: channelReestablish(durable, env) }],
      }

/** BOLT 2, data loss: the error that has the peer fail the channel. */
export const sayFailed = (durable: Closing, { epoch }: Session): readonly Effect[] => {
  const message = answerTo(durable.params.channelId, { code: 'channel-failed' })
  return message === undefined ? [] : [{ type: 'send', epoch, message }]
}

/** What each block has said to a peer that has not published. A peer may miss one, so the error is sent more than once. */
export const askToClose = (durable: Closing, session: Session, env: ChannelEnv): Said =>
  session.saidNumbers ? { session, effects: sayFailed(durable, session) } : sayNumbers(durable, session, env)
