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
  /** The rates themselves: a command that is not granted any more still has one. Rows of before do not have it. */
  readonly limits?: Readonly<Record<string, Rate>>
  /** Windows that are over. Rows of before do not have it. */
  readonly past?: readonly PastCounts[]
}

interface Rate {
  readonly max: number
  readonly perMs: number
}

/** What was counted in windows that are over, of which the last began at `start`. */
interface PastCounts {
  readonly start: number
  readonly actions: number
  readonly queries: number
}

/** The longest window that a manifest may have. */
export const LONGEST_WINDOW_MS = 31 * 86_400_000
/** Windows that began in the same quarter of a day are summed up. The counts are written with each action, so they stay small. */
const SUMMED_MS = 21_600_000
/** Of a command whose rate was not kept, and that is not granted. */
const UNKNOWN_RATE: Rate = { max: 1, perMs: LONGEST_WINDOW_MS }

const QUERY_BLOCKS = 100
const LARGEST_BLOCK = 10_000

/**
 * How often a plugin has acted and asked. The counts belong to the plugin's name, and outlive its runs, versions and installations.
 * What a shorter window does not count is kept for a longer one, and a command's rate goes on while no version names the command.
 * Time is the ledger's.
 */
export class UsageCounts {
  #grant: Manifest
  #windowStart: number
  #actions: number
  #queries: number
  #queriesKept: number
  #past: readonly PastCounts[]
  readonly #rates = new Map<string, { readonly rate: Rate; readonly bucket: TokenBucket }>()

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
    this.#past = usage.past ?? []
    for (const [command, left] of Object.entries(usage.rates)) {
      const { rate } = grant.permissions.commands[command] ?? {}
      this.#setRate(command, usage.limits?.[command] ?? rate ?? UNKNOWN_RATE, usage.at, left)
    }
    this.grant(grant, now)
  }

  /** Sets the limits of another version, or of the same again; what was used stays used. */
  grant(grant: Manifest, now: number): void {
    this.#grant = grant
    for (const [command, { bucket }] of this.#rates) if (bucket.isFull(now)) this.#rates.delete(command)
    for (const [command, { rate }] of Object.entries(grant.permissions.commands)) {
      if (rate !== undefined) this.#setRate(command, rate, now, this.#rates.get(command)?.bucket.left(now))
    }
  }

  /** Counts an action. The count must be stored before the action can do anything. Errors: `budget-exceeded`. */
  action(now: number): Result<true, ContractError> {
    const { actions, windowMs } = this.#grant.budget
    if (this.used(now).actions >= actions) return exceeded('actions', actions, windowMs)
    this.#actions += 1
    return ok(true)
  }

  /** Counts a query. Returns whether it is time to store the counts. Errors: `budget-exceeded`. */
  query(now: number): Result<boolean, ContractError> {
    const { queries, windowMs } = this.#grant.budget
    if (this.used(now).queries >= queries) return exceeded('queries', queries, windowMs)
    this.#queries += 1
    if (this.#queries <= this.#queriesKept) return ok(false)
    const block = Math.min(Math.ceil(queries / QUERY_BLOCKS), LARGEST_BLOCK)
    this.#queriesKept = Math.min(this.#queries + block - 1, queries)
    return ok(true)
  }

  /** How often it has acted and asked in the current window. */
  used(now: number): { readonly actions: number; readonly queries: number } {
    this.#turn(now)
    let [actions, queries] = [this.#actions, this.#queries]
    for (const past of this.#past) {
      if (now - past.start >= this.#grant.budget.windowMs) continue
      actions += past.actions
      queries += past.queries
    }
    return { actions, queries }
  }

  /** Whether the rate allows the command again. */
  rate(now: number, command: string): boolean {
    if (this.#grant.permissions.commands[command]?.rate === undefined) return true
    return this.#rates.get(command)?.bucket.take(now) !== false
  }

  encode(now: number): string {
    const usage: KeptUsage = {
      at: now,
      windowStart: this.#windowStart,
      actions: this.#actions,
      queries: this.#queriesKept,
      rates: Object.fromEntries([...this.#rates].map(([command, { bucket }]) => [command, bucket.left(now)])),
      limits: Object.fromEntries([...this.#rates].map(([command, { rate }]) => [command, rate])),
      past: this.#past,
    }
    return JSON.stringify(usage)
  }

  #turn(now: number): void {
    if (now - this.#windowStart < this.#grant.budget.windowMs) return
    this.#keepPast(now)
    this.#windowStart = now
    this.#actions = 0
    this.#queries = 0
    this.#queriesKept = 0
  }

  /** Keeps what was counted in the window that is over, for as long as any window may reach. */
  #keepPast(now: number): void {
    const kept = this.#past.filter(({ start }) => now - start < LONGEST_WINDOW_MS)
    const ended = { start: this.#windowStart, actions: this.#actions, queries: this.#queries }
    this.#past = kept
    if (ended.actions + ended.queries === 0 || now - ended.start >= LONGEST_WINDOW_MS) return
    const last = kept.at(-1)
    if (last === undefined || Math.floor(last.start / SUMMED_MS) !== Math.floor(ended.start / SUMMED_MS)) {
      this.#past = [...kept, ended]
      return
    }
    const actions = last.actions + ended.actions
    this.#past = [...kept.slice(0, -1), { start: ended.start, actions, queries: last.queries + ended.queries }]
  }

  #setRate(command: string, rate: Rate, now: number, left?: number): void {
    const bucket = new TokenBucket((rate.max * 1_000) / rate.perMs, rate.max, now, left)
    this.#rates.set(command, { rate: { max: rate.max, perMs: rate.perMs }, bucket })
  }
}

export const exceeded = (what: string, limit: number, windowMs: number): Result<never, ContractError> =>
  err({
    code: 'budget-exceeded',
    message: `all ${limit} ${what} of this window (${windowMs} ms) are used up`,
    details: { budget: what, limit, used: limit, windowMs },
  })
