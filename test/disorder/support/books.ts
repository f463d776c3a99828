import { formatOutPoint, type Tx, type TxOutput } from '../../../core/src/bitcoin/transaction.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import { TABLE } from '../../../core/src/node/storage/tables.ts'
import { decodeInvoiceRecord } from '../../../core/src/payment/receive/invoice-codec.ts'
import { receivedMsat } from '../../../core/src/payment/receive/invoice-record.ts'
import { partAmounts } from '../../../core/src/payment/send/payment.ts'
import { decodeSentPayment } from '../../../core/src/payment/send/payment-codec.ts'
import { StateReader } from '../../../core/src/wallet/rows.ts'
import type { SimulatedNode } from './simulated-node.ts'
import { FUNDED_SAT, type World } from './world.ts'

/** What a channel may leave to nobody: outputs that cost more than they hold, and parts of a satoshi. */
const UNECONOMIC_MSAT = 2_000_000n
const ANCHOR_SAT = 330n

/** What a node's own records say that it has sent, received and earned, in millisatoshis. */
interface Ledger {
  sent: bigint
  received: bigint
  earned: bigint
}

const ledgerOf = async (world: World, node: SimulatedNode): Promise<Ledger> => {
  const ledger: Ledger = { sent: 0n, received: 0n, earned: 0n }
  for (const { value } of node.disk.table(TABLE.payment).values()) {
    const payment = decodeSentPayment(value)
    if (!payment.ok) throw new Error('an unreadable payment')
    const { status, attempts, target } = payment.value
    if (status === 'in-flight') world.faults.push(`${node.name}: payment ${toHex(target.paymentHash)} never ended`)
    for (const attempt of attempts) {
      if (attempt.status !== 'settled') continue
      const { amountMsat, feesMsat } = partAmounts(attempt.route)
      ledger.sent += amountMsat + feesMsat
    }
  }
  for (const { value } of node.disk.table(TABLE.invoice).values()) {
    const invoice = decodeInvoiceRecord(value)
    if (!invoice.ok) throw new Error('an unreadable invoice')
    ledger.received += receivedMsat(invoice.value)
  }
  const relays = await world.result(node.node.gateway.events.replay(undefined, { names: ['payment.relayed'] }, 10_000))
  if (!relays.ok) throw new Error(relays.error.code)
  for (const { text } of relays.value.events) {
    ledger.earned += BigInt((JSON.parse(text) as { payload: { feeMsat: string } }).payload.feeMsat)
  }
  return ledger
}

/** Each payment has one outcome, and both ends tell the same one. */
const checkPayments = (world: World): void => {
  const cheaters = world.cheats.by
  for (const { from, to, hash, msat } of world.asked) {
    // Whoever has cheated is paid, and pays, as the chain will have it.
    if (hash === undefined || world.between(from, to).some((node) => cheaters.has(node))) continue
    const key = Buffer.from(hash, 'hex')
    const sent = rowOf(from, TABLE.payment, key)
    const made = rowOf(to, TABLE.invoice, key)
    const payment = sent === undefined ? undefined : decodeSentPayment(sent)
    const invoice = made === undefined ? undefined : decodeInvoiceRecord(made)
    const status = payment?.ok === true ? payment.value.status : undefined
    const received = invoice?.ok === true ? receivedMsat(invoice.value) : 0n
    const name = `payment ${hash} from ${from.name} to ${to.name}`
    if (status === 'settled' && received === 0n) world.faults.push(`${name} is told as paid, and was not received`)
    if (status !== 'settled' && received > 0n) world.faults.push(`${name} was received, and is told as ${status}`)
    if (received > 2n * msat) world.faults.push(`${name} was paid more than once`)
  }
}

const rowOf = (node: SimulatedNode, table: string, key: Uint8Array): Uint8Array | undefined =>
  [...node.disk.table(table).values()].find((row) => Buffer.compare(row.key, key) === 0)?.value

/** The chain as it ended. */
interface ChainBooks {
  /** What it has cost each node, in satoshis: fees of what it published, and what its channels have left behind. */
  readonly costs: ReadonlyMap<SimulatedNode, bigint>
  readonly unspent: readonly TxOutput[]
}

