import { toHex } from '../../../core/src/lib/bytes.ts'
import { TABLE } from '../../../core/src/node/storage/tables.ts'
import { decodeInvoiceRecord } from '../../../core/src/payment/receive/invoice-codec.ts'
import { type InvoiceRecord, receivedMsat } from '../../../core/src/payment/receive/invoice-record.ts'
import { partAmounts, type SentPayment } from '../../../core/src/payment/send/payment.ts'
import { decodeSentPayment } from '../../../core/src/payment/send/payment-codec.ts'
import type { SimulatedNode } from './simulated-node.ts'
import type { World } from './world.ts'

/** What a node's own records say that it has sent, received and earned, in millisatoshis. */
interface Ledger {
  sent: bigint
  received: bigint
  earned: bigint
}

const paymentsOf = (node: SimulatedNode): readonly SentPayment[] =>
  [...node.disk.table(TABLE.payment).values()].map(({ value }) => {
    const payment = decodeSentPayment(value)
    if (!payment.ok) throw new Error('an unreadable payment')
    return payment.value
  })

const invoicesOf = (node: SimulatedNode): readonly InvoiceRecord[] =>
  [...node.disk.table(TABLE.invoice).values()].map(({ value }) => {
    const invoice = decodeInvoiceRecord(value)
    if (!invoice.ok) throw new Error('an unreadable invoice')
    return invoice.value
  })

export const ledgerOf = async (world: World, node: SimulatedNode): Promise<Ledger> => {
  const ledger: Ledger = { sent: 0n, received: 0n, earned: 0n }
  for (const { status, attempts, target } of paymentsOf(node)) {
    if (status === 'in-flight') world.faults.push(`${node.name}: payment ${toHex(target.paymentHash)} never ended`)
    for (const attempt of attempts) {
      if (attempt.status !== 'settled') continue
      const { amountMsat, feesMsat } = partAmounts(attempt.route)
      ledger.sent += amountMsat + feesMsat
    }
  }
  for (const invoice of invoicesOf(node)) ledger.received += receivedMsat(invoice)
  const relays = await world.result(node.node.gateway.events.replay(undefined, { names: ['payment.relayed'] }, 10_000))
  if (!relays.ok) throw new Error(relays.error.code)
  for (const { text } of relays.value.events) {
    ledger.earned += BigInt((JSON.parse(text) as { payload: { feeMsat: string } }).payload.feeMsat)
  }
  return ledger
}

/** Each payment has one outcome, and both ends tell the same one. */
export const checkPayments = (world: World): void => {
  const cheaters = world.cheats.by
  for (const { from, to, hash, msat } of world.asked) {
    // Whoever has cheated is paid, and pays, as the chain will have it.
    if (hash === undefined || world.between(from, to).some((node) => cheaters.has(node))) continue
    const status = paymentsOf(from).find(({ target }) => toHex(target.paymentHash) === hash)?.status
    const invoice = invoicesOf(to).find(({ paymentHash }) => toHex(paymentHash) === hash)
    const received = invoice === undefined ? 0n : receivedMsat(invoice)
    const name = `payment ${hash} from ${from.name} to ${to.name}`
    if (status === 'settled' && received === 0n) world.faults.push(`${name} is told as paid, and was not received`)
    if (status !== 'settled' && received > 0n) world.faults.push(`${name} was received, and is told as ${status}`)
    if (received > 2n * msat) world.faults.push(`${name} was paid more than once`)
  }
}

/** Whose the HTLCs of a hash are at last. `both`: some attempts of the payment were paid and some were not. */
export type Fate = 'paid' | 'failed' | 'both'

/** By payment hash. Of what is not here nothing was paid. */
export const fatesOf = (world: World): ReadonlyMap<string, Fate> => {
  const fates = new Map<string, Fate>()
  for (const { from, to, hash } of world.asked) {
    if (hash === undefined) continue
    const invoice = invoicesOf(to).find(({ paymentHash }) => toHex(paymentHash) === hash)
    if (invoice === undefined || receivedMsat(invoice) === 0n) continue
    const attempts = paymentsOf(from).find(({ target }) => toHex(target.paymentHash) === hash)?.attempts ?? []
    const isMixed = attempts.some(({ status }) => status === 'failed') && attempts.some(({ status }) => status === 'settled')
    fates.set(hash, isMixed ? 'both' : 'paid')
  }
  return fates
}
