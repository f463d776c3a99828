import { formatOutPoint, type Tx, type TxOutput } from '../../../core/src/bitcoin/transaction.ts'
import { toHex } from '../../../core/src/lib/bytes.ts'
import type { TxId } from '../../../core/src/lib/ids.ts'
import { TABLE } from '../../../core/src/node/storage/tables.ts'
import { StateReader } from '../../../core/src/wallet/rows.ts'
import { COIN_SCRIPT } from '../../support/bad-copy.ts'
import { type Ending, type EndingHtlc, type Share, spentBy } from './endings.ts'
import { checkPayments, countArrived, Ledger } from './ledger.ts'
import type { SimulatedNode } from './simulated-node.ts'
import { NOBODY_SCRIPT, type World } from './world.ts'

/** Outputs of less than this are not made (BOLT 3, dust limits): its highest, and what is ours to choose is above it. */
const DUST_SAT = 354n

/** No claim of an output costs half of this at the end, when fees are low (ADR 31). */
const WORTH_A_CLAIM_SAT = 3_000n

/** What a node has given for nothing: with a name each, in millisatoshis. */
type Entry = readonly [what: string, msat: bigint]

/** The chain as it ended, told as what each node has paid to it and left in it. */
class ChainBooks {
  readonly entries = new Map<SimulatedNode, Entry[]>()
  readonly faults: string[] = []
  /** What its records leave open whether a node has lost, or gained if it is negative: each may be. */
  readonly open: { readonly node: SimulatedNode; readonly msat: bigint }[] = []
  /** HTLCs that both ends may tell differently: without an output, with one that is not worth its claim, or taken late. */
  readonly lost: EndingHtlc[] = []
  readonly #world: World
  readonly #ledgers: ReadonlyMap<SimulatedNode, Ledger>
  readonly #outputs = new Map<string, TxOutput>()
  readonly #spent = new Set<string>()
  /** Whose an output is that is in nobody's wallet. */
  readonly #owners = new Map<string, SimulatedNode | EndingHtlc>()
  readonly #anchors = new Set<string>()
  readonly #wallets: ReadonlyMap<string, SimulatedNode>

  constructor(world: World, ledgers: readonly Ledger[]) {
    this.#world = world
    this.#ledgers = new Map(ledgers.map((ledger) => [ledger.node, ledger]))
    this.#wallets = new Map(world.nodes.flatMap((node) => scriptsOf(node).map((script) => [script, node] as const)))
    for (let height = 0; height <= world.chain.tip.height; height++) {
      const block = world.chain.blockAt(height)
      for (const [at, tx] of (block?.txs ?? []).entries()) {
        const txid = block?.txids[at] as TxId
        if (at > 0) this.#read(tx, txid)
        for (const [index, output] of tx.outputs.entries()) this.#outputs.set(formatOutPoint({ txid, index }), output)
      }
    }
    for (const [name, owner] of this.#owners) {
      if (this.#spent.has(name)) continue
      const left = this.#outputs.get(name)?.amount ?? 0n
      // Who has gone back to a backup cannot make the script of an HTLC that the backup does not know.
      const isForgotten =
        'hash' in owner && [owner.offeredBy, owner.receivedBy].some((node) => world.restored.has(node))
      if (left > WORTH_A_CLAIM_SAT && !isForgotten)
        this.faults.push(`${left} sat are left on the chain: nobody has taken ${name}`)
      if ('hash' in owner) this.lost.push(owner)
      this.#lose(owner, 'left on the chain', left * 1000n)
    }
  }

  #charge(node: SimulatedNode, what: string, msat: bigint): void {
    const entries = this.entries.get(node) ?? []
    if (msat !== 0n) entries.push([what, msat])
    this.entries.set(node, entries)
  }

  /** What belongs to an HTLC is lost by its sender if it says that it has not paid, and by its receiver if it says that it was paid. */
  #lose(owner: SimulatedNode | EndingHtlc, what: string, msat: bigint): void {
    if (!('hash' in owner)) {
      this.#charge(owner, what, msat)
      return
    }
    const { offeredBy, receivedBy } = owner
    const paid = this.#ledgers.get(offeredBy)?.hasPaid(owner)
    if (paid === 'unsure') this.open.push({ node: offeredBy, msat })
    if (paid === 'no') this.#charge(offeredBy, `an HTLC that was given back, ${what}`, msat)
    if (this.#ledgers.get(receivedBy)?.wasPaid(owner) === true)
      this.#charge(receivedBy, `an HTLC that was paid, ${what}`, msat)
  }

