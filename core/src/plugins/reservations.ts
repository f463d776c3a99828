import { createHash } from 'node:crypto'
import { type ContractError, encodeJson } from '@fulgurite/plugin-sdk/contract'
import type { Budget } from '@fulgurite/plugin-sdk/manifest'
import { err, ok, type Result } from '../lib/result.ts'
import type { Cost, Outcome, Prepared } from '../node/contract-gateway.ts'
import { LONGEST_WINDOW_MS } from './usage-counts.ts'

type PurseName = keyof Cost

/** What one spending command may cost, or has cost: one for each key. */
export interface Reservation {
  readonly key: string
  readonly name: string
  readonly digest: string
  /** The request as it was asked. Kept until the outcome is known, so that it can be looked up after a restart. */
  readonly asked: string
  /** When it was set aside or, once it is settled, when it was spent. */
  readonly at: number
  readonly cost: Cost
  readonly isOpen: boolean
}

/** A change to be stored: the row of a key, or that the key has no row any more. */
export interface ReservationChange {
  readonly key: string
  readonly reservation: Reservation | undefined
}

const MAX_RESERVATIONS = 10_000
/** A plugin's key has at most 200 characters. */
const KEY_LENGTH = 1_024
const HOUR_MS = 3_600_000
/** The name of a row that sums up an hour. No operation has it. */
const SUMMED = ''
const PURSE_NAMES: readonly PurseName[] = ['paysOutMsat', 'feesMsat', 'locksSat']
export const NOTHING: Cost = { paysOutMsat: 0n, feesMsat: 0n, locksSat: 0n }

/** What the key stands for: the operation and the request as it was asked, because defaults may change meanwhile. */
const digestOf = (name: string, { asked }: Pick<Prepared, 'asked'>): string =>
  createHash('sha256')
    .update(`${name} ${encodeJson(asked)}`)
    .digest('hex')

/**
 * What is set aside and spent from a plugin's purses. An open reservation counts until its outcome is known, however long that takes; a
 * settled one counts with its actual cost, for a window from when it was spent. Everything here is synchronous, so that exactly what
 * was compared with the limit is set aside.
 *
 * What is older than the window is summed up by the hour and kept for the longest window that a manifest may have: another version
 * with a longer one counts it again. An hour counts until the last that was spent in it is too old: rather too much than too little.
 */
export class Reservations {
  readonly #byKey = new Map<string, Reservation>()
  /** The settled ones in the order of their time. */
  #spent: Reservation[] = []
  /** What was spent before the window, by the hour. */
  readonly #past = new Map<string, Reservation>()
  #used: Cost = NOTHING
  #changes: ReservationChange[] = []

  constructor(kept: readonly Reservation[] = []) {
    for (const reservation of [...kept].sort((a, b) => a.at - b.at)) {
      if (reservation.name === SUMMED) this.#past.set(reservation.key, reservation)
      else this.#add(reservation)
    }
  }

  /** The reservation of a key; a key whose reservation was settled before the window has none any more. */
  get(key: string, now: number, windowMs: number): Reservation | undefined {
    this.#sumUp(now, windowMs)
    return this.#byKey.get(key)
  }

