import type { ReplyOf } from '@fulgurite/plugin-sdk/contract'
import { toHex } from '../../lib/bytes.ts'
import type { InvoiceRecord } from '../../payment/receive/invoice-record.ts'
import { describeReceived } from '../payment/describe-received.ts'

type ReceivedPayment = ReplyOf<'payments', 'received'>['items'][number]

/** A payment that we received in the contract's form; `undefined` if it has not come. */
export const describeReceivedPayment = (record: InvoiceRecord): ReceivedPayment | undefined => {
  const received = describeReceived(record)
  const { preimage } = record
  if (received === undefined || preimage === undefined) return undefined
  return {
    ...received,
    keysend: record.type === 'keysend',
    preimage: toHex(preimage),
    ...(record.type === 'keysend' ? {} : { invoice: record.invoice, description: record.description.slice(0, 1024) }),
  }
}
