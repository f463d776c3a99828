/** One record of a TLV stream that its reader gives no meaning to (BOLT 1). Its type is odd. */
export interface TlvRecord {
  /** u64. */
  readonly type: bigint
  readonly value: Uint8Array
}

/** What every message and TLV stream keeps beside the fields it knows, so that encoding it again yields the same bytes. */
export interface WithUnknownTlvs {
  /** In increasing order of type; absent when there are none. */
  readonly unknownTlvs?: readonly TlvRecord[]
}
