import type { Msat, Ppm } from '../lib/units.ts'

/** What a node asks to relay: a base, and a part of the amount that it relays. */
export interface RelayFee {
  readonly feeBaseMsat: Msat | number
  readonly feeProportionalMillionths: Ppm
}

const MILLION = 1_000_000n

/** BOLT 7, HTLC fees: for relaying `amountMsat` onwards, rounded down. */
export const relayFee = ({ feeBaseMsat, feeProportionalMillionths }: RelayFee, amountMsat: Msat): Msat =>
  BigInt(feeBaseMsat as bigint | number) + (amountMsat * BigInt(feeProportionalMillionths)) / MILLION

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
