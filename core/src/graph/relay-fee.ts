import type { Msat, Ppm } from '../lib/units.ts'

/** What a node asks to relay: a base, and a part of the amount that it relays. */
export interface RelayFee {
  readonly feeBaseMsat: Msat | number
  readonly feeProportionalMillionths: Ppm
}

/** bLIP 18: what a node asks, or gives back if negative, for what comes in over a channel. */
export interface InboundFee {
  readonly inboundFeeBaseMsat: number
  readonly inboundFeeProportionalMillionths: number
}

const MILLION = 1_000_000n

/** BOLT 7, HTLC fees: for relaying `amountMsat` onwards, rounded down. */
export const relayFee = ({ feeBaseMsat, feeProportionalMillionths }: RelayFee, amountMsat: Msat): Msat =>
  BigInt(feeBaseMsat as bigint | number) + (amountMsat * BigInt(feeProportionalMillionths)) / MILLION

/**
 * What has to reach a node that sends `amountMsat` on. BLIP 18: the inbound fee is reckoned from the amount and the outbound fee, and is rounded
 * by itself: towards zero here, so that no node, whichever way it rounds, gets too little. Nobody sends on more than it gets.
 */
export const receivedToRelay = (outbound: RelayFee, inbound: InboundFee, amountMsat: Msat): Msat => {
  const net = amountMsat + relayFee(outbound, amountMsat)
  const proportional = (net * BigInt(inbound.inboundFeeProportionalMillionths)) / MILLION
  const received = net + BigInt(inbound.inboundFeeBaseMsat) + proportional
  return received < amountMsat ? amountMsat : received
}

/** The most that a node relays onwards of what it receives, its fee taken off; negative if not even the base is covered. */
export const relayedAfterFee = (fee: RelayFee, receivedMsat: Msat): Msat => {
  const received = receivedMsat
  const base = BigInt(fee.feeBaseMsat as bigint | number)
  if (received < base) return -1n
  let relayed = ((received - base) * MILLION) / (MILLION + BigInt(fee.feeProportionalMillionths))
  // The fee is rounded down, so one more may still fit.
  while (relayed + 1n + relayFee(fee, relayed + 1n) <= received) relayed += 1n
  return relayed
}
