import type { Closing } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { Session } from '../../state/session.ts'
import { answerTo } from '../common/error-message.ts'

/** Its data is lost, and the peer has not published yet. */
export const asksToClose = ({ closing }: Closing): boolean =>
  closing.cause === 'data-loss' && closing.spends.length === 0

/** BOLT 2, data loss: the error that has the peer fail the channel. A peer may miss one, so it is sent more than once. */
export const askToClose = (durable: Closing, session: Session | undefined): readonly Effect[] => {
  if (session === undefined || !asksToClose(durable)) return []
  const message = answerTo(durable.params.channelId, { code: 'channel-failed' })
  return message === undefined ? [] : [{ type: 'send', epoch: session.epoch, message }]
}
