import {
  combineChannelAccept,
  type HookAnswer,
  type HookRequest,
  type HookVerdict,
} from '@fulgurite/plugin-sdk/contract'
import type { AcceptCommand, AcceptQuestion, ChannelSettings, RejectCommand } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { OpenChannel } from '../../wire/messages/channel-open.ts'
import type { ChainHealth } from '../chain/chain-health.ts'
import type { HookResponder } from '../contract-gateway.ts'
import type { NodeLog } from '../node-log.ts'
import { type OpeningKeysOptions, openingKeys } from './opening-keys.ts'
import { channelTypeName } from './report-channel-event.ts'

export interface OpeningDecisionsOptions extends OpeningKeysOptions {
  readonly gateway: { readonly responder: HookResponder | undefined }
  readonly settings: ChannelSettings
  readonly chainHealth: ChainHealth
  /** Peers whose channels are used before their funding confirms, by node id. */
  readonly zeroConfPeers: ReadonlySet<string>
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
    const isTrusted = options.zeroConfPeers.has(toHex(question.remoteNodeId))
    const minimumDepth = depthOf(verdict, isTrusted, options.settings.minimumDepth)
    if (question.channelType.zeroConf && minimumDepth > 0) {
      options.log.info('channel.rejected', log)
      return { type: 'reject', reason: 'this node uses a channel unconfirmed by agreement only' }
    }
    return {
      type: 'accept',
      keys: openingKeys(question.remoteNodeId, options),
      upfrontShutdown: verdict.upfrontShutdown ?? false,
      minimumDepth,
      ...(verdict.reserveSat === undefined ? {} : { leastReserve: verdict.reserveSat }),
    }
  }

type Accepted = Exclude<HookVerdict<'channel.accept'>, { type: 'reject' }>

/** BOLT 2, open_channel: zero only by consent, of the operator or of the plugins; not if a plugin asks for blocks, nor fewer than the node. */
const depthOf = (verdict: Accepted, isTrusted: boolean, ours: number): number => {
  if (verdict.type === 'accept-zero-conf') return 0
  if (verdict.minimumDepth !== undefined) return Math.max(verdict.minimumDepth, ours)
  return isTrusted ? 0 : ours
}

const requestOf = (question: AcceptQuestion, open: OpenChannel): HookRequest<'channel.accept'> => ({
  temporaryChannelId: toHex(question.temporaryChannelId),
  peer: toHex(question.remoteNodeId),
  initiator: 'remote',
  fundingSat: question.funding,
  pushMsat: question.pushMsat,
  feerate: question.feeratePerKw,
  channelType: channelTypeName(question.channelType),
  announce: question.announce,
  zeroConf: question.channelType.zeroConf,
  dustLimitSat: open.dustLimitSatoshis,
  channelReserveSat: open.channelReserveSatoshis,
  htlcMinimumMsat: open.htlcMinimumMsat,
  maxHtlcValueInFlightMsat: open.maxHtlcValueInFlightMsat,
  maxAcceptedHtlcs: open.maxAcceptedHtlcs,
  toSelfDelay: open.toSelfDelay,
})
