import { sha256 } from '../../../core/src/crypto/hashes.ts'
import { toHex, utf8Encode } from '../../../core/src/lib/bytes.ts'
import type { Result } from '../../../core/src/lib/result.ts'
import { TABLE } from '../../../core/src/node/storage/tables.ts'
import { decodeInvoiceRecord } from '../../../core/src/payment/receive/invoice-codec.ts'
import type { InvoiceRecord } from '../../../core/src/payment/receive/invoice-record.ts'
import { keyName } from '../../../core/src/store/waiting-writes.ts'
import type { Paying } from './paying.ts'
import type { SimulatedDisk } from './simulated-disk.ts'
import type { SimulatedNode } from './simulated-node.ts'

export type HoldEnd = 'settle' | 'cancel' | 'leave'

/** What the operator who holds a payment knows, and has done about it. */
interface Hold {
  readonly payee: SimulatedNode
  readonly preimage: string
  readonly hash: string
  /** What becomes of it when the sequence is over, if nobody has decided before. */
  readonly end: HoldEnd
  /** Whether it was ever asked for: an answer may be lost. */
  isSettleAsked: boolean
  /** What the node has answered to be done. */
  told?: 'settled' | 'cancelled'
}

/** Where payments are held. */
interface Scene {
  readonly paying: Paying
  readonly chain: { readonly tip: { readonly height: number } }
  readonly faults: string[]
  /** Whether its records are whole. */
  isHonest(node: SimulatedNode): boolean
  /** Some blocks come at once. */
  mineAtOnce(blocks: number): Promise<void>
  mine(blocks: number): Promise<void>
  startAll(): void
}

/** A node that ran through so many blocks has handled the one before the last of them. */
const SEEN_AFTER = 3
/** So many blocks may come at once while nobody's deadline can pass unseen. */
const STRIDE = 6

/** Payments that are held until somebody decides about them, or until the node gives them back. */
export class Holds {
  readonly #scene: Scene
  readonly #all: Hold[] = []
  readonly #blocksUp = new Map<SimulatedNode, number>()
  constructor(scene: Scene) {
    this.#scene = scene
  }

  /** Asks for a payment, and pays it. */
  async begin(
    from: SimulatedNode,
    to: SimulatedNode,
    msat: bigint,
    { finalDelta, end }: { readonly finalDelta: number; readonly end: HoldEnd },
    by?: SimulatedNode,
  ): Promise<void> {
    const { paying } = this.#scene
    const preimage = sha256(utf8Encode(`held ${this.#all.length}`))
    const hash = toHex(sha256(preimage))
    this.#all.push({ payee: to, preimage: toHex(preimage), hash, end, isSettleAsked: false })
    const terms = { minFinalCltvExpiryDelta: finalDelta, paymentHash: hash }
    paying.pay(from, await paying.invoice(from, to, msat, terms, by), by)
  }

  /** How many payments are held, as a disk has it. */
  heldOn(disk: SimulatedDisk): number {
    return this.#all.filter(({ hash }) => deadlineOf(invoiceOn(disk, hash)) !== undefined).length
  }

  /** The one that was begun so many before the last. */
  #at(back: number): Hold | undefined {
    return this.#all.at(-1 - (back % Math.max(1, this.#all.length)))
  }

  decide(back: number, how: 'settle' | 'cancel'): void {
    const hold = this.#at(back)
    if (hold !== undefined) void this.#decide(hold, how)
  }

  #decide(hold: Hold, how: 'settle' | 'cancel'): Promise<Result<unknown, unknown>> | undefined {
    const { payee, preimage, hash } = hold
    if (how === 'settle') hold.isSettleAsked = true
    const answer = payee.tryAsk('invoices', how, how === 'settle' ? { preimage } : { paymentHash: hash })
    void answer?.then(({ ok }) => {
      if (!ok) return
      const told = how === 'settle' ? 'settled' : 'cancelled'
      if (hold.told !== undefined && hold.told !== told && this.#scene.isHonest(payee))
        this.#scene.faults.push(`${payee.name}: ${hash} is told as ${hold.told}, and then as ${told}`)
      hold.told = told
    })
    return answer
  }

  /** Blocks come until the payment is given back in so many; a negative number: was given back so long ago. */
  async approach(back: number, left: number): Promise<void> {
    const hold = this.#at(back)
    if (hold !== undefined) await this.#approach(hold, left)
  }

  async #approach({ payee, hash }: Hold, left: number): Promise<void> {
    const { chain } = this.#scene
    const deadline = deadlineOf(invoiceOn(payee.disk, hash))
    if (deadline === undefined) return
    for (;;) {
      const blocks = deadline - left - chain.tip.height
      if (blocks <= 0) return
      this.#scene.startAll()
      if (blocks > 2 * STRIDE) await this.#scene.mineAtOnce(STRIDE)
      else await this.#scene.mine(1)
    }
  }

  /** After each block: the node gives back in time what nobody has decided about. */
  blockCame(nodes: readonly SimulatedNode[]): void {
    if (this.#all.length === 0) return
    for (const node of nodes) this.#blocksUp.set(node, node.isReady ? (this.#blocksUp.get(node) ?? 0) + 1 : 0)
    for (const { payee, hash } of this.#all) {
      if (!this.#scene.isHonest(payee) || (this.#blocksUp.get(payee) ?? 0) < SEEN_AFTER) continue
      const deadline = deadlineOf(invoiceOn(payee.disk, hash))
      const { height } = this.#scene.chain.tip
      if (deadline !== undefined && deadline < height)
        this.#scene.faults.push(`${payee.name} holds ${hash} at ${height}, and was to give it back at ${deadline}`)
    }
  }

  /** Decides about all that is left, and lets the node give back what nobody decides about. */
  async conclude(result: <T>(promise: Promise<T>) => Promise<T>): Promise<void> {
    for (const hold of this.#all) {
      if (hold.end === 'leave') await this.#approach(hold, -1)
      // What has not come yet is not waited for.
      for (const how of hold.end === 'settle' ? (['settle', 'cancel'] as const) : (['cancel'] as const)) {
        const answer = this.#decide(hold, how)
        if (answer !== undefined && (await result(answer)).ok) break
      }
    }
  }

  /** What the node has answered is what was done, and no payment is claimed that nobody has told the preimage of. */
  check(stateOf: (payee: SimulatedNode, hash: string) => string | undefined): void {
    for (const { payee, hash, told, isSettleAsked } of this.#all) {
      if (!this.#scene.isHonest(payee)) continue
      const state = stateOf(payee, hash)
      if (state === undefined) continue
      const isSettled = state === 'settled'
      const fault = (what: string): void => void this.#scene.faults.push(`${payee.name}: ${hash} ${what}`)
      if (state === 'held') fault('is held for ever')
      if (told === 'settled' && !isSettled) fault(`was told as settled, and is ${state}`)
      if (told === 'cancelled' && isSettled) fault('was told as given back, and is settled')
      if (isSettled && !isSettleAsked) fault('is settled, and nobody has told its preimage')
    }
  }
}

const invoiceOn = (disk: SimulatedDisk, hash: string): InvoiceRecord | undefined => {
  const row = disk.table(TABLE.invoice).get(keyName(Buffer.from(hash, 'hex')))
  const invoice = row === undefined ? undefined : decodeInvoiceRecord(row.value)
  return invoice?.ok === true ? invoice.value : undefined
}

/** When the payment is given back, if it is held. */
const deadlineOf = (invoice: InvoiceRecord | undefined): number | undefined =>
  invoice?.state.type === 'held' ? invoice.state.deadline : undefined
