import { type Tx, txidOf, txVsize, wtxidOf } from '../../bitcoin/transaction.ts'
import { equalBytes, toHex } from '../../lib/bytes.ts'
import type { OutPoint, TxId } from '../../lib/ids.ts'
import { err, ok, type Result } from '../../lib/result.ts'
import type { FeeratePerKw, Sat } from '../../lib/units.ts'
import { outpointKey } from '../outpoint-key.ts'
import type { ChainState } from './chain-state.ts'
import type { Coin, CoinView } from './coin.ts'
import { checkStandard, checkWitnessStandard, leastRelayFee } from './relay-policy.ts'
import type { TxRejection } from './tx-rejection.ts'
import { areSequenceLocksMet, checkAmounts, checkScripts, checkTx, isCoinbaseTx, isFinal } from './tx-rules.ts'

export interface MempoolEntry {
  readonly tx: Tx
  readonly txid: TxId
  readonly wtxid: Uint8Array
  readonly fee: Sat
  readonly vsize: number
}

export interface AcceptOptions {
  /** The witnesses were checked before. */
  readonly areScriptsKnown?: boolean
  /** Parents that pay less than the mempool's lowest rate: with them, it must pay that rate. */
  readonly paysFor?: readonly MempoolEntry[]
  /** A child comes with it that pays for both: it need not pay the mempool's lowest rate by itself. */
  readonly isPaidFor?: boolean
}

interface Candidate {
  readonly entry: MempoolEntry
  /** What it would evict. */
  readonly replaced: readonly MempoolEntry[]
}

const MAX_RELATIVES = 25
const MAX_REPLACED = 100

/** Transactions that wait for a block, under bitcoind's default rules. Parents stand before their children. */
export class Mempool implements CoinView {
  readonly #chain: ChainState
  readonly #entries = new Map<string, MempoolEntry>()
  readonly #spends = new Map<string, MempoolEntry>()
  #minimum: FeeratePerKw = 0

  constructor(chain: ChainState) {
    this.#chain = chain
  }

