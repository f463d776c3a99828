/** Why bytes are invalid, and in which field. */
export interface WireError {
  readonly code: WireErrorCode
  /** From the message inwards, as `update_add_htlc.pathKey`; empty when there is no field. */
  readonly path: string
}

export type WireErrorCode =
  /** The bytes end before the field does. */
  | 'truncated'
  /** Bytes follow what should be the end. */
  | 'trailing-bytes'
  | 'non-canonical-bigsize'
  /** A truncated integer begins with a zero byte. */
  | 'non-minimal-integer'
  | 'tlv-out-of-order'
  | 'tlv-duplicate'
  /** A record that must be understood, and is not. */
  | 'tlv-unknown-even'
  /** The record's length is not that of its value. */
  | 'tlv-length-mismatch'
  /** Not the compressed form of a point (the curve equation is not checked here). */
  | 'invalid-point'
  /** A value outside what its field allows. */
  | 'invalid-value'
  /** A message that must be understood, and is not. */
  | 'unknown-even-message'