  open(): readonly Reservation[] {
    return [...this.#byKey.values()].filter(({ isOpen }) => isOpen)
  }

  /** What counts now, by purse. */
  used(now: number, windowMs: number): Cost {
    this.#sumUp(now, windowMs)
    let used = this.#used
    for (const { at, cost } of this.#past.values()) if (at > now - windowMs) used = plus(used, cost)
    return used
  }

  /**
   * Sets the worst case aside, or finds that it is set aside or spent already, if the same key asks for the same thing again. Errors:
   * `idempotency-mismatch`, `budget-exceeded`.
   */
  reserve(
    now: number,
    budget: Budget,
    name: string,
    key: string,
    prepared: Pick<Prepared, 'asked' | 'worstCase'>,
  ): Result<{ readonly reservation: Reservation; readonly isNew: boolean }, ContractError> {
    const usedNow = this.used(now, budget.windowMs)
    const digest = digestOf(name, prepared)
    const known = this.#byKey.get(key)
    if (known !== undefined) {
      return known.digest === digest
        ? ok({ reservation: known, isNew: false })
        : err({ code: 'idempotency-mismatch', message: 'the key was used before, with another request' })
    }
    const { worstCase: cost } = prepared
    for (const purse of PURSE_NAMES) {
      const [asked, limit, used] = [cost[purse], budget[purse], usedNow[purse]]
      // A command that takes nothing from a purse needs no room in it.
      if (asked > 0n && used + asked > limit) return err(exceeded({ purse, asked, limit, used }, budget.windowMs))
    }
    if (this.#byKey.size >= MAX_RESERVATIONS) {
      return err({
        code: 'budget-exceeded',
        message: `a plugin may spend with at most ${MAX_RESERVATIONS} commands in one window`,
      })
    }
    const reservation = { key, name, digest, asked: encodeJson(prepared.asked), at: now, cost, isOpen: true }
    this.#add(reservation)
    this.#changes.push({ key, reservation })
    return ok({ reservation, isNew: true })
  }

  /** Settles a command with its cost, which is nothing if it failed or had been done before. Returns whether this was the first call. */
  settle(now: number, { key }: Reservation, cost: Cost): boolean {
    const open = this.#byKey.get(key)
    if (open?.isOpen !== true) return false
    this.#remove(open)
    const settled = PURSE_NAMES.some((purse) => cost[purse] > 0n)
      ? { ...open, asked: '', at: now, cost, isOpen: false }
      : undefined
    if (settled !== undefined) this.#add(settled)
    this.#changes.push({ key, reservation: settled })
    return true
  }

  /** What has changed since the last call, to be stored in one batch. */
  takeChanges(): readonly ReservationChange[] {
    const changes = this.#changes
    this.#changes = []
    return changes
  }

  /** Moves what is older than the window to its hour, and forgets the hours that no window reaches. */
  #sumUp(now: number, windowMs: number): void {
    let count = 0
    for (const { at } of this.#spent) {
      if (at > now - windowMs) break
      count += 1
    }
    const hours = new Set<string>()
    for (const old of this.#spent.slice(0, count)) {
      this.#remove(old)
      this.#changes.push({ key: old.key, reservation: undefined })
      const key = hourKey(old.at)
      const known = this.#past.get(key)
      const at = Math.max(old.at, known?.at ?? 0)
      const cost = plus(old.cost, known?.cost ?? NOTHING)
      this.#past.set(key, { key, name: SUMMED, digest: '', asked: '', at, cost, isOpen: false })
      hours.add(key)
    }
    if (count > 0) this.#spent = this.#spent.slice(count)
    for (const [key, { at }] of this.#past) {
      if (at > now - LONGEST_WINDOW_MS) continue
      this.#past.delete(key)
      hours.add(key)
    }
    for (const key of hours) this.#changes.push({ key, reservation: this.#past.get(key) })
  }

  #add(reservation: Reservation): void {
    this.#byKey.set(reservation.key, reservation)
    this.#used = plus(this.#used, reservation.cost)
    if (!reservation.isOpen) this.#spent.push(reservation)
  }

  #remove(reservation: Reservation): void {
    this.#byKey.delete(reservation.key)
    this.#used = minus(this.#used, reservation.cost)
  }
}

/** Longer than any key that a plugin may name, so that it is none of theirs. */
const hourKey = (at: number): string => `${Math.floor(at / HOUR_MS)}`.padStart(KEY_LENGTH, ' ')

/** Whether it is known how the command ended. */
export const isDecided = ({ result }: Outcome): boolean => result.ok || !UNDECIDED.has(result.error.code)

/** What a command has cost: everything that was set aside for it, if nothing better is known. */
export const costOf = (outcome: Outcome, worstCase: Cost): Cost => {
  if (outcome.result.ok) return outcome.cost ?? worstCase
  return isDecided(outcome) ? NOTHING : worstCase
}

const UNDECIDED: ReadonlySet<string> = new Set(['outcome-unknown', 'timed-out', 'internal'])

const plus = (a: Cost, b: Cost): Cost => ({
  paysOutMsat: a.paysOutMsat + b.paysOutMsat,
  feesMsat: a.feesMsat + b.feesMsat,
  locksSat: a.locksSat + b.locksSat,
})

const minus = (a: Cost, b: Cost): Cost => ({
  paysOutMsat: a.paysOutMsat - b.paysOutMsat,
  feesMsat: a.feesMsat - b.feesMsat,
  locksSat: a.locksSat - b.locksSat,
})

interface Excess {
  readonly purse: PurseName
  readonly asked: bigint
  readonly limit: bigint
  readonly used: bigint
}

const exceeded = ({ purse, asked, limit, used }: Excess, windowMs: number): ContractError => ({
  code: 'budget-exceeded',
  message: `${purse}: ${asked} more does not fit: of ${limit} in this window, ${used} are spent or set aside`,
  details: { purse, asked: `${asked}`, limit: `${limit}`, used: `${used}`, windowMs },
})
