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

/** Of what a transaction descends from here, and of what descends from it; itself included. */
const LIMITS: RelativeLimits = { ancestors: 25, descendants: 25, size: 101_000 }
/** The carve-out for contracts of two: a small child of one parent comes on top of what is enough for all others. */
const CARVE_OUT_SIZE = 10_000
const MAX_REPLACED = 100
/** How large what a package replaces may be, with all that hangs together with it. */
const MAX_REPLACED_CLUSTER = 2

interface RelativeLimits {
  readonly ancestors: number
  readonly descendants: number
  /** In vbytes. */
  readonly size: number
}

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
    const replaced = this.#replaceByPackage(txs)
    if (replaced !== undefined) return replaced.map((entry) => ok(entry))
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
    if (this.#isChainTooLong(entry, conflicts)) return err({ code: 'chain-too-long' })
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

  /**
   * A parent that does not pay enough by itself for what it would evict, and a child that pays for both: one of each, that hang together with
   * nothing else here, in the place of no more. `undefined` if it is not that, or not enough.
   */
  #replaceByPackage([parentTx, childTx, ...more]: readonly Tx[]): readonly MempoolEntry[] | undefined {
    if (parentTx === undefined || childTx === undefined || more.length > 0) return undefined
    const conflicts = parentTx.inputs.flatMap(({ outpoint }) => this.spenderOf(outpoint) ?? [])
    if (conflicts.length === 0) return undefined
    const candidate = this.#check(parentTx, {})
    if (!candidate.ok) return undefined
    const { entry: parent, replaced } = candidate.value
    if (this.#checkReplacement(parent, replaced)?.code !== 'insufficient-fee') return undefined
    if (this.#checkFee(parent, { isPaidFor: true }) !== undefined || this.#parents(parentTx).length > 0)
      return undefined
    const clusters = [...new Set(conflicts)].map((conflict) => this.#clusterOf(conflict))
    if (clusters.some(({ length }) => length > MAX_REPLACED_CLUSTER)) return undefined

    for (const old of replaced) this.#remove(old)
    this.#add(parent)
    const child = this.#check(childTx, {})
    const isEnough =
      child.ok &&
      child.value.replaced.length === 0 &&
      this.#parents(childTx).every((each) => each === parent) &&
      this.#checkFee(child.value.entry, { paysFor: [parent] }) === undefined &&
      improves([parent, child.value.entry], replaced, clusters)
    if (child.ok && isEnough) {
      this.#add(child.value.entry)
      return [parent, child.value.entry]
    }
    this.#remove(parent)
    for (const old of replaced) this.#add(old)
    return undefined
  }

  #isChainTooLong(entry: MempoolEntry, conflicts: readonly MempoolEntry[]): boolean {
    // The one that it replaces makes room for it.
    const [conflict, ...others] = new Set(conflicts)
    const freed = conflict === undefined || others.length > 0 ? [] : this.#withDescendants([conflict])
    const limits = { ...LIMITS, descendants: LIMITS.descendants + (freed.length > 0 ? 1 : 0) }
    if (this.#fits(entry, limits, sizeOf(freed))) return false
    if (entry.vsize > CARVE_OUT_SIZE) return true
    return !this.#fits(
      entry,
      { ...limits, ancestors: 2, descendants: limits.descendants + 1 },
      sizeOf(freed) + CARVE_OUT_SIZE,
    )
  }

  #fits(entry: MempoolEntry, limits: RelativeLimits, moreDescendants: number): boolean {
    const ancestors = this.#closure(this.#parents(entry.tx), ({ tx }) => this.#parents(tx))
    if (ancestors.length + 1 > limits.ancestors || sizeOf(ancestors) + entry.vsize > limits.size) return false
    return ancestors.every((ancestor) => {
      const descendants = this.#withDescendants([ancestor])
      return (
        descendants.length + 1 <= limits.descendants &&
        sizeOf(descendants) + entry.vsize <= limits.size + moreDescendants
      )
    })
  }

  /** All that hangs together with it: by parents and children, and theirs. */
  #clusterOf(entry: MempoolEntry): readonly MempoolEntry[] {
    return this.#closure([entry], (each) => [...this.#parents(each.tx), ...this.#children(each)])
  }

  #children({ tx, txid }: MempoolEntry): MempoolEntry[] {
    return tx.outputs.flatMap((_, index) => this.spenderOf({ txid, index }) ?? [])
  }

  #parents(tx: Tx): MempoolEntry[] {
    return tx.inputs.flatMap(({ outpoint }) => this.get(outpoint.txid) ?? [])
  }

  #withDescendants(entries: readonly MempoolEntry[]): MempoolEntry[] {
    return this.#closure(entries, (entry) => this.#children(entry))
  }

  #closure(start: readonly MempoolEntry[], next: (entry: MempoolEntry) => MempoolEntry[]): MempoolEntry[] {
    const found = new Set(start)
    // A set is walked in the order of insertion, what is added on the way included.
    for (const entry of found) for (const relative of next(entry)) found.add(relative)
    return [...found]
  }
}

const sizeOf = (entries: readonly MempoolEntry[]): number => entries.reduce((sum, { vsize }) => sum + vsize, 0)

const feeOf = (entries: readonly MempoolEntry[]): Sat => entries.reduce((sum, { fee }) => sum + fee, 0n)

/** Whether `a` pays more for each vbyte than `b`. */
const paysMore = (a: readonly MempoolEntry[], b: readonly MempoolEntry[]): boolean =>
  feeOf(a) * BigInt(sizeOf(b)) > feeOf(b) * BigInt(sizeOf(a))

/**
 * Whether a miner is better off with a parent and its child than with what they replace: they pay more in all, by their own relay, the
 * child is what pays, and however little room a block has left, what fits of the new pays no less than what fits of the old.
 */
const improves = (
  pair: readonly [MempoolEntry, MempoolEntry],
  replaced: readonly MempoolEntry[],
  clusters: readonly (readonly MempoolEntry[])[],
): boolean => {
  const [fee, size] = [feeOf(pair), sizeOf(pair)]
  if (fee < feeOf(replaced) + leastRelayFee(size) || !paysMore(pair, [pair[0]])) return false
  // A child that pays more than its parent is mined with it.
  const chunks = clusters
    .flatMap(([first, second]) => {
      if (first === undefined || second === undefined) return first === undefined ? [] : [[first]]
      const [parent, child] = second.tx.inputs.some(({ outpoint }) => equalBytes(outpoint.txid, first.txid))
        ? [first, second]
        : [second, first]
      return paysMore([child], [parent]) ? [[parent, child]] : [[parent], [child]]
    })
    .sort((a, b) => (paysMore(a, b) ? -1 : 1))
  let [oldFee, oldSize] = [0n, 0]
  for (const chunk of chunks) {
    oldFee += feeOf(chunk)
    oldSize += sizeOf(chunk)
    if (fee * BigInt(Math.min(oldSize, size)) < oldFee * BigInt(size)) return false
  }
  return true
}

const paysRate = (entries: readonly MempoolEntry[], rate: FeeratePerKw): boolean =>
  feeOf(entries) * 250n >= BigInt(rate) * BigInt(sizeOf(entries))

const isChildWithParents = (txs: readonly Tx[]): boolean => {
  const child = txs.at(-1)
  if (child === undefined) return false
  return txs.slice(0, -1).every((parent) => {
    const txid = txidOf(parent)
    return child.inputs.some(({ outpoint }) => equalBytes(outpoint.txid, txid))
  })
}
