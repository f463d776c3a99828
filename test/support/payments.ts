import type { NodeProcess } from './node-process.ts'

/** A payment that was asked for, with the outcome that its sender told. */
export interface Attempted {
  readonly from: NodeProcess
  readonly to: NodeProcess
  readonly hash: string
  readonly amountMsat: bigint
  readonly status: 'settled' | 'failed'
  /** Charged by relays, if settled. */
  readonly feesMsat: bigint
  /** Why, if failed. */
  readonly code?: string
}

const UNDECIDED: ReadonlySet<string> = new Set(['outcome-unknown', 'timed-out', 'mailbox-full'])

/** Makes an invoice and pays it, and asks again with the same key, over restarts of both, until the outcome is told. */
const payOnce = async (from: NodeProcess, to: NodeProcess, amountMsat: bigint): Promise<Attempted> => {
  const { invoice, paymentHash: hash } = await invoiceOf(to, amountMsat)
  for (;;) {
    // An invoice is paid once: its hash makes a key that no other payment has.
    const answer = await from.askUntilAnswered('payments', 'payInvoice', { invoice }, { key: `pay-${hash}` })
    if (answer.ok) {
      const { status, feesMsat } = answer.value.payment
      if (status !== 'settled') throw new Error(`a payment was answered ${status}`)
      return { from, to, hash, amountMsat, status, feesMsat }
    }
    const { code } = answer.error
    if (!UNDECIDED.has(code)) return { from, to, hash, amountMsat, status: 'failed', feesMsat: 0n, code }
  }
}

let invoices = 0

const invoiceOf = async (node: NodeProcess, amountMsat: bigint) => {
  for (;;) {
    const key = `invoice-${invoices++}`
    const answer = await node.askUntilAnswered('invoices', 'create', { amountMsat, description: 'load' }, { key })
    if (answer.ok) return answer.value.invoice
    // The node was restarted while it made the invoice: nobody has seen it, so another one does as well.
    if (answer.error.code !== 'outcome-unknown') throw new Error(`${node.name} invoices.create: ${answer.error.code}`)
  }
}

/** Payments from one node to another, many at a time. */
export interface Load {
  readonly from: NodeProcess
  readonly to: NodeProcess
  readonly concurrency: number
  amountMsat(index: number): bigint
  /** Waited for after a failure, before the next one is tried: the channels at hand, say. */
  recovered(): Promise<void>
  onSettled?(): void
}

/** Pays while more is wanted, and answers with all that was tried. */
export const payWhile = async (load: Load, wanted: (settled: number) => boolean): Promise<Attempted[]> => {
  const attempts: Attempted[] = []
  let settled = 0
  let started = 0
  let underWay = 0
  const worker = async (): Promise<void> => {
    // What is under way counts, so that exactly as many settle as were wanted where nothing fails at the end.
    while (wanted(settled + underWay)) {
      underWay += 1
      const attempt = await payOnce(load.from, load.to, load.amountMsat(started++))
      underWay -= 1
      attempts.push(attempt)
      if (attempt.status === 'settled') {
        settled += 1
        load.onSettled?.()
      } else await load.recovered()
    }
  }
  await Promise.all(Array.from({ length: load.concurrency }, worker))
  return attempts
}
