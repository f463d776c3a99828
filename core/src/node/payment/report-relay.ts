import { isFunded } from '../../channel/index.ts'
import { toHex } from '../../lib/bytes.ts'
import type { Clock } from '../../lib/clock.ts'
import { formatShortChannelId } from '../../lib/ids.ts'
import type { OutgoingHtlc, RelayReport } from '../../payment/relay/relay-protocol.ts'
import type { ChannelDirectory } from '../channel/channel-directory.ts'
import type { EventToTell } from '../events/alongside.ts'

export interface RelayEventServices {
  readonly clock: Clock
  readonly channelDirectory: ChannelDirectory
}

/** Of an HTLC of ours, by its id: the operator has lost money. */
export const paidTooLate = (htlcId: number | bigint | undefined): string =>
  `the HTLC ${htlcId} of this channel was paid after the one that it was relayed for had to be given back: its amount is lost`

/** In place of `payment.relayed`: the HTLC was paid further on, and the one that it was relayed for cannot be taken any more. */
export const unpaidEvents = (
  { record }: Extract<RelayReport, { readonly type: 'relayed' }>,
  services: RelayEventServices,
): readonly EventToTell[] => {
  const { incoming, outgoing, requested: next, paymentHash } = record
  const requested = { ...outgoing[0], next }
  const failed = { type: 'relay-failed', paymentHash, incoming, record, requested, source: 'us' } as const
  // No peer can cause it at no cost, and its loss must be told.
  const { causedBy: _, ...told } = relayEvent({ ...failed, code: 'paid_too_late' }, services)
  const { channelId, peer, htlcId } = describeRelayed(outgoing[0], services.channelDirectory)
  const lost = { channelId, peer, source: 'local', code: 'htlc-paid-too-late', text: paidTooLate(htlcId) } as const
  return [told, { name: 'channel.errored', payload: lost }]
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
        incoming: record.incoming.map((htlc) => describeRelayed(htlc, channelDirectory)),
        outgoing: record.outgoing.map((htlc) => describeRelayed(htlc, channelDirectory)),
        startedAt: record.startedAt,
        settledAt: clock.now(),
      },
    }
  }
  const { paymentHash, incoming, record, requested, source, code, by } = report
  return {
    name: 'payment.relay-failed',
    causedBy: peerOf(incoming[0], channelDirectory),
    payload: {
      paymentHash: toHex(paymentHash),
      incoming: incoming.map((htlc) => describeRelayed(htlc, channelDirectory)),
      outgoing: (record?.outgoing ?? []).map((htlc) => describeRelayed(htlc, channelDirectory)),
      requested: {
        ...(requested.next.type === 'channel'
          ? { shortChannelId: formatShortChannelId(requested.next.shortChannelId) }
          : { nodeId: toHex(requested.next.nodeId) }),
        amountMsat: requested.amountMsat,
        cltvExpiry: requested.cltvExpiry,
      },
      source: source === 'us' ? 'local' : 'remote',
      code: (code ?? 'unreadable').replaceAll('_', '-'),
      ...(by === undefined ? {} : { plugin: by }),
    },
  }
}

export const peerOf = ({ channelId }: OutgoingHtlc, directory: ChannelDirectory) =>
  directory.get(channelId)?.remoteNodeId ?? new Uint8Array(33)

/** An HTLC of a relay in the contract's terms. */
export const describeRelayed = (htlc: OutgoingHtlc, directory: ChannelDirectory) => {
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