  get entries(): readonly MempoolEntry[] {
    return [...this.#entries.values()]
  }

  get(txid: TxId): MempoolEntry | undefined {
    return this.#entries.get(toHex(txid))
  }

  /** A transaction with what it descends from here. */
  packageOf(txid: TxId): readonly MempoolEntry[] {
    const entry = this.get(txid)
    return entry === undefined ? [] : this.#closure([entry], ({ tx }) => this.#parents(tx))
  }

  spenderOf(outpoint: OutPoint): MempoolEntry | undefined {
    return this.#spends.get(outpointKey(outpoint))
  }

  /** Unspent outputs of the chain and of the mempool, spends in the mempool aside. */
  coin(outpoint: OutPoint): Coin | undefined {
    const output = this.get(outpoint.txid)?.tx.outputs[outpoint.index]
    if (output === undefined) return this.#chain.coin(outpoint)
    return { ...output, height: this.#chain.nextPlace.height, isCoinbase: false }
  }

  /** The lowest rate that enters, as in a mempool that is full: what pays less, with what spends it, has no room any more. */
  get minimum(): FeeratePerKw {
    return this.#minimum
  }

  set minimum(rate: FeeratePerKw) {
    this.#minimum = rate
    const kept = new Set(this.paying(rate))
    for (const entry of this.entries) if (!kept.has(entry)) this.#remove(entry)
  }

  /** What a miner takes who takes nothing below a rate: each transaction counts with the ancestors that it brings along. */
  paying(rate: FeeratePerKw): readonly MempoolEntry[] {
    const taken = new Set<MempoolEntry>()
    for (let before = -1; before < taken.size; ) {
      before = taken.size
      for (const entry of this.entries) {
        const group = this.#closure([entry], ({ tx }) => this.#parents(tx)).filter((each) => !taken.has(each))
        if (paysRate(group, rate)) for (const each of group) taken.add(each)
      }
    }
    return this.entries.filter((entry) => taken.has(entry))
  }

  /** What `accept` would say. */
  test(tx: Tx): Result<MempoolEntry, TxRejection> {
    const candidate = this.#check(tx, {})
    if (!candidate.ok) return candidate
    const { entry, replaced } = candidate.value
    const poor = this.#checkFee(entry, {}) ?? this.#checkReplacement(entry, replaced)
    return poor === undefined ? ok(entry) : err(poor)
  }

  /** Takes a transaction in, evicting what it replaces. */
  accept(tx: Tx, options: AcceptOptions = {}): Result<MempoolEntry, TxRejection> {
    const candidate = this.#check(tx, options)
    if (!candidate.ok) return candidate
    const { entry, replaced } = candidate.value
    const poor = this.#checkFee(entry, options) ?? this.#checkReplacement(entry, replaced)
    if (poor !== undefined) return err(poor)
    for (const old of replaced) this.#remove(old)
    this.#add(entry)
    return ok(entry)
  }

  /**
   * Takes in parents and their child; the verdicts are in the order of the transactions. The child may pay for a parent below the mempool's
   * lowest rate, but not below the relay fee: bitcoind allows that to version 3 alone.
   */
  acceptPackage(txs: readonly Tx[]): Result<MempoolEntry, TxRejection>[] {
    if (!isChildWithParents(txs)) return txs.map(() => err({ code: 'package-topology' }))
    const paysFor: MempoolEntry[] = []
    const verdicts = txs.map((tx, i): Result<MempoolEntry, TxRejection> => {
      const known = this.get(txidOf(tx))
      if (known !== undefined) return ok(known)
      if (i === txs.length - 1) return this.accept(tx, { paysFor })
      const alone = this.accept(tx)
      if (alone.ok || alone.error.code !== 'mempool-min-fee') return alone
      const supported = this.accept(tx, { isPaidFor: true })
      if (supported.ok) paysFor.push(supported.value)
      return supported
    })
    if (verdicts.at(-1)?.ok === true) return verdicts
    for (const entry of paysFor) this.#remove(entry)
    return verdicts.map((verdict) =>
      verdict.ok && paysFor.includes(verdict.value) ? err({ code: 'mempool-min-fee' }) : verdict,
    )
  }

  /** Drops what a block has confirmed, and what conflicts with it. */
  removeForBlock(txs: readonly Tx[], txids: readonly TxId[]): void {
    for (const [i, tx] of txs.entries()) {
      const confirmed = this.get(txids[i] as TxId)
      if (confirmed !== undefined) this.#remove(confirmed)
      for (const { outpoint } of tx.inputs) {
        const conflicting = this.spenderOf(outpoint)
        if (conflicting !== undefined) for (const entry of this.#withDescendants([conflicting])) this.#remove(entry)
      }
    }
  }

  /** After blocks were undone: starts over with their transactions and then its own, dropping what no longer fits. */
  refill(disconnected: readonly Tx[]): void {
    const txs = [...disconnected, ...this.entries.map(({ tx }) => tx)]
    this.#entries.clear()
    this.#spends.clear()
    for (const tx of txs) this.accept(tx, { areScriptsKnown: true })
  }

  #add(entry: MempoolEntry): void {
    this.#entries.set(toHex(entry.txid), entry)
    for (const { outpoint } of entry.tx.inputs) this.#spends.set(outpointKey(outpoint), entry)
  }

  #remove(entry: MempoolEntry): void {
    this.#entries.delete(toHex(entry.txid))
    for (const { outpoint } of entry.tx.inputs) this.#spends.delete(outpointKey(outpoint))
  }

  #check(tx: Tx, { areScriptsKnown = false }: AcceptOptions): Result<Candidate, TxRejection> {
    const malformed = checkTx(tx)
    if (malformed !== undefined) return err(malformed)
    if (isCoinbaseTx(tx)) return err({ code: 'coinbase' })
    const nonstandard = checkStandard(tx)
    if (nonstandard !== undefined) return err(nonstandard)
    const place = this.#chain.nextPlace
    if (!isFinal(tx, place)) return err({ code: 'non-final' })
    const [txid, wtxid] = [txidOf(tx), wtxidOf(tx)]
    const known = this.get(txid)
    if (known !== undefined) {
      return err({ code: equalBytes(known.wtxid, wtxid) ? 'already-in-mempool' : 'same-txid-in-mempool' })
    }

    const coins = tx.inputs.map(({ outpoint }) => this.coin(outpoint))
    if (!coins.every((coin) => coin !== undefined)) {
      const isConfirmed = tx.outputs.some((_, index) => this.#chain.coin({ txid, index }) !== undefined)
      return err({ code: isConfirmed ? 'already-confirmed' : 'missing-inputs' })
    }
    if (!areSequenceLocksMet(tx, coins, place)) return err({ code: 'non-bip68-final' })
    const fee = checkAmounts(tx, coins, place)
    if (!fee.ok) return fee
    const oddWitness = checkWitnessStandard(tx, coins)
    if (oddWitness !== undefined) return err(oddWitness)

    const conflicts = tx.inputs.flatMap(({ outpoint }) => this.spenderOf(outpoint) ?? [])
    const replaced = this.#withDescendants(conflicts)
    const entry = { tx, txid, wtxid, fee: fee.value, vsize: txVsize(tx) }
    if (this.#isChainTooLong(tx, replaced)) return err({ code: 'chain-too-long' })
    const failed = areScriptsKnown ? undefined : checkScripts(tx, coins)
    return failed === undefined ? ok({ entry, replaced }) : err(failed)
  }

  #checkFee(entry: MempoolEntry, { paysFor = [], isPaidFor = false }: AcceptOptions): TxRejection | undefined {
    if (entry.fee < leastRelayFee(entry.vsize)) return { code: 'min-relay-fee' }
    return isPaidFor || paysRate([...paysFor, entry], this.#minimum) ? undefined : { code: 'mempool-min-fee' }
  }

  // The rules of replacement that need no signal: pays more a byte, and on top of all that it evicts for its own relay.
  #checkReplacement(entry: MempoolEntry, replaced: readonly MempoolEntry[]): TxRejection | undefined {
    if (replaced.length === 0) return undefined
    if (replaced.length > MAX_REPLACED) return { code: 'too-many-replacements' }
    const parents = this.#parents(entry.tx)
    if (parents.some((parent) => replaced.includes(parent))) return { code: 'spends-conflicting' }
    const direct = new Set(entry.tx.inputs.flatMap(({ outpoint }) => this.spenderOf(outpoint) ?? []))
    const inherited = new Set([...direct].flatMap(({ tx }) => this.#parents(tx)))
    if (parents.some((parent) => !inherited.has(parent))) return { code: 'adds-unconfirmed' }
    const paysMoreThan = (old: MempoolEntry): boolean => entry.fee * BigInt(old.vsize) > old.fee * BigInt(entry.vsize)
    if (![...direct].every(paysMoreThan)) return { code: 'insufficient-fee' }
    const evicted = replaced.reduce((sum, { fee }) => sum + fee, 0n)
    return entry.fee < evicted + leastRelayFee(entry.vsize) ? { code: 'insufficient-fee' } : undefined
  }

  #isChainTooLong(tx: Tx, replaced: readonly MempoolEntry[]): boolean {
    const ancestors = this.#closure(this.#parents(tx), (entry) => this.#parents(entry.tx))
    if (ancestors.length + 1 > MAX_RELATIVES) return true
    return ancestors.some((ancestor) => {
      const descendants = this.#withDescendants([ancestor]).filter((entry) => !replaced.includes(entry))
      return descendants.length + 1 > MAX_RELATIVES
    })
  }

  #parents(tx: Tx): MempoolEntry[] {
    return tx.inputs.flatMap(({ outpoint }) => this.get(outpoint.txid) ?? [])
  }

  #withDescendants(entries: readonly MempoolEntry[]): MempoolEntry[] {
    return this.#closure(entries, ({ tx, txid }) =>
      tx.outputs.flatMap((_, index) => this.spenderOf({ txid, index }) ?? []),
    )
  }

  #closure(start: readonly MempoolEntry[], next: (entry: MempoolEntry) => MempoolEntry[]): MempoolEntry[] {
    const found = new Set(start)
    // A set is walked in the order of insertion, what is added on the way included.
    for (const entry of found) for (const relative of next(entry)) found.add(relative)
    return [...found]
  }
}

const paysRate = (entries: readonly MempoolEntry[], rate: FeeratePerKw): boolean => {
  const fee = entries.reduce((sum, entry) => sum + entry.fee, 0n)
  const vsize = entries.reduce((sum, entry) => sum + entry.vsize, 0)
  return fee * 250n >= BigInt(rate) * BigInt(vsize)
}

const isChildWithParents = (txs: readonly Tx[]): boolean => {
  const child = txs.at(-1)
  if (child === undefined) return false
  return txs.slice(0, -1).every((parent) => {
    const txid = txidOf(parent)
    return child.inputs.some(({ outpoint }) => equalBytes(outpoint.txid, txid))
  })
}
