import { uptime } from 'node:os'
import { CONTRACT_VERSION, encodeJson, type RetentionClass } from '@fulgurite/plugin-sdk/contract'
import { utf8Decode, utf8Encode } from '../../lib/bytes.ts'
import type { CancelTimer, Clock } from '../../lib/clock.ts'
import { stackOf } from '../../lib/errors.ts'
import type { TimestampMs } from '../../lib/units.ts'
import type { Store } from '../../store/store.ts'
import type { EventLog } from '../events/event-log.ts'
import type { NodeLog } from '../node-log.ts'
import type { RemovedRows } from '../payment/removable.ts'
import { TABLE } from '../storage/tables.ts'
import type { Archive } from './archive.ts'
import { beginGrace, type Grace, passGrace } from './grace.ts'
import type { KeptTimes } from './kept-times.ts'
import type { DueRow, RetainedRows } from './retained-rows.ts'

export interface RetentionOptions {
  readonly store: Store
  readonly clock: Clock
  readonly events: EventLog
  readonly log: NodeLog
  readonly kept: KeptTimes
  readonly archive: Archive
  readonly rows: readonly RetainedRows[]
  readonly times: RetentionTimes
}

export interface RetentionTimes {
  /** How often to look whether there is anything to do. */
  readonly lookMs: number
  readonly sweepMs: number
  /** How long the operator can still change their mind. */
  readonly graceMs: number
  /** For how long the machine is up, asleep or not, by a clock that nobody can set. */
  readonly upMs: () => number
}

export const RETENTION_TIMES: RetentionTimes = {
  lookMs: 60_000,
  sweepMs: 3_600_000,
  graceMs: 24 * 3_600_000,
  upMs: () => uptime() * 1_000,
}
const KEEP_GRACE_MS = 600_000
/** Rows of one page: they are read, written to the archive, and removed in one commit. */
const PAGE_ROWS = 128
/** After a page, others have the disk and the processor: at least for this time, and for some times as long as the page took. */
const LEAST_REST_MS = 20
/** Old rows can wait: one payment in a hundred may meet a page, or the copying of what pages have put in the log. */
const REST_OF_OLD = 19
/** Rows that must make room go as fast as others come. */
const REST_OF_CROWDED = 4
/** Of the row that says how long the operator can still change their mind. */
export const GRACE_KEY = utf8Encode('retention')
const MAX_REASON = 256

/**
 * Removes rows that are older than the operator wants: page by page, with rests, the archive first. Nothing is removed that the operator
 * has not named, nor within the grace period after a time was made shorter; ages are told by the wall clock, waits by the monotonic clock.
 */
export class Retention {
  readonly #options: RetentionOptions
  #grace: Grace
  #lookedAt: number
  #upAt: number
  #sweptAt: number | undefined
  #graceKeptAt: number
  /** Removed, and not told of yet. */
  readonly #removed = new Map<RetentionClass, RemovedRows>()
  /** Rows that the last sweep could not read, by their class. */
  readonly #unreadable = new Map<RetentionClass, number>()
  #failure: string | undefined
  #cancel: CancelTimer = () => {}
  #wake: (() => void) | undefined
  #working: Promise<void> = Promise.resolve()
  #stopped = false

  private constructor(options: RetentionOptions, grace: Grace) {
    this.#options = options
    this.#grace = grace
    this.#lookedAt = this.#graceKeptAt = options.clock.monotonic()
    this.#upAt = options.times.upMs()
  }

  static async open(options: RetentionOptions): Promise<Retention> {
    const { store, clock, kept, times } = options
    const row = await store.get(TABLE.meta, GRACE_KEY)
    const stored = row === undefined ? undefined : (JSON.parse(utf8Decode(row)) as Grace)
    const retention = new Retention(options, beginGrace(stored, kept, clock.now(), times.graceMs))
    if (stored !== undefined || Object.keys(kept).length > 0) retention.#keepGrace()
    return retention
  }

  get kept(): KeptTimes {
    return this.#options.kept
  }

  /** Why nothing can be archived, since when it was last tried. */
  get failure(): string | undefined {
    return this.#failure
  }

