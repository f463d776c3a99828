import type { Result } from '../../../core/src/lib/result.ts'
import type { SimulatedNode } from './simulated-node.ts'

/** A payment that was asked for. */
export interface Asked {
  readonly from: SimulatedNode
  readonly to: SimulatedNode
  readonly msat: bigint
  /** The nodes that it may pass, ends included. */
  readonly between: readonly SimulatedNode[]
  hash?: string
}

/** Where payments are made. */
interface Scene {
  readonly nodes: readonly SimulatedNode[]
  /** Whether there may be several ways between two nodes; otherwise they are in a row. */
  readonly isWeb: boolean
}

/** What is said of an invoice besides its amount. */
interface Terms {
  readonly minFinalCltvExpiryDelta?: number
  /** Its payment is held. */
  readonly paymentHash?: string
}

/** Every kind of payment between the nodes. Whoever is down neither asks nor pays. */
export class Paying {
  readonly asked: Asked[] = []
  /** Whose the offers are, by their texts. */
  readonly #offers = new Map<string, SimulatedNode>()
  /** The refunds that were made, and who fetches them, by their ids. */
  readonly #refunds = new Map<string, { readonly to: SimulatedNode; readonly text: string }>()
  readonly #scene: Scene

  constructor(scene: Scene) {
    this.#scene = scene
  }

  /** The invoice for a payment between them; `undefined` if there is none. */
  async invoice(
    from: SimulatedNode,
    to: SimulatedNode,
    amountMsat: bigint,
    terms: Terms = {},
    by?: SimulatedNode,
  ): Promise<string | undefined> {
    if (!from.isReady || !to.isReady) return undefined
    const between = by === undefined ? this.between(from, to) : this.#scene.nodes
    const asked: Asked = { from, to, msat: amountMsat, between }
    this.asked.push(asked)
    const operation = terms.paymentHash === undefined ? 'create' : 'createHold'
    const created = await to.tryAsk('invoices', operation, { ...terms, amountMsat, description: '' })
    const reply = replyOf<{ readonly invoice: { readonly invoice: string; readonly paymentHash: string } }>(created)
    if (reply === undefined) return undefined
    asked.hash = reply.invoice.paymentHash
    return reply.invoice.invoice
  }

  /** `by`: the trampoline node that is to find the way. */
  pay(from: SimulatedNode, invoice: string | undefined, by?: SimulatedNode): void {
    if (invoice !== undefined) void from.tryAsk('payments', 'payInvoice', { invoice, ...(by && { trampoline: by.id }) })
  }

  keysend(from: SimulatedNode, to: SimulatedNode, amountMsat: bigint): void {
    void from.tryAsk('payments', 'keysend', { destination: to.id, amountMsat })
  }

  /** Over a blinded path of the payee's, for an invoice that is asked for by onion message. */
  async payOffer(from: SimulatedNode, to: SimulatedNode, amountMsat: bigint): Promise<void> {
    const [known] = [...this.#offers].find(([, node]) => node === to) ?? []
    const offer = known ?? (await this.#offerOf(to))
    if (offer !== undefined) void from.tryAsk('offers', 'pay', { offer, amountMsat })
  }

  async #offerOf(node: SimulatedNode): Promise<string | undefined> {
    const created = await node.tryAsk('offers', 'create', { blinded: true })
    const offer = replyOf<{ readonly offer: { readonly offer: string } }>(created)?.offer.offer
    if (offer !== undefined) this.#offers.set(offer, node)
    return offer
  }

  /** Promised by the payer. The payee sends two invoices at once for it, of which one may be paid. */
  async refund(from: SimulatedNode, to: SimulatedNode, amountMsat: bigint): Promise<void> {
    const created = await from.tryAsk('refunds', 'create', { amountMsat, description: '' })
    const refund = replyOf<{ readonly refund: { readonly refund: string; readonly refundId: string } }>(created)?.refund
    if (refund === undefined) return
    this.#refunds.set(refund.refundId, { to, text: refund.refund })
    for (let i = 0; i < 2; i++) void to.tryAsk('refunds', 'claim', { refund: refund.refund })
  }

  /** The refund that was made so many before the last is fetched again, whatever has become of it. */
  claimAgain(back: number): void {
    const refund = [...this.#refunds.values()].at(-1 - back)
    if (refund !== undefined) void refund.to.tryAsk('refunds', 'claim', { refund: refund.text })
  }

  isRefund(text: string): boolean {
    return this.#refunds.has(text)
  }

  /** Who is paid for an offer, or a refund, by the text that its payment has. */
  payeeOf(text: string): SimulatedNode | undefined {
    return this.#offers.get(text) ?? this.#refunds.get(text)?.to
  }

  /** A trampoline node between the two: a neighbour of the payer's that knows a way to the payee. */
  trampolineBetween(from: SimulatedNode, to: SimulatedNode, draw: number): SimulatedNode | undefined {
    const others = this.between(from, to).filter((node) => node !== from && node !== to)
    return others[draw % others.length]
  }

  /** The nodes that a payment passes, ends included; all that it may pass, where there are several ways. */
  between(from: SimulatedNode, to: SimulatedNode): readonly SimulatedNode[] {
    const { nodes, isWeb } = this.#scene
    if (isWeb) return nodes
    const [first = 0, last = 0] = [nodes.indexOf(from), nodes.indexOf(to)].sort()
    return nodes.slice(first, last + 1)
  }
}

const replyOf = <T>(answer: Result<unknown, unknown> | undefined): T | undefined =>
  answer?.ok === true ? (answer.value as T) : undefined
