import type { ContractError } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import { err, ok, type Result } from '../lib/result.ts'
import { TokenBucket } from '../lib/token-bucket.ts'

/** How a plugin's counts are stored. Times are the ledger's. */
interface KeptUsage {
  readonly at: number
  readonly windowStart: number
  readonly actions: number
  /** At least as many as were asked: the count is written ahead, a block at a time. */
  readonly queries: number
  /** What is left of each command's rate. */
  readonly rates: Readonly<Record<string, number>>
}

const QUERY_BLOCKS = 100
const LARGEST_BLOCK = 10_000

/**
 * How often a plugin has acted and asked. The counts belong to the plugin's name, and outlive its runs, versions and installations.
 * Time is the ledger's.
 */
export class UsageCounts {
  #grant: Manifest
  #windowStart: number
  #actions: number
  #queries: number
  #queriesKept: number
  #rates = new Map<string, TokenBucket>()

  constructor(grant: Manifest, now: number, kept?: string) {
    const usage: KeptUsage =
      kept === undefined
        ? { at: now, windowStart: now, actions: 0, queries: 0, rates: {} }
        : (JSON.parse(kept) as KeptUsage)
    this.#grant = grant
    this.#windowStart = usage.windowStart
    this.#actions = usage.actions
    this.#queries = usage.queries
    this.#queriesKept = usage.queries
    this.#setRates(usage.at, usage.rates)
  }

  /** Sets the limits of another version, or of the same again; what was used stays used. */
  grant(grant: Manifest, now: number): void {
    this.#grant = grant
    this.#setRates(now, this.#left(now))
  }

  /** Counts an action. The count must be stored before the action can do anything. Errors: `budget-exceeded`. */
  action(now: number): Result<true, ContractError> {
    this.#turn(now)
    const { actions, windowMs } = this.#grant.budget
    if (this.#actions >= actions) return exceeded('actions', actions, windowMs)
    this.#actions += 1
    return ok(true)
  }

  /** Counts a query. Returns whether it is time to store the counts. Errors: `budget-exceeded`. */
  query(now: number): Result<boolean, ContractError> {
    this.#turn(now)
    const { queries, windowMs } = this.#grant.budget
    if (this.#queries >= queries) return exceeded('queries', queries, windowMs)
    this.#queries += 1
    if (this.#queries <= this.#queriesKept) return ok(false)
    const block = Math.min(Math.ceil(queries / QUERY_BLOCKS), LARGEST_BLOCK)
    this.#queriesKept = Math.min(this.#queries + block - 1, queries)
    return ok(true)
  }

  /** How often it has acted and asked in the current window. */
  used(now: number): { readonly actions: number; readonly queries: number } {
    this.#turn(now)
    return { actions: this.#actions, queries: this.#queries }
  }

  /** Whether the rate allows the command again. */
  rate(now: number, command: string): boolean {
    return this.#rates.get(command)?.take(now) !== false
  }

  encode(now: number): string {
    const usage: KeptUsage = {
      at: now,
      windowStart: this.#windowStart,
      actions: this.#actions,
      queries: this.#queriesKept,
      rates: this.#left(now),
    }
    return JSON.stringify(usage)
  }

  #turn(now: number): void {
    if (now - this.#windowStart < this.#grant.budget.windowMs) return
    this.#windowStart = now
    this.#actions = 0
    this.#queries = 0
    this.#queriesKept = 0
  }

  #left(now: number): Record<string, number> {
    return Object.fromEntries([...this.#rates].map(([command, bucket]) => [command, bucket.left(now)]))
  }

  #setRates(now: number, left: Readonly<Record<string, number>>): void {
    this.#rates = new Map()
    for (const [command, { rate }] of Object.entries(this.#grant.permissions.commands)) {
      if (rate === undefined) continue
      const perSecond = (rate.max * 1_000) / rate.perMs
      this.#rates.set(command, new TokenBucket(perSecond, rate.max, now, left[command]))
    }
  }
}

export const exceeded = (what: string, limit: number, windowMs: number): Result<never, ContractError> =>
  err({
    code: 'budget-exceeded',
    message: `all ${limit} ${what} of this window (${windowMs} ms) are used up`,
    details: { budget: what, limit, used: limit, windowMs },
  })
