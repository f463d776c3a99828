import type { ContractError } from '@fulgurite/plugin-sdk/contract'
import type { Manifest } from '@fulgurite/plugin-sdk/manifest'
import { err, ok, type Result } from '../lib/result.ts'
import { TokenBucket } from '../lib/token-bucket.ts'
import { type Counted, RollingCount } from './rolling-count.ts'

/** How a plugin's counts are stored. Times are the ledger's. */
interface KeptUsage {
  readonly at: number
  readonly actions: readonly Counted[]
  /** At least as many as were asked: the count is written ahead, a block at a time. */
  readonly queries: readonly Counted[]
  /** What is left of each command's rate. */
  readonly rates: Readonly<Record<string, number>>
  /** The rates themselves: a command that is not granted any more still has one. Rows of before may not have it. */
  readonly limits?: Readonly<Record<string, Rate>>
}

/** As earlier versions have stored them: for windows that began one after the other. */
interface WindowedUsage extends Pick<KeptUsage, 'at' | 'rates' | 'limits'> {
  readonly windowStart: number
  readonly actions: number
  readonly queries: number
  /** Windows that are over. */
  readonly past?: readonly { readonly start: number; readonly actions: number; readonly queries: number }[]
}

interface Rate {
  readonly max: number
  readonly perMs: number
}

/** The longest window that a manifest may have. */
export const LONGEST_WINDOW_MS = 31 * 86_400_000
/** What is older than the window is summed up by the quarter of a day. The counts are written with each action, so they stay small. */
const COUNTS = { longestMs: LONGEST_WINDOW_MS, summedMs: 21_600_000 }
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
  readonly #actions: RollingCount
  readonly #queries: RollingCount
  /** How many more queries are counted on the disk already, and until when. */
  #ahead = { left: 0, until: 0 }
  readonly #rates = new Map<string, { readonly rate: Rate; readonly bucket: TokenBucket }>()

  constructor(grant: Manifest, now: number, kept?: string) {
    const usage = kept === undefined ? { at: now, actions: [], queries: [], rates: {} } : readUsage(kept)
    this.#grant = grant
    this.#actions = new RollingCount(COUNTS, usage.actions)
    this.#queries = new RollingCount(COUNTS, usage.queries)
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
    if (this.#actions.used(now, windowMs) >= actions) return exceeded('actions', actions, windowMs)
    this.#actions.add(now, windowMs)
    return ok(true)
  }

  /** Counts a query. Returns whether it is time to store the counts. Errors: `budget-exceeded`. */
  query(now: number): Result<boolean, ContractError> {
    const { queries, windowMs } = this.#grant.budget
    const used = this.#queries.used(now, windowMs)
    if (used >= queries) return exceeded('queries', queries, windowMs)
    this.#queries.add(now, windowMs)
    if (this.#ahead.left > 0 && now < this.#ahead.until) {
      this.#ahead.left -= 1
      return ok(false)
    }
    const block = Math.min(Math.ceil(queries / QUERY_BLOCKS), LARGEST_BLOCK, queries - used)
    this.#ahead = { left: block - 1, until: this.#queries.endOfPart(now, windowMs) }
    return ok(true)
  }

  /** How often it has acted and asked in the window that ends now. */
  used(now: number): { readonly actions: number; readonly queries: number } {
    const { windowMs } = this.#grant.budget
    return { actions: this.#actions.used(now, windowMs), queries: this.#queries.used(now, windowMs) }
  }

  /** Whether the rate allows the command again. */
  rate(now: number, command: string): boolean {
    if (this.#grant.permissions.commands[command]?.rate === undefined) return true
    return this.#rates.get(command)?.bucket.take(now) !== false
  }

  encode(now: number): string {
    const usage: KeptUsage = {
      at: now,
      actions: this.#actions.kept,
      queries: this.#queriesKept(now),
      rates: Object.fromEntries([...this.#rates].map(([command, { bucket }]) => [command, bucket.left(now)])),
      limits: Object.fromEntries([...this.#rates].map(([command, { rate }]) => [command, rate])),
    }
    return JSON.stringify(usage)
  }

  /** With those that may be asked before the counts are stored again, as if all of them were asked at the last moment. */
  #queriesKept(now: number): readonly Counted[] {
    const { kept } = this.#queries
    const { left, until } = this.#ahead
    const last = kept.at(-1)
    if (last === undefined || left === 0 || now >= until) return kept
    return [...kept.slice(0, -1), [Math.max(last[0], until - 1), last[1] + left]]
  }

  #setRate(command: string, rate: Rate, now: number, left?: number): void {
    const bucket = new TokenBucket((rate.max * 1_000) / rate.perMs, rate.max, now, left)
    this.#rates.set(command, { rate: { max: rate.max, perMs: rate.perMs }, bucket })
  }
}

const readUsage = (text: string): KeptUsage => {
  const usage = JSON.parse(text) as KeptUsage | WindowedUsage
  if (!('windowStart' in usage)) return usage
  const { at, rates, limits, past = [], windowStart } = usage
  // Of a window that is over it is known when the next one began, and of the last one when it was stored.
  const ends = [...past.slice(1).map(({ start }) => start), windowStart, at]
  const counted = (what: 'actions' | 'queries'): readonly Counted[] =>
    [...past, usage].map((window, i) => [ends[i] ?? at, window[what]] as const).filter(([, count]) => count > 0)
  const kept = { at, actions: counted('actions'), queries: counted('queries'), rates }
  return limits === undefined ? kept : { ...kept, limits }
}

export const exceeded = (what: string, limit: number, windowMs: number): Result<never, ContractError> =>
  err({
    code: 'budget-exceeded',
    message: `all ${limit} ${what} of this window (${windowMs} ms) are used up`,
    details: { budget: what, limit, used: limit, windowMs },
  })
