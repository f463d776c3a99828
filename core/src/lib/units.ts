import type { Flavor } from './flavor.ts'

/** An amount in millisatoshis. */
export type Msat = Flavor<bigint, 'msat'>
/** An amount in satoshis. */
export type Sat = Flavor<bigint, 'sat'>
/** A fee rate in satoshis per 1000 weight units, as BOLT 2 counts it. */
export type FeeratePerKw = Flavor<number, 'sat-per-kw'>
/** The number of a block, counted from the genesis block. */
export type BlockHeight = Flavor<number, 'block-height'>
/** A number of blocks. */
export type BlockDelta = Flavor<number, 'block-delta'>
/** Milliseconds since the Unix epoch. */
export type TimestampMs = Flavor<number, 'timestamp-ms'>
/** Parts per million. */
export type Ppm = Flavor<number, 'ppm'>

export const MSAT_PER_SAT = 1000n

/** The whole amount in millisatoshis. */
export const satToMsat = (amount: Sat): Msat => amount * MSAT_PER_SAT

/** The amount in whole satoshis; what is left below one satoshi counts as one. */
export const msatToSatCeil = (amount: Msat): Sat => (amount + MSAT_PER_SAT - 1n) / MSAT_PER_SAT

/** The amount in whole satoshis; what is left below one satoshi is dropped. */
export const msatToSatFloor = (amount: Msat): Sat => amount / MSAT_PER_SAT