  #read(tx: Tx, txid: TxId): void {
    const inputs = spentBy(tx)
    for (const name of inputs) this.#spent.add(name)
    if (inputs.some((name) => this.#world.funders.has(name))) this.#readEnding(tx, txid)
    else this.#readOther(tx, txid, inputs)
  }

  #readEnding(tx: Tx, txid: TxId): void {
    const ending = this.#world.endings.of(toHex(txid))
    if (ending === undefined) {
      this.faults.push(`a channel was ended by ${toHex(txid)}, which no node has made`)
      return
    }
    const fee = this.#feeOf(tx)
    const paid = ending.shares.map((share) => this.#readShare(tx, txid, ending, share, fee))
    if (paid.every((hasPaid) => hasPaid)) this.faults.push(`both have paid for ${toHex(txid)}`)
    for (const htlc of ending.htlcs) {
      const output = htlc.output === undefined ? undefined : tx.outputs[htlc.output]
      if (output === undefined) this.lost.push(htlc)
      this.#lose(htlc, output === undefined ? 'trimmed' : 'rounded', htlc.msat - (output?.amount ?? 0n) * 1000n)
      if (htlc.output !== undefined) this.#owners.set(formatOutPoint({ txid, index: htlc.output }), htlc)
      // Who has gone back to a backup may have forgotten the preimage that it has shown.
      const isForgotten = output !== undefined && this.#world.restored.has(htlc.receivedBy)
      if (isForgotten && this.#ledgers.get(htlc.offeredBy)?.hasPaid(htlc) !== 'no')
        this.open.push({ node: htlc.offeredBy, msat: -output.amount * 1000n })
    }
  }

  /** Whether this side has paid for it. */
  #readShare(tx: Tx, txid: TxId, { isByBoth }: Ending, { node, msat, output, anchor, isOpener }: Share, fee: bigint) {
    const hasSat =
      output === 'by-script'
        ? tx.outputs.reduce((sum, { amount, script }) => (this.#isOf(node, script) ? sum + amount : sum), 0n)
        : output === undefined
          ? 0n
          : (tx.outputs[output]?.amount ?? 0n)
    const lost = msat - hasSat * 1000n
    this.#charge(node, isByBoth ? 'a close together' : 'a commitment', lost)
    if (typeof output === 'number') this.#owners.set(formatOutPoint({ txid, index: output }), node)
    if (anchor !== undefined) this.#anchors.add(formatOutPoint({ txid, index: anchor }))
    const closers = isByBoth ? this.#world.closers.payersOf(tx, fee) : []
    const isPayer = closers.length === 0 ? isOpener : closers.includes(node.host)
    const hasPaid = lost >= 1000n && msat >= DUST_SAT * 1000n
    // BOLT 3: the opener pays for a commitment and for a close; BOLT 2, option_simple_close: the closer pays for its own.
    if (hasPaid && !isPayer)
      this.faults.push(`${node.name} has lost ${lost} msat in ${toHex(txid)}, for which the other pays`)
    return hasPaid
  }

  #isOf(node: SimulatedNode, script: Uint8Array): boolean {
    return this.#wallets.get(toHex(script)) === node
  }

  #readOther(tx: Tx, txid: TxId, inputs: readonly string[]): void {
    const payer = this.#world.broadcastBy.get(toHex(txid))
    if (payer === undefined) return
    this.#charge(payer, 'fees', this.#feeOf(tx) * 1000n)
    for (const name of inputs) {
      const spent = this.#outputs.get(name)
      this.#readTakenBack(payer, name, spent?.amount ?? 0n)
      this.#readTakenLate(payer, name, spent?.amount ?? 0n)
      // The opener has paid for it.
      if (this.#anchors.has(name)) this.#charge(payer, 'an anchor', -(spent?.amount ?? 0n) * 1000n)
      if (toHex(spent?.script ?? COIN_SCRIPT) === toHex(COIN_SCRIPT))
        this.#charge(payer, 'what copies are given', -(spent?.amount ?? 0n) * 1000n)
    }
    for (const [index, { amount, script }] of tx.outputs.entries()) {
      const name = formatOutPoint({ txid, index })
      if (toHex(script) === NOBODY_SCRIPT) {
        this.#charge(payer, 'sent away', amount * 1000n)
        continue
      }
      // What is in no wallet yet: the output of an HTLC transaction, which waits for its delay.
      if (!this.#wallets.has(toHex(script)) && !this.#world.funders.has(name)) this.#owners.set(name, payer)
    }
  }

  /** Its receiver has given up an output that is not worth its claim, and the sender takes it back. */
  #readTakenBack(payer: SimulatedNode, name: string, sat: bigint): void {
    const htlc = this.#owners.get(name)
    if (htlc === undefined || !('hash' in htlc) || htlc.offeredBy !== payer || sat > WORTH_A_CLAIM_SAT) return
    this.lost.push(htlc)
    if (this.#ledgers.get(payer)?.hasPaid(htlc) !== 'no')
      this.#charge(payer, 'an HTLC that was paid and given up', -sat * 1000n)
    if (this.#ledgers.get(htlc.receivedBy)?.wasPaid(htlc) === true)
      this.#charge(htlc.receivedBy, 'an HTLC that was paid, given up', sat * 1000n)
  }

  /** Its receiver takes it with the preimage after its sender was told that it had failed, by blocks that are undone since. */
  #readTakenLate(payer: SimulatedNode, name: string, sat: bigint): void {
    const htlc = this.#owners.get(name)
    if (htlc === undefined || !('hash' in htlc) || htlc.receivedBy !== payer) return
    if (!this.#world.undoneFates.has(htlc) || this.#ledgers.get(htlc.offeredBy)?.hasPaid(htlc) !== 'no') return
    this.#world.undoneFates.taken += 1
    this.lost.push(htlc)
    this.#charge(htlc.offeredBy, 'an HTLC that was told as failed, and taken', sat * 1000n)
  }

  #feeOf(tx: Tx): bigint {
    return (
      spentBy(tx).reduce((sum, name) => sum + (this.#outputs.get(name)?.amount ?? 0n), 0n) -
      tx.outputs.reduce((sum, { amount }) => sum + amount, 0n)
    )
  }

  /** What is unspent and pays to a script of the node's wallet, whatever the wallet thinks of it. */
  heldBy(node: SimulatedNode): bigint {
    let sat = 0n
    for (const [name, { amount, script }] of this.#outputs) {
      if (!this.#spent.has(name) && this.#isOf(node, script)) sat += amount
    }
    return sat
  }
}

const scriptsOf = (node: SimulatedNode): readonly string[] => {
  const reader = new StateReader()
  for (const row of node.disk.table(TABLE.wallet).values()) reader.add(row)
  return reader.scripts.map(({ script }) => toHex(script))
}

/** Whether some of the amounts come to the sum. */
const areSome = (amounts: readonly bigint[], sum: bigint): boolean => {
  const [first, ...others] = amounts
  if (first === undefined) return sum === 0n
  return areSome(others, sum) || areSome(others, sum - first)
}

/**
 * Every millisatoshi is where the records say: what a node has is what it was given, and what its own records add to that, less what it
 * has paid for transactions, and what is too small for an output or not worth its claim. There is no slack.
 */
export const checkBooks = async (world: World): Promise<void> => {
  const ledgers: Ledger[] = []
  for (const node of world.nodes) ledgers.push(await Ledger.of(world, node))
  const books = new ChainBooks(world, ledgers)
  checkPayments(world, ledgers, new Set(books.lost.map(({ hash }) => hash)))
  world.holds.check((payee, hash) => ledgers.find(({ node }) => node === payee)?.invoices.get(hash)?.state.type)
  countArrived(world, ledgers)
  const cheaters = world.cheats.by
  for (const name of world.paidTooLate) {
    // What a cheater's channel ended with is nothing to it.
    const link = world.links.find(({ channelId }) => name.startsWith(channelId))
    if (link !== undefined && (cheaters.has(link.a) || cheaters.has(link.b))) continue
    const isLost = books.lost.some(({ channelId, id }) => [channelId, `${channelId}:${id}`].includes(name))
    if (!isLost) world.faults.push(`paid, and not paid for: ${name}`)
  }
  world.faults.push(...books.faults)
  let missingInAll = 0n
  for (const { node, balance, earned } of ledgers) {
    const heldSat = books.heldBy(node)
    const entries = books.entries.get(node) ?? []
    const cost = entries.reduce((sum, [, msat]) => sum + msat, 0n)
    const expected = (world.fundedSat + (world.pushedTo.get(node) ?? 0n)) * 1000n + balance + earned
    const missing = expected - cost - heldSat * 1000n
    missingInAll += missing
    const costs = entries.map(([what, msat]) => `${msat} ${what}`).join(', ')
    world.note(
      `${node.name}: has ${heldSat} sat, missing ${missing} msat; payments ${balance}, earned ${earned}, costs ${costs}`,
    )
    // What a cheater loses is its peers' gain.
    if (cheaters.has(node) || (cheaters.size > 0 && missing < 0n)) continue
    // What it did after its backup is in no record of its own; its peers' must be right nevertheless.
    if (world.restored.has(node)) continue
    const own = books.open.flatMap((each) => (each.node === node ? [each.msat] : []))
    if (!areSome(own, missing)) world.faults.push(`${node.name} lacks ${missing} msat`)
  }
  // Every entry is somebody's, so the sum is what the chain says it is. What a cheater tells of its HTLCs is not looked into.
  const open = books.open.map(({ msat }) => msat)
  if (cheaters.size === 0 && world.restored.size === 0 && !areSome(open, missingInAll))
    world.faults.push(`${missingInAll} msat are nowhere`)
}
