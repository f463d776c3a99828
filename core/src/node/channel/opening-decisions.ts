import { combineChannelAccept, type HookAnswer, type HookRequest } from '@fulgurite/plugin-sdk/contract'
import type { AcceptCommand, AcceptQuestion, ChannelSettings, RejectCommand } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { OpenChannel } from '../../wire/messages/channel-open.ts'
import type { ChainHealth } from '../chain/chain-health.ts'
import type { HookResponder } from '../contract-gateway.ts'
import type { NodeLog } from '../node-log.ts'
import { type OpeningKeysOptions, openingKeys } from './opening-keys.ts'
import { CHANNEL_TYPE_NAME } from './report-channel-event.ts'

export interface OpeningDecisionsOptions extends OpeningKeysOptions {
  readonly gateway: { readonly responder: HookResponder | undefined }
  readonly settings: ChannelSettings
  readonly chainHealth: ChainHealth
  readonly log: NodeLog
}

/** Whether the node wants a channel that a peer proposes: the hook `channel.accept`; without plugins for it, always. */
export const openingDecisions =
  (options: OpeningDecisionsOptions) =>
  async (question: AcceptQuestion, open: OpenChannel): Promise<AcceptCommand | RejectCommand> => {
    if (options.chainHealth.blindness() !== undefined)
      return { type: 'reject', reason: 'not ready: the chain is not followed' }
    const answers: readonly HookAnswer<'channel.accept'>[] =
      (await options.gateway.responder?.ask('channel.accept', requestOf(question, open))) ?? []
    const { verdict, by } = combineChannelAccept(answers)
    const log = { peer: toHex(question.remoteNodeId), by }
    if (verdict.type === 'reject') {
      options.log.info('channel.rejected', log)
      return { type: 'reject', reason: verdict.reason }
    }
    return {
      type: 'accept',
      keys: openingKeys(question.remoteNodeId, options),
      upfrontShutdown: false,
      ...(verdict.minimumDepth === undefined
        ? {}
        : { minimumDepth: Math.max(verdict.minimumDepth, options.settings.minimumDepth) }),
    }
  }

const requestOf = (question: AcceptQuestion, open: OpenChannel): HookRequest<'channel.accept'> => ({
  temporaryChannelId: toHex(question.temporaryChannelId),
  peer: toHex(question.remoteNodeId),
  initiator: 'remote',
  fundingSat: question.funding,
  pushMsat: question.pushMsat,
  feerate: question.feeratePerKw,
  channelType: CHANNEL_TYPE_NAME,
  announce: question.announce,
  dustLimitSat: open.dustLimitSatoshis,
  channelReserveSat: open.channelReserveSatoshis,
  htlcMinimumMsat: open.htlcMinimumMsat,
  maxHtlcValueInFlightMsat: open.maxHtlcValueInFlightMsat,
  maxAcceptedHtlcs: open.maxAcceptedHtlcs,
  toSelfDelay: open.toSelfDelay,
})
