import { combineHtlcForward, type HookRequest, type HookVerdict } from '@fulgurite/plugin-sdk/contract'
import { toHex } from '../../lib/bytes.ts'
import type { FailureMessage } from '../../onion/failure-message.ts'
import type { RelayQuestion, RelayVerdict } from '../../payment/relay/relay-protocol.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { HookResponder } from '../contract-gateway.ts'
import type { NodeLog } from '../node-log.ts'
import { describeRelayed } from './report-relay.ts'

export interface RelayDecisionsOptions {
  readonly gateway: { readonly responder: HookResponder | undefined }
  readonly channelDirectory: ChannelDirectory
  readonly log: NodeLog
}

/** Whether plugins let an HTLC go on: the hook `htlc.forward`. */
export interface RelayDecisions {
  /** Without a plugin that wants to be asked, nothing waits. */
  readonly isAsked: (question: RelayQuestion) => boolean
  /** Comes within the hook's deadline. Never rejects. */
  readonly decide: (question: RelayQuestion) => Promise<RelayVerdict>
}

export const relayDecisions = ({ gateway, channelDirectory, log }: RelayDecisionsOptions): RelayDecisions => ({
  isAsked: (question) => gateway.responder?.wants('htlc.forward', () => requestOf(question, channelDirectory)) === true,
  async decide(question) {
    const answers = await ask(gateway.responder, requestOf(question, channelDirectory), log)
    const { verdict, by = '' } = combineHtlcForward(answers)
    return verdict.type === 'continue' ? verdict : { type: 'fail', failure: FAILURES[verdict.code ?? USUAL], by }
  },
})

const ask = async (
  responder: HookResponder | undefined,
  request: HookRequest<'htlc.forward'>,
  log: NodeLog,
): Promise<Parameters<typeof combineHtlcForward>[0]> => {
  try {
    return (await responder?.ask('htlc.forward', request)) ?? []
  } catch (error) {
    // A bug of ours. Whoever should have answered may guard something.
    log.error('payment.relay-not-decided', { error: String(error) })
    return [{ type: 'no-verdict', plugin: 'host', code: 'faulted', onFailure: 'closed' }]
  }
}

type RefusalCode = NonNullable<Extract<HookVerdict<'htlc.forward'>, { readonly type: 'fail' }>['code']>

const USUAL = 'temporary-channel-failure'

const FAILURES: Readonly<Record<RefusalCode, FailureMessage>> = {
  'temporary-channel-failure': { type: 'temporary_channel_failure' },
  'permanent-channel-failure': { type: 'permanent_channel_failure' },
  'unknown-next-peer': { type: 'unknown_next_peer' },
  'temporary-node-failure': { type: 'temporary_node_failure' },
  'permanent-node-failure': { type: 'permanent_node_failure' },
}

const requestOf = (
  { paymentHash, incoming, outgoing, trampolineFeeMsat, height }: RelayQuestion,
  directory: ChannelDirectory,
): HookRequest<'htlc.forward'> => {
  const { htlcId: _, ...goesOut } = describeRelayed(outgoing, directory)
  return {
    paymentHash: toHex(paymentHash),
    incoming: describeRelayed(incoming, directory),
    outgoing: goesOut,
    feeMsat: trampolineFeeMsat ?? incoming.amountMsat - outgoing.amountMsat,
    ...(trampolineFeeMsat === undefined ? {} : { trampoline: true }),
    blockHeight: height,
  }
}
