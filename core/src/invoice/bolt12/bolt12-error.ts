import type { WireError } from '../../wire/wire-error.ts'
import type { Bolt12Invoice } from './fields.ts'
import type { Bolt12StringError } from './strings.ts'

/** A field by its name in BOLT 12, in our spelling. */
export type Bolt12Field = keyof Omit<Bolt12Invoice, 'unknownTlvs'>

/** What is wrong with an offer, a request or an invoice. */
export type Bolt12Error =
  | Bolt12StringError
  /** No stream of records, or a field of it is not what its type demands. */
  | { readonly code: 'malformed'; readonly error: WireError }
  /** A record that has no place in such a stream. */
  | { readonly code: 'type-out-of-range'; readonly type: bigint }
  | { readonly code: 'missing-field'; readonly field: Bolt12Field }
  /** It must not be there beside the others, or not with this value. */
  | { readonly code: 'invalid-field'; readonly field: Bolt12Field }
  | { readonly code: 'unknown-even-feature'; readonly field: Bolt12Field; readonly bit: number }
  | { readonly code: 'invalid-signature' }
  | { readonly code: 'wrong-chain' }
  | { readonly code: 'expired' }
  /** The amount is in a currency that we do not convert. */
  | { readonly code: 'unknown-currency'; readonly currency: string }
