import { equalBytes } from '../../lib/bytes.ts'
import type { TlvRecord } from '../../wire/tlv-record.ts'
import type { FinalHtlc } from './receive-protocol.ts'

/** BOLT 1, TLV: types from here on are for experiments and custom records, keysend's among them. */
export const FIRST_CUSTOM_TYPE = 65_536n

/** What the payer says to the payee, as far as every part of the payment says the same. An onion has room for 1,300 bytes at most. */
export const customRecords = (payloads: readonly FinalHtlc['payload'][]): readonly TlvRecord[] => {
  const [first, ...others] = payloads.map(recordsOf)
  return (first ?? []).filter(
    ({ type, value }) =>
      type >= FIRST_CUSTOM_TYPE &&
      others.every((records) => records.some((record) => record.type === type && equalBytes(record.value, value))),
  )
}

const recordsOf = (payload: FinalHtlc['payload']): readonly TlvRecord[] =>
  payload.type === 'final' ? (payload.unknownTlvs ?? []) : []
