import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { type Channel, fundings } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { ChannelEntry } from '../channel/channel-directory.ts'

type Opening = ReplyOf<'channels', 'openings'>['items'][number]

/** A channel that is being opened, as the contract shows it; `undefined` if it has a funding, or is none yet or no more. */
export const describeOpening = ({ remoteNodeId, durableState: { durable } }: ChannelEntry): Opening | undefined => {
  const stage = stageOf(durable)
  if (stage === undefined) return undefined
  const { temporaryChannelId, ...shown } = stage
  return { temporaryChannelId: toHex(temporaryChannelId), peer: toHex(remoteNodeId), ...shown }
}

const stageOf = (durable: Channel) => {
  switch (durable.phase) {
    case 'wait-for-open-answer':
      return { ...termsOf(durable), initiator: 'local', waitsFor: 'peer-answer' } as const
    case 'wait-for-funding':
      return { ...termsOf(durable), initiator: 'local', waitsFor: 'wallet' } as const
    case 'wait-for-funding-signed': {
      const { ids, unsigned } = durable
      const fundingSat = fundings(unsigned)[0]?.amount ?? 0n
      return { temporaryChannelId: ids.channelId, fundingSat, initiator: 'local', waitsFor: 'peer-signature' } as const
    }
    case 'wait-for-decision':
      return { ...termsOf(durable), initiator: 'remote', waitsFor: 'decision' } as const
    case 'wait-for-funding-created':
      return { ...termsOf(durable), initiator: 'remote', waitsFor: 'peer-funding' } as const
    default:
      return undefined
  }
}

const termsOf = ({ open }: Extract<Channel, { open: unknown }>) => ({
  temporaryChannelId: open.temporaryChannelId,
  fundingSat: open.fundingSatoshis,
})
