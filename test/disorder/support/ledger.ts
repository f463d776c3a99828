import { toHex } from '../../../core/src/lib/bytes.ts'
import { TABLE } from '../../../core/src/node/storage/tables.ts'
import { decodeInvoiceRecord } from '../../../core/src/payment/receive/invoice-codec.ts'
import { type InvoiceRecord, receivedMsat } from '../../../core/src/payment/receive/invoice-record.ts'
import { partAmounts, type SentPayment } from '../../../core/src/payment/send/payment.ts'
import { decodeSentPayment } from '../../../core/src/payment/send/payment-codec.ts'
import type { EndingHtlc } from './endings.ts'
import type { Asked } from './paying.ts'
import type { SimulatedNode } from './simulated-node.ts'
import type { World } from './world.ts'

interface RelayedHtlc {
  readonly channelId: string
  readonly htlcId: number
  readonly amountMsat: string
}

/** That a relay was paid on both sides, or further on alone, and then it has no fee. */
interface Relayed {
  readonly paymentHash: string
  readonly feeMsat?: string
  readonly code?: string
  readonly incoming: readonly RelayedHtlc[]
  readonly outgoing: readonly RelayedHtlc[]
}

const RELAY_ENDS = ['payment.relayed', 'payment.relay-failed'] as const

/** Whether an HTLC was paid. `unsure`: some attempts with its hash were, and some were not. */
export type Paid = 'yes' | 'no' | 'unsure'

/** What a node's own records say. */
export class Ledger {
  readonly node: SimulatedNode
  readonly payments: ReadonlyMap<string, SentPayment>
  readonly invoices: ReadonlyMap<string, InvoiceRecord>
  readonly #relayed: readonly Relayed[]

  private constructor(node: SimulatedNode, relayed: readonly Relayed[]) {
    this.node = node
    this.payments = new Map(paymentsOf(node).map((payment) => [toHex(payment.target.paymentHash), payment]))
    this.invoices = new Map(invoicesOf(node).map((invoice) => [toHex(invoice.paymentHash), invoice]))
    this.#relayed = relayed
  }

  static async of(world: World, node: SimulatedNode): Promise<Ledger> {
    const events = node.node.gateway.events.replay(undefined, { names: RELAY_ENDS }, 10_000)
    const relays = await world.result(events)
    if (!relays.ok) throw new Error(relays.error.code)
    const ended = relays.value.events.map(({ text }) => (JSON.parse(text) as { payload: Relayed }).payload)
    return new Ledger(
      node,
      ended.filter(({ feeMsat, code }) => feeMsat !== undefined || code === 'paid-too-late'),
    )
  }

  /** In millisatoshis, by payments of its own: what it has received, less what it has sent. */
  get balance(): bigint {
    let balance = 0n
    for (const { attempts } of this.payments.values()) {
      for (const { status, route } of attempts) {
        const { amountMsat, feesMsat } = partAmounts(route)
        if (status === 'settled') balance -= amountMsat + feesMsat
      }
    }
    for (const invoice of this.invoices.values()) balance += receivedMsat(invoice)
    return balance
  }

  /** Of what was paid too late, all that was paid is lost. */
  get earned(): bigint {
    const paid = (outgoing: readonly RelayedHtlc[]): bigint =>
      outgoing.reduce((sum, { amountMsat }) => sum + BigInt(amountMsat), 0n)
    return this.#relayed.reduce(
      (sum, { feeMsat, outgoing }) => sum + (feeMsat === undefined ? -paid(outgoing) : BigInt(feeMsat)),
      0n,
    )
  }

  /** Whether it has paid an HTLC that it has offered. */
  hasPaid(htlc: EndingHtlc): Paid {
    // A payment by a trampoline node may come by its payer once more, as a relay.
    if (this.#isRelayed(htlc, 'outgoing')) return 'yes'
    const attempts = this.payments.get(htlc.hash)?.attempts ?? []
    // Which attempt it was is not in the row: several may have gone over the channel with the same amount.
    const statuses = attempts
      .filter(({ route }) => toHex(route.channelId) === htlc.channelId && route.hops[0]?.amountMsat === htlc.msat)
      .map(({ status }) => status)
    if (!statuses.includes('settled')) return 'no'
    return statuses.every((status) => status === 'settled') ? 'yes' : 'unsure'
  }

  /** Whether it was paid an HTLC that was offered to it. */
  wasPaid(htlc: EndingHtlc): boolean {
    if (this.#isRelayed(htlc, 'incoming')) return true
    const state = this.invoices.get(htlc.hash)?.state
    return (
      state?.type === 'settled' &&
      state.htlcs.some(({ channelId, htlcId }) => toHex(channelId) === htlc.channelId && htlcId === htlc.id)
    )
  }

  #isRelayed({ channelId, id }: EndingHtlc, side: 'incoming' | 'outgoing'): boolean {
    return this.#relayed.some(
      (relay) =>
        (side === 'outgoing' || relay.feeMsat !== undefined) &&
        relay[side].some((each) => each.channelId === channelId && BigInt(each.htlcId) === id),
    )
  }
}

/** By its own rows. */
export const paymentsOf = (node: SimulatedNode): readonly SentPayment[] =>
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

/**
 * Each payment has one outcome, and both ends tell the same one. `lost`: hashes of HTLCs that nobody has taken from a commitment that was
 * mined, because they have no output or are not worth their claim: nobody learns on the chain whether the other end was paid.
 */
