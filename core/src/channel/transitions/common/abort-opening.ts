import { err } from '../../../lib/result.ts'
import type { Effect } from '../../state/effects.ts'
import type { AbortReason } from '../../state/errors.ts'
import { type Opening, openRequest } from '../../state/opening.ts'
import type { Session } from '../../state/session.ts'
import { answerTo } from './error-message.ts'
import { emit, reply, type Step, to } from './step.ts'

/**
 * The opening fails. Nothing was published, so nothing is lost: the wallet gets its inputs back, the caller that asked for the channel is
 * told, and the channel is to be dropped. BOLT 1, error: up to `funding_created` the funder, and up to `funding_signed` the fundee, names
 * the channel by its temporary id, and from then on by its own; `ids` does the same.
 */
export const abortOpening = (opening: Opening, session: Session | undefined, error: AbortReason): Step => {
  const { ids } = opening
  const effects: Effect[] = []
  const message = answerTo(ids.channelId, error)
  if (message !== undefined && session !== undefined) {
    effects.push({ type: 'send', epoch: session.epoch, message })
  }
  if (opening.phase === 'wait-for-funding-signed') {
    effects.push({ type: 'abandon-funding', tx: opening.unsigned.fundingTx })
  }
  effects.push(...reply({ type: 'open', requestId: openRequest(opening) }, err(error)))
  effects.push(emit(opening, { type: 'aborted', error }))
  return to({ phase: 'aborted', ids }, session, effects)
}
