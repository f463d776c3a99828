import { restBytes } from '../wire/codec/primitives.ts'
import { tlv, tlvStream } from '../wire/codec/tlv-stream.ts'
import type { WithUnknownTlvs } from '../wire/tlv-record.ts'
import { type BlindedPath, blindedPath } from './blinded-path.ts'

/** What an onion message brings to its recipient: at most one of the three of BOLT 12, as bytes, or records of another kind. */
export interface OnionMessageContent extends WithUnknownTlvs {
  readonly invoiceRequest?: Uint8Array
  readonly invoice?: Uint8Array
  readonly invoiceError?: Uint8Array
  /** By which the recipient may answer. */
  readonly replyPath?: BlindedPath
}

/** BOLT 4, `onionmsg_tlv`. */
interface OnionMessagePayload extends OnionMessageContent {
  readonly encryptedRecipientData?: Uint8Array
}

export const onionMessagePayload = tlvStream<OnionMessagePayload>({
  replyPath: tlv(2, blindedPath),
  encryptedRecipientData: tlv(4, restBytes),
  invoiceRequest: tlv(64, restBytes),
  invoice: tlv(66, restBytes),
  invoiceError: tlv(68, restBytes),
})

/** BOLT 4: types from here on are what a message is about. */
const FIRST_PAYLOAD_TYPE = 64n

/** How many things a message is about. */
export const payloadFieldsOf = (content: OnionMessageContent): number =>
  [content.invoiceRequest, content.invoice, content.invoiceError].filter((field) => field !== undefined).length +
  (content.unknownTlvs ?? []).filter(({ type }) => type >= FIRST_PAYLOAD_TYPE).length
