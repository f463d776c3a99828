import type { Signature } from '../lib/ids.ts'
import type { Codec } from './codec/codec.ts'
import { mapped } from './codec/combinators.ts'
import { signature } from './codec/primitives.ts'

/**
 * One side's signature for a spend of the funding output: of a commitment or of a closing transaction. Taproot channels will add MuSig2
 * partial signatures with their nonce, which travel in a TLV beside an empty field.
 */
export interface FundingSignature {
  readonly type: 'ecdsa'
  readonly signature: Signature
}

export const ecdsa = (compact: Signature): FundingSignature => ({ type: 'ecdsa', signature: compact })

/** The field of a message, and of rows of a format that signs with ECDSA. */
export const fundingSignature: Codec<FundingSignature> = mapped(signature, ecdsa, ({ signature: compact }) => compact)

/** The field of a message until the signer has filled it in. */
export const NO_FUNDING_SIGNATURE: FundingSignature = ecdsa(new Uint8Array(64))
