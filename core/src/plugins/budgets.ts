import type { Command, ContractError } from '@fulgurite/plugin-sdk/contract'
import { err, ok, type Result } from '../lib/result.ts'
import type { Budget } from './manifest.ts'

type Purse = 'pays-out' | 'fees' | 'locks'

interface Spent {
  readonly at: number
  readonly amounts: Readonly<Record<Purse, bigint>>
  readonly tag: string
}

const MSAT_PER_SAT = 1_000n
const MAX_ENTRIES = 10_000

/** In the purse's own unit: locks are counted in satoshis, the others in millisatoshis. */
const inUnit = (purse: Purse, field: string, value: bigint): bigint => {
  const msat = field.endsWith('Sat') ? value * MSAT_PER_SAT : value
  return purse === 'locks' ? (msat + MSAT_PER_SAT - 1n) / MSAT_PER_SAT : msat
}

/**
 * What a plugin has done and spent in the last `windowMs`, on the core's clock, against what it was granted. What a command
 * could spend at most is taken when it is asked and stays taken: an ask that failed has still used its chance.
 */
export class Budgets {
  readonly #budget: Budget
  #windowStart = 0
  #counts = { actions: 0, queries: 0 }
  #spent: Spent[] = []

  constructor(budget: Budget) {
    this.#budget = budget
  }

  /** Counts an action or a query. Errors: `budget-exceeded`. */
  count(now: number, what: 'actions' | 'queries'): Result<true, ContractError> {
    if (now - this.#windowStart >= this.#budget.windowMs) {
      this.#windowStart = now
      this.#counts = { actions: 0, queries: 0 }
    }
    if (this.#counts[what] >= this.#budget[what]) {
      return exceeded(`${this.#budget[what]} ${what} in ${this.#budget.windowMs} ms are used up`)
    }
    this.#counts[what] += 1
    return ok(true)
  }

  /** Takes what the command may spend at most. Returns whether that was anything. Errors: `budget-exceeded`. */
  reserve(
    now: number,
    command: Command,
    request: Readonly<Record<string, unknown>>,
    tag: string,
  ): Result<boolean, ContractError> {
    const amounts: Record<Purse, bigint> = { 'pays-out': 0n, fees: 0n, locks: 0n }
    for (const [field, purse] of Object.entries(command.spends)) {
      const value = request[field]
      // A rate says nothing of the amount: it is held by its bound.
      if (typeof value === 'bigint') amounts[purse] += inUnit(purse, field, value)
    }
    const since = now - this.#budget.windowMs
    this.#spent = this.#spent.filter(({ at }) => at > since)
    if (this.#spent.some((entry) => entry.tag === tag && command.keyRequired)) return ok(false)
    for (const purse of ['pays-out', 'fees', 'locks'] as const) {
      if (!command.effects.includes(purse) && amounts[purse] === 0n) continue
      const limit = this.#limit(purse)
      const used = this.#spent.reduce((sum, entry) => sum + entry.amounts[purse], 0n)
      if (used + amounts[purse] > limit || (amounts[purse] === 0n && limit === 0n)) {
        return exceeded(`${purse}: ${amounts[purse]} more is beyond ${limit}, of which ${used} are used`)
      }
    }
    if (amounts['pays-out'] + amounts.fees + amounts.locks === 0n) return ok(false)
    if (this.#spent.length >= MAX_ENTRIES) return exceeded('too many spending commands in one window')
    this.#spent.push({ at: now, amounts, tag })
    return ok(true)
  }

  /** What was spent, to be kept. */
  encode(): string {
    return JSON.stringify(this.#spent, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value))
  }

  /** Takes up what an earlier run kept. */
  restore(text: string): void {
    const kept = JSON.parse(text) as readonly { at: number; amounts: Record<Purse, string>; tag: string }[]
    this.#spent = kept.map(({ at, amounts, tag }) => ({
      at,
      tag,
      amounts: { 'pays-out': BigInt(amounts['pays-out']), fees: BigInt(amounts.fees), locks: BigInt(amounts.locks) },
    }))
  }

  #limit(purse: Purse): bigint {
    switch (purse) {
      case 'pays-out':
        return this.#budget.paysOutMsat
      case 'fees':
        return this.#budget.feesMsat
      case 'locks':
        return this.#budget.locksSat
    }
  }
}

const exceeded = (message: string): Result<never, ContractError> => err({ code: 'budget-exceeded', message })
