import type { BlockDelta, Msat, Ppm } from '../lib/units.ts'
import { struct } from '../wire/codec/combinators.ts'
import { u16, u16Bytes, u32, u64 } from '../wire/codec/primitives.ts'
import type { FeatureVector } from '../wire/feature-vector.ts'
import { type BlindedPath, blindedPath } from './blinded-path.ts'

/** BOLT 12, `blinded_payinfo`: what a path costs whoever pays over it. */
export interface BlindedPayinfo {
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: Ppm
  readonly cltvExpiryDelta: BlockDelta
  readonly htlcMinimumMsat: Msat
  readonly htlcMaximumMsat: Msat
  readonly features: FeatureVector
}

/** A way to be paid, and its price. */
export interface PaymentBlindedPath {
  readonly path: BlindedPath
  readonly payinfo: BlindedPayinfo
}

export const blindedPayinfo = struct<BlindedPayinfo>({
  feeBaseMsat: u32,
  feeProportionalMillionths: u32,
  cltvExpiryDelta: u16,
  htlcMinimumMsat: u64,
  htlcMaximumMsat: u64,
  features: u16Bytes,
})

export const paymentBlindedPath = struct<PaymentBlindedPath>({ path: blindedPath, payinfo: blindedPayinfo })