export const checkPayments = (world: World, ledgers: readonly Ledger[], lost: ReadonlySet<string>): void => {
  const cheaters = world.cheats.by
  for (const { node, payments } of ledgers) {
    // It waits for ever for what it cannot know.
    if (world.restored.has(node)) continue
    for (const [hash, { status }] of payments) {
      if (status === 'in-flight') world.faults.push(`${node.name}: payment ${hash} never ended`)
    }
  }
  for (const { from, to, hash, msat, between } of [...world.paying.asked, ...chosenByPayers(world, ledgers)]) {
    // Whoever has cheated is paid, and pays, as the chain will have it; whoever has gone back to a backup has forgotten.
    if (hash === undefined) continue
    if (between.some((node) => cheaters.has(node) || world.restored.has(node))) continue
    const status = ledgers.find(({ node }) => node === from)?.payments.get(hash)?.status
    const invoice = ledgers.find(({ node }) => node === to)?.invoices.get(hash)
    const received = invoice === undefined ? 0n : receivedMsat(invoice)
    const name = `payment ${hash} from ${from.name} to ${to.name}`
    if (status === 'settled' && received === 0n) world.faults.push(`${name} is told as paid, and was not received`)
    if (status !== 'settled' && received > 0n && !lost.has(hash))
      world.faults.push(`${name} was received, and is told as ${status}`)
    if (received > 2n * msat) world.faults.push(`${name} was paid more than once`)
  }
  checkPaidOnce(world, ledgers)
  if (world.nodes.every((node) => world.isHonest(node))) checkPaidBySomebody(world, ledgers)
}

/** A refund is paid once at most, also by a node that has gone back to a backup (ADR 60). */
const checkPaidOnce = ({ paying, faults }: World, ledgers: readonly Ledger[]): void => {
  const texts = ledgers.flatMap(({ payments, invoices }) => [
    ...[...payments.values()].flatMap(({ target, status }) =>
      status === 'settled' ? [`paid ${target.invoice ?? ''}`] : [],
    ),
    ...[...invoices.values()].flatMap((invoice) =>
      invoice.type === 'bolt12' && receivedMsat(invoice) > 0n ? [`received ${invoice.invoice}`] : [],
    ),
  ])
  for (const [at, text] of texts.entries()) {
    const id = text.slice(text.indexOf(' ') + 1)
    if (paying.isRefund(id) && texts.indexOf(text) < at) faults.push(`refund ${id} was paid more than once`)
  }
  // Nor is it begun again: whoever has gone back has no channel any more by which a second payment could arrive.
  const fetched = ledgers.flatMap(({ invoices }) =>
    [...invoices].flatMap(([hash, invoice]) =>
      invoice.type === 'bolt12' && invoice.state.type === 'settled'
        ? [{ hash, id: invoice.invoice, at: invoice.state.at }]
        : [],
    ),
  )
  for (const [hash, { target, startedAt }] of ledgers.flatMap(({ payments }) => [...payments])) {
    const { invoice: id = '' } = target
    const isAgain = fetched.some((other) => other.id === id && other.hash !== hash && other.at < startedAt)
    if (paying.isRefund(id) && isAgain) faults.push(`refund ${id} was to be paid again`)
  }
}

/** Payments whose hash was not known when they were asked for: for offers and refunds, and those without an invoice, by their payers' rows. */
const chosenByPayers = ({ nodes, paying }: World, ledgers: readonly Ledger[]): readonly Asked[] =>
  ledgers.flatMap(({ node: from, payments }) =>
    [...payments].flatMap(([hash, { target }]) => {
      const { recipient, invoice, amountMsat: msat } = target
      const to =
        recipient.type === 'keysend'
          ? nodes.find(({ id }) => id === toHex(recipient.nodeId))
          : paying.payeeOf(invoice ?? '')
      return to === undefined ? [] : [{ from, to, hash, msat, between: paying.between(from, to) }]
    }),
  )

/** What nobody made an invoice for is received of somebody. */
const checkPaidBySomebody = (world: World, ledgers: readonly Ledger[]): void => {
  for (const { node, invoices } of ledgers) {
    for (const [hash, invoice] of invoices) {
      if (receivedMsat(invoice) > 0n && !ledgers.some(({ payments }) => payments.has(hash)))
        world.faults.push(`${node.name} has received ${hash}, which nobody has paid`)
    }
  }
}

/** What the nodes' records tell at the end. */
export const countArrived = ({ counts, paying }: World, ledgers: readonly Ledger[]): void => {
  for (const { payments, invoices } of ledgers) {
    for (const { attempts, target, status } of payments.values()) {
      if (attempts.filter((attempt) => attempt.status === 'settled').length > 1) counts.inParts += 1
      if (status !== 'settled') continue
      const { type } = target.recipient
      if (type === 'trampoline') counts.byTrampoline += 1
      if (type === 'blinded') counts[paying.isRefund(target.invoice ?? '') ? 'refunds' : 'overBlindedPaths'] += 1
      if (type === 'keysend') counts.withoutInvoice += 1
    }
    for (const { type, state } of invoices.values()) {
      if (type !== 'hold') continue
      if (state.type === 'settled') counts.heldAndSettled += 1
      if (state.type === 'cancelled') counts.heldAndGivenBack += 1
    }
  }
}
