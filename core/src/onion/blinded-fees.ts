import { err, ok, type Result } from '../lib/result.ts'
import type { BlockDelta, Msat, Ppm } from '../lib/units.ts'
import type { PaymentRelay } from './encrypted-data.ts'

// BOLT 4, requirements for the creator of `encrypted_recipient_data`, and for its reader: what a payment costs along a blinded path.

const MILLION = 1_000_000n

/** What a node passes on of what reaches it, or `undefined` if that is less than its base fee. */
export const forwardedAmount = (relay: PaymentRelay, amountMsat: Msat): Msat | undefined => {
  const afterBase = amountMsat - BigInt(relay.feeBaseMsat)
  if (afterBase < 0n) return undefined
  const divisor = MILLION + BigInt(relay.feeProportionalMillionths)
  return (afterBase * MILLION + divisor - 1n) / divisor
}

/** What the payer is told of a whole path, from the first node on: each number as large as its field in BOLT 12 holds. */
export interface PathCosts {
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: Ppm
  readonly cltvExpiryDelta: BlockDelta
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
}

/** One relay of a path: what it asks, and what the channel out of it carries. */
export interface PathRelay {
  readonly relay: PaymentRelay
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
}

/** What the recipient of a path asks for, and takes in one HTLC. */
export interface PathEnd {
  readonly minFinalCltvExpiryDelta: BlockDelta
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
}

/**
 * The costs of a path of these relays, in the order of travel. A path that costs more than can be said is refused.
 */
export const pathCosts = (
  relays: readonly PathRelay[],
  recipient: PathEnd,
): Result<PathCosts, { readonly code: 'path-too-costly' }> => {
  let base = 0n
  let proportional = 0n
  let cltvExpiryDelta = recipient.minFinalCltvExpiryDelta
  let { htlcMinimumMsat } = recipient
  for (const { relay, htlcMinimumMsat: least } of relays.toReversed()) {
    const ownBase = BigInt(relay.feeBaseMsat)
    const own = BigInt(relay.feeProportionalMillionths)
    base = (ownBase * MILLION + base * (MILLION + own) + MILLION - 1n) / MILLION
    proportional = ((proportional + own) * MILLION + proportional * own + MILLION - 1n) / MILLION
    cltvExpiryDelta += relay.cltvExpiryDelta
    if (least > htlcMinimumMsat) htlcMinimumMsat = least
  }
  if (base > 0xffffffffn || proportional > 0xffffffffn || cltvExpiryDelta > 0xffff)
    return err({ code: 'path-too-costly' })
  return ok({
    feeBaseMsat: Number(base),
    feeProportionalMillionths: Number(proportional),
    cltvExpiryDelta,
    htlcMinimumMsat,
    htlcMaximumMsat: mostReceived(relays, recipient.htlcMaximumMsat),
  })
}

/** What can reach the recipient: over each channel goes what it receives and the fees that are still to be paid. */
const mostReceived = (relays: readonly PathRelay[], atRecipient: Msat): Msat => {
  const [first, ...others] = relays
  if (first === undefined) return atRecipient
  let most = first.htlcMaximumMsat
  for (const { relay, htlcMaximumMsat } of others) most = lesser(forwardedAmount(relay, most) ?? 0n, htlcMaximumMsat)
  return lesser(most, atRecipient)
}

const lesser = (a: Msat, b: Msat): Msat => (a < b ? a : b)
