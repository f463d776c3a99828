import { toHex } from '../../../core/src/lib/bytes.ts'
import { systemClock } from '../../../core/src/lib/clock.ts'
import { EventLog } from '../../../core/src/node/events/event-log.ts'
import { invoiceIndexWrites } from '../../../core/src/node/payment/invoice-index.ts'
import { paymentIndexWrites } from '../../../core/src/node/payment/payment-index.ts'
import { EVENTS_KEPT } from '../../../core/src/node/settings.ts'
import { MIGRATIONS, TABLE } from '../../../core/src/node/storage/tables.ts'
import { encodeInvoiceRecord } from '../../../core/src/payment/receive/invoice-codec.ts'
import type { InvoiceRecord } from '../../../core/src/payment/receive/invoice-record.ts'
import type { SentPayment } from '../../../core/src/payment/send/payment.ts'
import { encodeSentPayment } from '../../../core/src/payment/send/payment-codec.ts'
import { openSqliteStore } from '../../../core/src/store/sqlite-store.ts'
import type { Store, Write } from '../../../core/src/store/store.ts'

/** Payments, invoices and events, of each. */
const HISTORY_ROWS = 300_000
const AT_ONCE = 2_000
/** Of every status but the commonest: the oldest, so that whoever looks for them has all others before them. */
const RARE = 300

/** Writes years of work into the database of a node that is stopped, and whatever else is to be there. */
export const fillHistory = async (path: string, besides: readonly Write[] = []): Promise<void> => {
  const store = await openSqliteStore({
    path,
    migrations: MIGRATIONS,
    onFatal: (error) => {
      throw error
    },
  })
  const events = await EventLog.open({ store, clock: systemClock, keep: EVENTS_KEPT })
  for (let done = 0; done < HISTORY_ROWS; done += AT_ONCE) {
    for (let i = done; i < done + AT_ONCE; i++) put(store, events, i)
    await store.flush()
  }
  store.submit(besides)
  await store.close()
}

const put = (store: Store, events: EventLog, i: number): void => {
  const paymentHash = bytes(i)
  const isRare = i < RARE
  const payment: SentPayment = {
    target: {
      recipient: { type: 'node', nodeId: NODE, minFinalCltvExpiryDelta: 18, routeHints: [] },
      paymentHash,
      amountMsat: 5_000_000n,
      multiPart: true,
      invoice: INVOICE,
    },
    maxFeeMsat: 5_000n,
    key: `key ${i}`,
    startedAt: START + i,
    status: isRare ? 'failed' : 'settled',
    attempts: [],
    nextAttemptId: 1,
    ...(isRare ? { failure: { code: 'no-route' } } : { preimage: paymentHash }),
    endedAt: START + i + 1,
  }
  const invoice: InvoiceRecord = {
    type: 'bolt11',
    paymentHash,
    preimage: paymentHash,
    paymentSecret: paymentHash,
    amountMsat: 5_000_000n,
    description: 'bench',
    invoice: INVOICE,
    minFinalCltvExpiryDelta: 18,
    createdAt: START + i,
    expiresAt: i % 2 === 0 ? START + i + 1 : Date.now() * 2,
    state: isRare ? { type: 'open' } : { type: 'settled', at: START + i, htlcs: [] },
  }
  store.submit([
    { table: TABLE.payment, key: paymentHash, value: encodeSentPayment(payment) },
    ...paymentIndexWrites(undefined, payment),
    { table: TABLE.invoice, key: paymentHash, value: encodeInvoiceRecord(invoice) },
    ...invoiceIndexWrites(undefined, invoice),
  ])
  const hash = toHex(paymentHash)
  if (isRare) {
    events.append('payment.relayed', {
      paymentHash: hash,
      feeMsat: 1n,
      incoming: [],
      outgoing: [],
      startedAt: START,
      settledAt: START,
    })
  } else {
    events.append('payment.received', { paymentHash: hash, amountMsat: 5_000_000n, parts: [], receivedAt: START })
  }
}

const START = 1_700_000_000_000
const NODE = Uint8Array.of(2, ...new Uint8Array(32).fill(7))
const INVOICE = `lnbcrt50u1${'p4swunx'.repeat(50)}`

/** Spread over all hashes. */
const bytes = (i: number): Uint8Array => {
  const hash = Buffer.alloc(32)
  hash.writeUInt32BE(Math.imul(i, 2_654_435_761) >>> 0)
  hash.writeUInt32BE(i, 4)
  return hash
}
