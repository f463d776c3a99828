import { err } from '../../../lib/result.ts'
import type { Opening } from '../../state/durable.ts'
import type { Effect } from '../../state/effects.ts'
import type { AbortReason } from '../../state/errors.ts'
import type { Session } from '../../state/session.ts'
import { answerTo } from './error-message.ts'
import { emit, idOf, remoteNodeIdOf, reply, type Step, to } from './step.ts'

/**
 * The opening fails. Nothing was published, so nothing is lost: the wallet gets its inputs back, the caller that asked for the channel is
 * told, and the channel is to be dropped. BOLT 1, error: up to `funding_created` the funder, and up to `funding_signed` the fundee, names
 * the channel by its temporary id, and from then on by its own; `idOf` does the same.
 */
export const abortOpening = (durable: Opening, session: Session | undefined, error: AbortReason): Step => {
  const effects: Effect[] = []
  const message = answerTo(idOf(durable), error)
  if (message !== undefined && session !== undefined) {
    effects.push({ type: 'send', epoch: session.epoch, message })
  }
  if (durable.phase === 'wait-for-funding-signed') effects.push({ type: 'abandon-funding', tx: durable.fundingTx })
  if ('requestId' in durable) effects.push(...reply({ type: 'open', requestId: durable.requestId }, err(error)))
  effects.push(emit(durable, { type: 'aborted', error }))
  const localNodeId =
    'keys' in durable
      ? durable.keys.localNodeId
      : 'params' in durable
        ? durable.params.localNodeId
        : durable.localNodeId
  const remoteNodeId = remoteNodeIdOf(durable)
  return to({ phase: 'aborted', channelId: idOf(durable), localNodeId, remoteNodeId }, session, effects)
}
