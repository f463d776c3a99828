import type { NetworkName } from '../bitcoin/network.ts'
import type { NodeId, PaymentHash, ShortChannelId } from '../lib/ids.ts'
import type { BlockDelta, Msat, Ppm, TimestampMs } from '../lib/units.ts'
import type { FeatureVector } from '../wire/feature-vector.ts'
import type { FeatureError } from '../wire/features.ts'

/** One hop of an invoice's `r` field: a channel from `nodeId` towards the payee, and what `nodeId` asks to relay over it. */
export interface RouteHintHop {
  readonly nodeId: NodeId
  readonly shortChannelId: ShortChannelId
  readonly feeBaseMsat: number
  readonly feeProportionalMillionths: Ppm
  readonly cltvExpiryDelta: BlockDelta
}

/** The hops of one `r` field, in the order of travel, at least one. */
export type RouteHint = readonly RouteHintHop[]

/** An on-chain address: a witness version (0 to 16) with its program, or 17 with a key hash, or 18 with a script hash. */
export interface FallbackAddress {
  readonly version: number
  readonly program: Uint8Array
}

/** What a BOLT 11 invoice says, apart from who signed it. */
export interface InvoiceFields {
  readonly network: NetworkName
  /** Absent: the payer chooses. */
  readonly amountMsat?: Msat
  /** Seconds since the Unix epoch (35 bits). */
  readonly timestamp: number
  readonly paymentHash: PaymentHash
  /** 32 bytes. */
  readonly paymentSecret: Uint8Array
  /** What is paid for. It comes from a stranger: escape it where it is shown. Exactly one of this and the hash is there. */
  readonly description?: string
  /** SHA-256 of what is paid for. */
  readonly descriptionHash?: Uint8Array
  /** Seconds from `timestamp` on: at most `MAX_EXPIRY_SECONDS`, which stands for all that is longer. */
  readonly expirySeconds: number
  readonly minFinalCltvExpiryDelta: BlockDelta
  readonly features: FeatureVector
  readonly routeHints: readonly RouteHint[]
  readonly fallbackAddresses: readonly FallbackAddress[]
  /** To be given back to the payee in the onion. */
  readonly paymentMetadata?: Uint8Array
}

/** A BOLT 11 invoice whose signature is valid. */
export interface Invoice extends InvoiceFields {
  readonly payeeNodeId: NodeId
}

/** A field by its letter in BOLT 11. */
export type InvoiceField = 'p' | 's' | 'd' | 'h' | 'n' | 'x' | 'c' | 'f' | 'r' | '9' | 'm'

export type InvoiceError =
  /** No separator, a character outside of the alphabet, or upper and lower case mixed. */
  | { readonly code: 'invalid-bech32' }
  | { readonly code: 'invalid-checksum' }
  /** The part before the separator does not begin with a network's prefix. */
  | { readonly code: 'unknown-network'; readonly prefix: string }
  | { readonly code: 'wrong-network'; readonly expected: NetworkName; readonly actual: NetworkName }
  /** Not a number with a known multiplier, below a millisatoshi, or more than there will ever be. */
  | { readonly code: 'invalid-amount'; readonly amount: string }
  /** No room for the time and the signature, or a field that ends past them. */
  | { readonly code: 'too-short' }
  | { readonly code: 'missing-field'; readonly field: InvoiceField }
  | { readonly code: 'invalid-field'; readonly field: InvoiceField }
  /** A number that begins with zeroes. */
  | { readonly code: 'non-minimal-field'; readonly field: InvoiceField }
  | { readonly code: 'invalid-signature' }
  | FeatureError

/** BOLT 11: what an invoice without the field means. */
export const DEFAULT_EXPIRY_SECONDS = 3600
/** BOLT 11: what an invoice without the field means. */
export const DEFAULT_MIN_FINAL_CLTV_EXPIRY_DELTA = 18

/** BOLT 11 sets no bound: 139,000 years are practically for ever, and every time computed from them is still a date. */
export const MAX_EXPIRY_SECONDS = 2 ** 42
/** BOLT 11 sets no bound: block heights have 32 bits. */
export const MAX_MIN_FINAL_CLTV_EXPIRY_DELTA = 0xffffffff

/** When the invoice expires. */
export const invoiceExpiresAt = ({
  timestamp,
  expirySeconds,
}: Pick<InvoiceFields, 'timestamp' | 'expirySeconds'>): TimestampMs => (timestamp + expirySeconds) * 1000

/** Whether the invoice should be neither paid nor accepted any more (BOLT 11). */
export const isExpired = (invoice: Pick<InvoiceFields, 'timestamp' | 'expirySeconds'>, now: TimestampMs): boolean =>
  now >= invoiceExpiresAt(invoice)
