import { toHex } from '../../lib/bytes.ts'
import { amountOf, type Came, type InvoiceRecord, receivedMsat } from '../../payment/receive/invoice-record.ts'
import type { TlvRecord } from '../../wire/tlv-record.ts'
import { describeOfferPaid } from './report-offer-paid.ts'

/** A payment that we received, as the event `payment.received` tells it. `undefined` if it has not come. */
export const describeReceived = (record: InvoiceRecord) => {
  const { paymentHash, state } = record
  if (state.type !== 'settled') return undefined
  return {
    paymentHash: toHex(paymentHash),
    amountMsat: receivedMsat(record),
    parts: describeParts(state),
    receivedAt: state.at,
    ...(record.type === 'keysend' ? { keysend: true } : {}),
    ...(record.type === 'bolt12' && record.offer !== undefined ? describeOfferPaid(record.offer) : {}),
    ...(state.customRecords === undefined ? {} : { customRecords: describeRecords(state.customRecords) }),
  }
}

/** A payment that is held, as the event `invoice.held` tells it. */
export const describeHeld = ({ paymentHash, state }: InvoiceRecord) => {
  if (state.type !== 'held') return undefined
  return {
    paymentHash: toHex(paymentHash),
    amountMsat: amountOf(state),
    parts: describeParts(state),
    heldAt: state.at,
    givenBackAt: state.deadline,
    ...(state.customRecords === undefined ? {} : { customRecords: describeRecords(state.customRecords) }),
  }
}

const describeParts = ({ htlcs }: Came) =>
  htlcs.map(({ channelId, htlcId, amountMsat }) => ({
    channelId: toHex(channelId),
    htlcId: Number(htlcId),
    amountMsat,
  }))

/** The contract's numbers end at 2^53: no type beyond it is known to be used. */
const describeRecords = (records: readonly TlvRecord[]) =>
  records.flatMap(({ type, value }) =>
    type <= BigInt(Number.MAX_SAFE_INTEGER) ? [{ type: Number(type), value: toHex(value) }] : [],
  )
