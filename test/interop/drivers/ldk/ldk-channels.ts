import type * as ldk from 'lightningdevkit'
import { formatOutPoint } from '../../../../core/src/bitcoin/transaction.ts'
import { toHex } from '../../../../core/src/lib/bytes.ts'
import { isAbsent, optional, optionalNumber } from './ldk-values.ts'

export interface LdkChannel {
  readonly channelId: string
  readonly peer: string
  readonly isOpener: boolean
  readonly isReady: boolean
  readonly isUsable: boolean
  readonly capacitySat: bigint
  /** All that is LDK's, HTLCs in flight apart. LDK tells no balance below the reserve: 0 stands for all of these. */
  readonly localMsat: bigint
  readonly outboundMsat: bigint
  readonly inboundMsat: bigint
  /** Of the commitments. */
  readonly feeratePerKw: number | undefined
  /** What the peer's `channel_update` asks of those who pay LDK through the peer. */
  readonly peerPolicy: LdkPeerPolicy | undefined
  readonly fundingOutpoint: string | undefined
  readonly shortChannelId: bigint | undefined
  /** What the peer calls the channel: the alias by which it may be paid. */
  readonly inboundAlias: bigint | undefined
  readonly pendingHtlcs: number
}

interface LdkPeerPolicy {
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: number
  readonly cltvExpiryDelta: number
}

export const channelOf = (details: ldk.ChannelDetails): LdkChannel => {
  // The bindings give null where no funding exists yet, whatever their types say.
  const funding = details.get_funding_txo() as ldk.OutPoint | null
  return {
    channelId: toHex(details.get_channel_id().get_a()),
    peer: toHex(details.get_counterparty().get_node_id()),
    isOpener: Boolean(details.get_is_outbound()),
    isReady: Boolean(details.get_is_channel_ready()),
    isUsable: Boolean(details.get_is_usable()),
    capacitySat: details.get_channel_value_satoshis(),
    localMsat: balanceOf(details),
    outboundMsat: details.get_outbound_capacity_msat(),
    inboundMsat: details.get_inbound_capacity_msat(),
    feeratePerKw: optionalNumber(details.get_feerate_sat_per_1000_weight()),
    peerPolicy: peerPolicyOf(details),
    fundingOutpoint:
      funding === null ? undefined : formatOutPoint({ txid: funding.get_txid(), index: funding.get_index() }),
    shortChannelId: optional(details.get_short_channel_id()),
    inboundAlias: optional(details.get_inbound_scid_alias()),
    pendingHtlcs: details.get_pending_inbound_htlcs().length + details.get_pending_outbound_htlcs().length,
  }
}

// LDK counts what may be sent: what is left of its balance above the reserve that the peer asks for.
const balanceOf = (details: ldk.ChannelDetails): bigint => {
  const outbound = details.get_outbound_capacity_msat()
  return outbound === 0n ? 0n : outbound + (optional(details.get_unspendable_punishment_reserve()) ?? 0n) * 1000n
}

const peerPolicyOf = (details: ldk.ChannelDetails): LdkPeerPolicy | undefined => {
  const info = details.get_counterparty().get_forwarding_info()
  return isAbsent(info)
    ? undefined
    : {
        feeBaseMsat: info.get_fee_base_msat(),
        feeProportionalMillionths: info.get_fee_proportional_millionths(),
        cltvExpiryDelta: info.get_cltv_expiry_delta(),
      }
}
