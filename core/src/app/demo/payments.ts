import type { EventPayload } from '@fulgurite/plugin-sdk/contract'
import { FailureError, invariant } from '../../lib/errors.ts'
import type { KnownNode } from '../devnet/devnet-node.ts'
import type { BalanceSheet } from './balance-sheet.ts'

/** The channels of the demonstration: every other node has one with us. */
export type Spokes = ReadonlyMap<KnownNode, string>

export interface PaidInvoice {
  readonly paymentHash: string
  readonly from: KnownNode
  readonly to: KnownNode
  readonly amountMsat: bigint
  readonly feesMsat: bigint
}

/** Makes an invoice at one node, pays it from another, and updates the sheet. `undefined` if the payment failed. */
export const payInvoice = async (
  hub: KnownNode,
  spokes: Spokes,
  sheet: BalanceSheet,
  { from, to, amountMsat }: Pick<PaidInvoice, 'from' | 'to' | 'amountMsat'>,
): Promise<PaidInvoice | undefined> => {
  const { invoice } = await to.client.ask('invoices', 'create', {
    amountMsat,
    description: `${from.name} to ${to.name}`,
  })
  const paid = await from.client.tryAsk('payments', 'payInvoice', { invoice: invoice.invoice })
  if (!paid.ok) {
    // Then it is not known whether the payment succeeded, and the balances must not be guessed.
    if (paid.error.code === 'outcome-unknown')
      throw new FailureError({ code: 'took-too-long', what: 'a payment', seconds: 60 })
    return undefined
  }
  const { feesMsat, paymentHash } = paid.value.payment
  const hop = (spoke: KnownNode): string => {
    const channelId = spokes.get(spoke)
    invariant(channelId !== undefined, 'each spoke has a channel with us')
    return channelId
  }
  if (from !== hub) sheet.move({ channelId: hop(from), payer: from.name, amountMsat: amountMsat + feesMsat })
  if (to !== hub) sheet.move({ channelId: hop(to), payer: hub.name, amountMsat })
  return { paymentHash, from, to, amountMsat, feesMsat }
}

/** A fee that a channel has charged. */
interface Policy {
  readonly feeBaseMsat: bigint
  readonly feeProportionalMillionths: number
}

/** Whether the relaying node reports the same about a payment as its sender, and charged what it had announced. */
export const relayMatches = (
  { amountMsat, feesMsat }: PaidInvoice,
  relayed: EventPayload<'payment.relayed'> | undefined,
  policies: readonly Policy[],
): boolean => {
  if (relayed === undefined) return false
  const total = (htlcs: readonly { readonly amountMsat: bigint }[]): bigint =>
    htlcs.reduce((sum, htlc) => sum + htlc.amountMsat, 0n)
  return (
    total(relayed.incoming) === amountMsat + feesMsat &&
    total(relayed.outgoing) === amountMsat &&
    relayed.feeMsat === feesMsat &&
    policies.some((policy) => relayFeeMsat(policy, amountMsat) === feesMsat)
  )
}

/** BOLT 7, HTLC fees: a base, and a part of the amount that goes out. */
const relayFeeMsat = ({ feeBaseMsat, feeProportionalMillionths }: Policy, amountMsat: bigint): bigint =>
  feeBaseMsat + (amountMsat * BigInt(feeProportionalMillionths)) / 1_000_000n
