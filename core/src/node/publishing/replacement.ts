import type { FeeratePerKw, Sat } from '../../lib/units.ts'

/** What a transaction pays by itself, its parents aside. */
export interface Paid {
  readonly fee: Sat
  readonly weight: number
}

/** bitcoind's `incrementalrelayfee` up to version 29, in satoshis per vbyte. Later versions ask for less. */
const INCREMENTAL_RELAY_FEE = 1n

const WITNESS_SCALE = 4

/**
 * Whether nodes take one of our transactions in the place of another. BIP 125, rules 3 and 4: it pays at least what it evicts, and on top
 * of that for its own relay. bitcoind's mempool policy asks for a higher rate as well, so that no block is worth less for it. The other
 * rules hold by construction: a replacement spends the same output, adds no unconfirmed input (rule 2), and evicts one transaction (rule 5).
 */
export const mayReplace = (old: Paid, next: Paid): boolean => {
  const vsize = BigInt(Math.ceil(next.weight / WITNESS_SCALE))
  const paysForRelay = next.fee >= old.fee + INCREMENTAL_RELAY_FEE * vsize
  return paysForRelay && next.fee * BigInt(old.weight) > old.fee * BigInt(next.weight)
}

/** A replacement costs signatures, a write and the network's patience: it comes with a tenth more at least, or with all that may be paid. */
export const isWorthReplacing = (paid: FeeratePerKw, wanted: FeeratePerKw, isAllThere: boolean): boolean =>
  isAllThere ? wanted > paid : wanted >= paid + Math.ceil(paid / 10)
