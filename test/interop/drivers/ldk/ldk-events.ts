import * as ldk from 'lightningdevkit'
import { toHex } from '../../../../core/src/lib/bytes.ts'
import { optional } from './ldk-values.ts'

/** What LDK reported, in order, with ids in hexadecimal and amounts in millisatoshis. */
export type LdkEvent =
  | { readonly type: 'channel-pending'; readonly channelId: string; readonly peer: string }
  | { readonly type: 'channel-ready'; readonly channelId: string; readonly peer: string }
  | { readonly type: 'channel-closed'; readonly channelId: string; readonly reason: string }
  | { readonly type: 'open-failed'; readonly reason: string }
  | { readonly type: 'payment-claimable'; readonly paymentHash: string; readonly amountMsat: bigint }
  | { readonly type: 'payment-claimed'; readonly paymentHash: string; readonly amountMsat: bigint }
  | {
      readonly type: 'payment-sent'
      /** What LDK was asked with: the hash, where that was known. */
      readonly paymentId: string
      readonly paymentHash: string
      readonly preimage: string
      readonly feeMsat: bigint
    }
  | { readonly type: 'payment-failed'; readonly paymentId: string; readonly reason: string }
  | { readonly type: 'payment-forwarded'; readonly amountMsat: bigint; readonly feeMsat: bigint }
  | { readonly type: 'htlc-failed' }
  | { readonly type: 'swept'; readonly outputs: number }
  | { readonly type: 'other'; readonly name: string }

export const reported = (event: ldk.Event): LdkEvent => {
  if (event instanceof ldk.Event_ChannelPending)
    return {
      type: 'channel-pending',
      channelId: toHex(event.channel_id.get_a()),
      peer: toHex(event.counterparty_node_id),
    }
  if (event instanceof ldk.Event_ChannelReady)
    return {
      type: 'channel-ready',
      channelId: toHex(event.channel_id.get_a()),
      peer: toHex(event.counterparty_node_id),
    }
  if (event instanceof ldk.Event_ChannelClosed)
    return { type: 'channel-closed', channelId: toHex(event.channel_id.get_a()), reason: event.reason.to_str() }
  if (event instanceof ldk.Event_PaymentClaimed)
    return { type: 'payment-claimed', paymentHash: toHex(event.payment_hash), amountMsat: event.amount_msat }
  if (event instanceof ldk.Event_PaymentSent)
    return {
      type: 'payment-sent',
      paymentId: event.payment_id instanceof ldk.Option_ThirtyTwoBytesZ_Some ? toHex(event.payment_id.some) : '',
      paymentHash: toHex(event.payment_hash),
      preimage: toHex(event.payment_preimage),
      feeMsat: optional(event.fee_paid_msat) ?? 0n,
    }
  if (event instanceof ldk.Event_PaymentFailed)
    return { type: 'payment-failed', paymentId: toHex(event.payment_id), reason: failureReason(event.reason) }
  if (event instanceof ldk.Event_PaymentForwarded)
    return {
      type: 'payment-forwarded',
      amountMsat: optional(event.outbound_amount_forwarded_msat) ?? 0n,
      feeMsat: optional(event.total_fee_earned_msat) ?? 0n,
    }
  if (event instanceof ldk.Event_HTLCHandlingFailed) return { type: 'htlc-failed' }
  return { type: 'other', name: event.constructor.name }
}

const failureReason = (reason: ldk.Option_PaymentFailureReasonZ): string =>
  reason instanceof ldk.Option_PaymentFailureReasonZ_Some ? (ldk.PaymentFailureReason[reason.some] ?? '') : ''

export const describe = (event: LdkEvent | undefined): string =>
  event === undefined ? 'nothing' : Object.values(event).map(String).join(' ')