  /** How many rows that are old enough cannot be read, and stay. */
  get unreadable(): number {
    return [...this.#unreadable.values()].reduce((sum, rows) => sum + rows, 0)
  }

  /** When the first sweep may be, while one is waited for. */
  actsAt(): TimestampMs | undefined {
    return this.#isAsked() && this.#grace.leftMs > 0 ? this.#options.clock.now() + this.#grace.leftMs : undefined
  }

  start(): void {
    this.#cancel = this.#options.clock.setTimer(this.#options.times.lookMs, () => {
      this.#working = this.#look()
        .catch((error: unknown) => this.#options.log.error('retention.failed', { error: stackOf(error) }))
        .then(() => {
          if (!this.#stopped) this.start()
        })
    })
  }

  /** Ends after the page in hand. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#cancel()
    this.#wake?.()
    await this.#working
    await this.#options.archive.close()
  }

  #isAsked(): boolean {
    return Object.keys(this.#options.kept).length > 0
  }

  async #look(): Promise<void> {
    const { clock, times, log } = this.#options
    await this.#makeRoom()
    if (!this.#isAsked()) return
    const now = clock.monotonic()
    // The whole sweep uses the time that has passed the grace check: a clock that is set meanwhile makes nothing older.
    const wall = clock.now()
    const before = this.#grace
    const up = times.upMs()
    this.#grace = passGrace(before, { ranMs: now - this.#lookedAt, upMs: up - this.#upAt }, wall, times.graceMs)
    this.#lookedAt = now
    this.#upAt = up
    if (this.#grace.leftMs > before.leftMs) log.warn('retention.clock-set', { waitsMs: times.graceMs })
    if (now - this.#graceKeptAt >= KEEP_GRACE_MS || this.#grace.leftMs > before.leftMs) this.#keepGrace()
    if (this.#grace.leftMs > 0 || (this.#sweptAt !== undefined && now - this.#sweptAt < times.sweepMs)) return
    this.#sweptAt = now
    await this.#sweep(wall)
  }

  /** Excess events go to the archive, whatever their age: nothing is lost by it, so they need not wait. */
  async #makeRoom(): Promise<void> {
    try {
      for (const rows of this.#options.rows) {
        await this.#guarded(rows.class, async () => {
          for (
            let from: Uint8Array | 'the oldest' | undefined = 'the oldest';
            from !== undefined && rows.isCrowded?.();
          ) {
            from = await this.#makeRoomIn(rows, from === 'the oldest' ? undefined : from)
          }
        })
      }
    } finally {
      this.#tell()
    }
  }

  /** Where to go on, if there is more to be made room of. */
  async #makeRoomIn(rows: RetainedRows, from: Uint8Array | undefined): Promise<Uint8Array | undefined> {
    const beganAt = this.#options.clock.monotonic()
    const { due, next } = await rows.look(Number.MAX_SAFE_INTEGER, from, PAGE_ROWS)
    if (this.#stopped) return undefined
    if (due.length > 0) {
      if (!(await this.#archive(rows.class, due))) return undefined
      this.#count(rows.class, await rows.remove(due))
    }
    await this.#rest(beganAt, REST_OF_CROWDED)
    return next
  }

  /** A row that cannot be read stops its own class, and no other. */
  async #guarded(kind: RetentionClass, work: () => Promise<unknown>): Promise<void> {
    try {
      await work()
    } catch (error) {
      this.#options.log.error('retention.failed', { class: kind, error: stackOf(error) })
    }
  }

  #keepGrace(): void {
    const { store, clock } = this.#options
    this.#graceKeptAt = clock.monotonic()
    store.submit([{ table: TABLE.meta, key: GRACE_KEY, value: utf8Encode(JSON.stringify(this.#grace)) }])
  }

  async #sweep(now: TimestampMs): Promise<void> {
    const { rows, kept } = this.#options
    try {
      for (const each of rows) {
        const keptMs = kept[each.class]
        if (keptMs !== undefined) await this.#guarded(each.class, () => this.#sweepClass(each, now - keptMs))
      }
    } finally {
      this.#tell()
    }
  }

  async #sweepClass(rows: RetainedRows, before: TimestampMs): Promise<void> {
    const { clock } = this.#options
    let passedOver = 0
    for (let from: Uint8Array | undefined; !this.#stopped; ) {
      const beganAt = clock.monotonic()
      const { due, unreadable, next } = await rows.look(before, from, PAGE_ROWS)
      passedOver += unreadable
      if (due.length > 0) {
        if (rows.isArchived && !(await this.#archive(rows.class, due))) return
        this.#count(rows.class, await rows.remove(due))
      }
      if (next === undefined) return this.#passedOver(rows.class, passedOver)
      from = next
      await this.#rest(beganAt, REST_OF_OLD)
    }
  }

  /** Reported when the number has changed, and not at every sweep. */
  #passedOver(kind: RetentionClass, rows: number): void {
    if (rows === (this.#unreadable.get(kind) ?? 0)) return
    this.#unreadable.set(kind, rows)
    if (rows > 0) this.#options.log.error('retention.unreadable', { class: kind, rows })
  }

  /** Whether all of it is on the disk. */
  async #archive(kind: RetentionClass, due: readonly DueRow[]): Promise<boolean> {
    const { archive, clock, events, log } = this.#options
    const archivedAt = clock.now()
    const lines = due.map(({ id, record }) =>
      encodeJson({ v: 1, contract: CONTRACT_VERSION, class: kind, id, archivedAt, record }),
    )
    const appended = await archive.append(lines)
    if (appended.ok) {
      if (this.#failure !== undefined) log.info('retention.archive-written-again', { archive: archive.path })
      this.#failure = undefined
      return true
    }
    const reason = appended.error.reason.slice(0, MAX_REASON)
    // Reported once, and not at every sweep that it prevents.
    if (this.#failure === undefined) {
      log.error('retention.archive-failed', { archive: archive.path, reason })
      events.append('node.archive-failed', { archive: archive.path, reason })
    }
    this.#failure = reason
    return false
  }

  #count(kind: RetentionClass, { rows, bytes }: RemovedRows): void {
    if (rows === 0) return
    const before = this.#removed.get(kind) ?? { rows: 0, bytes: 0 }
    this.#removed.set(kind, { rows: before.rows + rows, bytes: before.bytes + bytes })
  }

  #tell(): void {
    const { archive, events, log } = this.#options
    if (this.#removed.size === 0) return
    const removed = [...this.#removed].map(([kind, counts]) => ({ class: kind, ...counts }))
    this.#removed.clear()
    events.append('node.rows-removed', { removed, archive: archive.path })
    for (const { class: kind, rows, bytes } of removed) log.info('retention.removed', { class: kind, rows, bytes })
  }

  /** From what began then. */
  #rest(beganAt: number, times: number): Promise<void> {
    const { clock } = this.#options
    if (this.#stopped) return Promise.resolve()
    return new Promise((resolve) => {
      const ms = Math.max(LEAST_REST_MS, times * (clock.monotonic() - beganAt))
      const cancel = clock.setTimer(ms, resolve)
      this.#wake = () => {
        cancel()
        resolve()
      }
    })
  }
}