const readChain = ({ nodes, chain, broadcastBy, funders, closers }: World): ChainBooks => {
  const costs = new Map<SimulatedNode, bigint>(nodes.map((node) => [node, 0n]))
  const outputs = new Map<string, TxOutput>()
  const unspent = new Map<string, TxOutput>()
  const anchors = new Map<string, SimulatedNode>()
  const charge = (node: SimulatedNode, sat: bigint): void => void costs.set(node, (costs.get(node) ?? 0n) + sat)
  for (let height = 0; height <= chain.tip.height; height++) {
    const block = chain.blockAt(height)
    for (const [at, tx] of (block?.txs ?? []).entries()) {
      const txid = block?.txids[at] as Uint8Array
      for (const { outpoint } of tx.inputs) unspent.delete(formatOutPoint(outpoint))
      const funder = tx.inputs
        .map(({ outpoint }) => funders.get(formatOutPoint(outpoint)))
        .find((node) => node !== undefined)
      for (const [index, output] of tx.outputs.entries()) {
        const name = formatOutPoint({ txid, index })
        outputs.set(name, output)
        unspent.set(name, output)
        if (funder !== undefined && output.amount === ANCHOR_SAT) anchors.set(name, funder)
      }
      if (at === 0) continue
      const fee = feeOf(tx, outputs)
      const closer = funder && closers.payerOf(tx, fee)
      const payer = nodes.find(({ host }) => host === closer) ?? funder ?? broadcastBy.get(toHex(txid))
      if (payer !== undefined) charge(payer, fee)
    }
  }
  // BOLT 3: the opener pays for both anchors.
  for (const [name, funder] of anchors) if (unspent.has(name)) charge(funder, ANCHOR_SAT)
  return { costs, unspent: [...unspent.values()] }
}

/** What the chain holds for the node's wallet, whatever the wallet thinks of it. */
const heldFor = (node: SimulatedNode, unspent: readonly TxOutput[]): bigint => {
  const reader = new StateReader()
  for (const row of node.disk.table(TABLE.wallet).values()) reader.add(row)
  const own = new Set(reader.scripts.map(({ script }) => toHex(script)))
  return unspent.reduce((sum, { amount, script }) => (own.has(toHex(script)) ? sum + amount : sum), 0n)
}

const feeOf = (tx: Tx, outputs: ReadonlyMap<string, TxOutput>): bigint =>
  tx.inputs.reduce((sum, { outpoint }) => sum + (outputs.get(formatOutPoint(outpoint))?.amount ?? 0n), 0n) -
  tx.outputs.reduce((sum, { amount }) => sum + amount, 0n)

/** Every satoshi is where the records say: what a node lacks was paid for its own transactions, or was too small for an output. */
export const checkBooks = async (world: World): Promise<void> => {
  checkPayments(world)
  const { costs, unspent } = readChain(world)
  const cheaters = world.cheats.by
  const small = world.asked.reduce((sum, { msat }) => (msat < UNECONOMIC_MSAT ? sum + msat : sum), 0n)
  for (const node of world.nodes) {
    const { sent, received, earned } = await ledgerOf(world, node)
    const heldSat = heldFor(node, unspent)
    const expected = (FUNDED_SAT + (world.pushedTo.get(node) ?? 0n)) * 1000n + received + earned - sent
    const cost = (costs.get(node) ?? 0n) * 1000n
    const missing = expected - cost - heldSat * 1000n
    world.note(
      `${node.name}: has ${heldSat} sat, missing ${missing} msat; sent ${sent}, received ${received}, earned ${earned}, costs ${cost}`,
    )
    // Commitments hold whole satoshis.
    const slack = small + BigInt(world.asked.length + 10) * 2_000n
    // What a cheater loses is its peers' gain.
    if (cheaters.has(node)) continue
    if (missing > slack || (cheaters.size === 0 && missing < -slack))
      world.faults.push(`${node.name} lacks ${missing} msat: ${slack} at most are unaccounted for`)
  }
}
