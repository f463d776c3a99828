import { invariant } from '../../lib/errors.ts'
import { decodeWith, encodeWith } from '../../wire/codec/codec.ts'
import { restBytes, tu64 } from '../../wire/codec/primitives.ts'
import { tlv, tlvStream } from '../../wire/codec/tlv-stream.ts'
import type { WithUnknownTlvs } from '../../wire/tlv-record.ts'
import { text } from './fields.ts'

/** BOLT 12, invoice errors: the answer to a request, or to an invoice, that was not taken. */
export interface InvoiceError extends WithUnknownTlvs {
  /** The type of the record that is at fault. */
  readonly erroneousField?: bigint
  /** What it might be instead. */
  readonly suggestedValue?: Uint8Array
  /** For a person. It comes from a stranger: escape it where it is shown. */
  readonly error?: string
}

const stream = tlvStream<InvoiceError>({
  erroneousField: tlv(1, tu64),
  suggestedValue: tlv(3, restBytes),
  error: tlv(5, text),
})

/** Reads an error; `undefined` if it is none. */
export const decodeInvoiceError = (bytes: Uint8Array): InvoiceError | undefined => {
  const decoded = decodeWith(stream, bytes)
  return decoded.ok ? decoded.value : undefined
}

/** The error as an onion message carries it. */
export const encodeInvoiceError = (error: InvoiceError & { readonly error: string }): Uint8Array => {
  const { erroneousField, suggestedValue } = error
  // BOLT 12, the writer: a value is suggested for a field.
  invariant(suggestedValue === undefined || erroneousField !== undefined, 'a value is suggested for some field')
  return encodeWith(stream, error)
}
