/**
 * One record of a TLV stream that its reader does not know (BOLT 1). Its type is odd; messages that keep even types (`KeepEven`) may also
 * have even ones, for which `evenTypes` must be asked.
 */
export interface TlvRecord {
  /** u64. */
  readonly type: bigint
  readonly value: Uint8Array
}

/** What every message and TLV stream keeps besides its known fields, so that encoding it again yields the same bytes. */
export interface WithUnknownTlvs {
  /** In increasing order of type; absent when there are none. */
  readonly unknownTlvs?: readonly TlvRecord[]
}

/** The records that must be understood, and are not. The message or HTLC that contains them must be refused. */
export const evenTypes = ({ unknownTlvs = [] }: WithUnknownTlvs): readonly bigint[] =>
  unknownTlvs.flatMap(({ type }) => ((type & 1n) === 0n ? [type] : []))
