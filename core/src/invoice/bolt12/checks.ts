import { NETWORKS } from '../../bitcoin/network.ts'
import { equalBytes } from '../../lib/bytes.ts'
import type { Msat } from '../../lib/units.ts'
import type { FeatureVector } from '../../wire/feature-vector.ts'
import { hasBit } from '../../wire/features.ts'
import type { WithUnknownTlvs } from '../../wire/tlv-record.ts'
import type { Bolt12Error, Bolt12Field } from './bolt12-error.ts'
import type { Offer } from './fields.ts'

// What the readers of all three streams check.

export const missing = (field: Bolt12Field): Bolt12Error => ({ code: 'missing-field', field })

export const invalid = (field: Bolt12Field): Bolt12Error => ({ code: 'invalid-field', field })

/** The first record whose type has no place in the stream. Known fields have theirs by their codec. */
export const outOfRange = (
  { unknownTlvs = [] }: WithUnknownTlvs,
  isAllowed: (type: bigint) => boolean,
): Bolt12Error | undefined => {
  const wrong = unknownTlvs.find(({ type }) => !isAllowed(type))
  return wrong === undefined ? undefined : { code: 'type-out-of-range', type: wrong.type }
}

/** The lowest even bit that is set, apart from those that are known: odd ones may be ignored. */
export const unknownEvenBit = (features: FeatureVector, known: readonly number[] = []): number | undefined => {
  for (let bit = 0; bit < features.length * 8; bit += 2) if (hasBit(features, bit) && !known.includes(bit)) return bit
  return undefined
}

export const unknownFeature = (
  field: Bolt12Field,
  features: FeatureVector | undefined,
  known: readonly number[] = [],
): Bolt12Error | undefined => {
  const bit = features === undefined ? undefined : unknownEvenBit(features, known)
  return bit === undefined ? undefined : { code: 'unknown-even-feature', field, bit }
}

const BITCOIN = NETWORKS.mainnet.chainHash

/** BOLT 12: no chain means Bitcoin. */
export const isChain = (said: Uint8Array | undefined, chainHash: Uint8Array): boolean =>
  equalBytes(said ?? BITCOIN, chainHash)

export const offersChain = ({ offerChains = [BITCOIN] }: Offer, chainHash: Uint8Array): boolean =>
  offerChains.some((chain) => equalBytes(chain, chainHash))

/** Whether the chain has to be said. */
export const isBitcoin = (chainHash: Uint8Array): boolean => equalBytes(chainHash, BITCOIN)

/** All bitcoin that there will ever be: no amount of a payment is larger. */
const MAX_MSAT = 2_100_000_000_000_000_000n

export const isAmount = (amount: Msat): boolean => amount > 0n && amount <= MAX_MSAT
