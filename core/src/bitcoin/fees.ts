import type { FeeratePerKw, Sat } from '../lib/units.ts'
import { outputType } from './script.ts'
import { compactSizeLength } from './serialization.ts'

/** BOLT 2, `update_fee`: the lowest rate that relays, 1 sat per vbyte after rounding. */
export const FEERATE_FLOOR: FeeratePerKw = 253

/** The weight of version, marker, flag, locktime and the two counts of a transaction with witnesses, up to 252 of each. */
export const TX_OVERHEAD_WEIGHT = 42

/** The weight of an input before its witness: outpoint, empty script, sequence. */
export const BARE_INPUT_WEIGHT = 164

/** A spend of `p2wpkh` with the longest low-S signature: an input and its witness. */
export const P2WPKH_INPUT_WEIGHT = BARE_INPUT_WEIGHT + 108

/** A spend of `p2tr` by its key with the default sighash type. */
export const P2TR_INPUT_WEIGHT = BARE_INPUT_WEIGHT + 66

/** The weight that an output adds. */
export const outputWeight = (script: Uint8Array): number => 4 * (8 + compactSizeLength(script.length) + script.length)

/** The weight of a witness: its items behind their lengths, and their number. */
export const witnessWeight = (itemLengths: readonly number[]): number =>
  itemLengths.reduce((sum, length) => sum + compactSizeLength(length) + length, compactSizeLength(itemLengths.length))

/** BOLT 3, fee calculation: rate times weight over 1000, rounded down. */
export const feeForWeight = (feerate: FeeratePerKw, weight: number): Sat => (BigInt(feerate) * BigInt(weight)) / 1000n

/**
 * The least fee that nodes relay where `minimum` is what a sender should pay: that is rounded up from whole satoshis for a vbyte, 253 from
 * 250.
 */
export const leastRelayedFee = (minimum: FeeratePerKw, weight: number): Sat =>
  feeForWeight(Math.floor((minimum * 250) / FEERATE_FLOOR), weight)

/** The rate that a fee pays, rounded down. */
export const feerateOf = (fee: Sat, weight: number): FeeratePerKw => Number((fee * 1000n) / BigInt(weight))

/** In satoshis per vbyte, with its fraction. */
export const satPerVbyte = (feerate: FeeratePerKw): number => feerate / 250

/** From bitcoind's BTC per 1000 vbytes, rounded up. */
export const feerateFromBtcPerKvb = (btcPerKvb: number): FeeratePerKw => Math.ceil(Math.round(btcPerKvb * 1e8) / 4)

/** BOLT 3, dust limits: below it nodes do not relay an output of this script. */
export const dustLimit = (script: Uint8Array): Sat => {
  switch (outputType(script)) {
    case 'p2pkh':
      return 546n
    case 'p2sh':
      return 540n
    case 'p2wpkh':
      return 294n
    case 'p2wsh':
    case 'p2tr':
      return 330n
    case 'p2a':
      return 240n
    case 'op-return':
      return 0n
    case 'future-witness':
      return 354n
    case 'non-standard':
      return 546n
  }
}
