import { isFunded } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatShortChannelId } from '../../lib/ids.ts'
import type { RelayRecord, RelayReport } from '../../payment/relay/relay-protocol.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { EventToTell } from '../events/alongside.ts'

export interface RelayEventServices {
  readonly clock: Clock
  readonly channelDirectory: ChannelDirectory
}

/** How a relay ended, in the contract's terms. */
export const relayEvent = (report: RelayReport, { clock, channelDirectory }: RelayEventServices): EventToTell => {
  if (report.type === 'relayed') {
    const { record, feeMsat } = report
    return {
      name: 'payment.relayed',
      payload: {
        paymentHash: toHex(record.paymentHash),
        feeMsat,
        incoming: [describe(record.incoming, channelDirectory)],
        outgoing: [describe(record.outgoing, channelDirectory)],
        startedAt: record.startedAt,
        settledAt: clock.now(),
      },
    }
  }
  const { paymentHash, incoming, record, requested, source, code } = report
  return {
    name: 'payment.relay-failed',
    causedBy: peerOf(incoming, channelDirectory),
    payload: {
      paymentHash: toHex(paymentHash),
      incoming: [describe(incoming, channelDirectory)],
      outgoing: record === undefined ? [] : [describe(record.outgoing, channelDirectory)],
      requested: {
        shortChannelId: formatShortChannelId(requested.shortChannelId),
        amountMsat: requested.amountMsat,
        cltvExpiry: requested.cltvExpiry,
      },
      source: source === 'us' ? 'local' : 'remote',
      code: (code ?? 'unreadable').replaceAll('_', '-'),
    },
  }
}

const peerOf = ({ channelId }: RelayRecord['outgoing'], directory: ChannelDirectory) =>
  directory.get(channelId)?.remoteNodeId ?? new Uint8Array(33)

const describe = (htlc: RelayRecord['outgoing'], directory: ChannelDirectory) => {
  const { channelId, htlcId, amountMsat, cltvExpiry } = htlc
  const durable = directory.get(channelId)?.state.durable
  const scid = durable !== undefined && isFunded(durable) ? durable.shortIds.real : undefined
  return {
    channelId: toHex(channelId),
    peer: toHex(peerOf(htlc, directory)),
    ...(scid === undefined ? {} : { shortChannelId: formatShortChannelId(scid) }),
    htlcId: Number(htlcId ?? 0n),
    amountMsat,
    cltvExpiry,
  }
}
