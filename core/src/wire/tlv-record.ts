/**
 * One record of a TLV stream that its reader gives no meaning to (BOLT 1). Its type is odd, but in the messages that keep
 * even ones, too (`KeepEven`): there `evenTypes` must be asked.
 */
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

/** The records that must be understood, and are not. What they are part of must be refused. */
export const evenTypes = ({ unknownTlvs = [] }: WithUnknownTlvs): readonly bigint[] =>
  unknownTlvs.flatMap(({ type }) => ((type & 1n) === 0n ? [type] : []))
