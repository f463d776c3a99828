import { toHex } from '../../lib/bytes.ts'
import { type InvoiceRecord, receivedMsat } from '../../payment/receive/invoice-record.ts'
import type { TlvRecord } from '../../wire/tlv-record.ts'

/** A payment that we received, as the event `payment.received` tells it. `undefined` if it has not come. */
export const describeReceived = (record: InvoiceRecord) => {
  const { paymentHash, state } = record
  if (state.type !== 'settled') return undefined
  return {
    paymentHash: toHex(paymentHash),
    amountMsat: receivedMsat(record),
    parts: state.htlcs.map(({ channelId, htlcId, amountMsat }) => ({
      channelId: toHex(channelId),
      htlcId: Number(htlcId),
      amountMsat,
    })),
    receivedAt: state.at,
    ...(record.type === 'keysend' ? { keysend: true } : {}),
    ...(state.customRecords === undefined ? {} : { customRecords: describeRecords(state.customRecords) }),
  }
}

/** The contract's numbers end at 2^53: no type beyond it is known to be used. */
const describeRecords = (records: readonly TlvRecord[]) =>
  records.flatMap(({ type, value }) =>
    type <= BigInt(Number.MAX_SAFE_INTEGER) ? [{ type: Number(type), value: toHex(value) }] : [],
  )
