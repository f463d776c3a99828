import { NETWORKS, type NetworkName } from '../bitcoin/network.ts'
import { invariant } from '../lib/errors.ts'
import { err, ok, type Result } from '../lib/result.ts'
import type { Msat } from '../lib/units.ts'
import type { InvoiceError } from './invoice.ts'

const MSAT_PER_BTC = 100_000_000_000n
const MAX_MSAT = 21_000_000n * MSAT_PER_BTC

// Millisatoshis per unit, the largest first. One pico-bitcoin is a tenth of a millisatoshi.
const MULTIPLIERS = [
  ['', MSAT_PER_BTC],
  ['m', 100_000_000n],
  ['u', 100_000n],
  ['n', 100n],
] as const

const networkByPrefix = new Map(Object.values(NETWORKS).map(({ name, bolt11Prefix }) => [bolt11Prefix, name]))

/** What an invoice says before its separator. */
export interface Prefix {
  readonly network: NetworkName
  readonly amountMsat?: Msat
}

/** Reads the part before the separator: the network's prefix, then the amount, if any. */
export const parsePrefix = (text: string): Result<Prefix, InvoiceError> => {
  const [, prefix = '', amount = ''] = /^(\D*)(.*)$/.exec(text) ?? []
  const network = networkByPrefix.get(prefix)
  if (network === undefined) return err({ code: 'unknown-network', prefix })
  if (amount === '') return ok({ network })
  const amountMsat = parseAmount(amount)
  if (amountMsat === undefined) return err({ code: 'invalid-amount', amount })
  // BOLT 11: the amount is the least that is wanted. Of nothing, the payer chooses, as where none is named.
  return ok(amountMsat === 0n ? { network } : { network, amountMsat })
}

// BOLT 11, human-readable part, as its reader: digits, then at most a multiplier; with `p` the last digit must be zero. That
// an amount is positive and begins with no zero is asked of its writer alone.
const parseAmount = (text: string): Msat | undefined => {
  const match = /^(\d+)([munp]?)$/.exec(text)
  if (match === null) return undefined
  const [, digits = '', letter = ''] = match
  const number = BigInt(digits)
  if (letter === 'p' && number % 10n !== 0n) return undefined
  const unit = MULTIPLIERS.find(([name]) => name === letter)?.[1]
  const amountMsat = unit === undefined ? number / 10n : number * unit
  return amountMsat > MAX_MSAT ? undefined : amountMsat
}

/** Writes the part before the separator, the amount as short as can be. */
export const formatPrefix = ({ network, amountMsat }: Prefix): string => {
  const prefix = NETWORKS[network].bolt11Prefix
  if (amountMsat === undefined) return prefix
  const amount = amountMsat
  invariant(amount > 0n && amount <= MAX_MSAT, 'an invoice is for an amount that cannot be')
  for (const [letter, unit] of MULTIPLIERS) if (amount % unit === 0n) return `${prefix}${amount / unit}${letter}`
  return `${prefix}${amount * 10n}p`
}
