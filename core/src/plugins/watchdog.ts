import type { CancelTimer, Clock } from '../lib/clock.ts'
import type { CellFault } from './cell-protocol.ts'
import type { UsageProbe } from './process-usage.ts'

/** A cell as it is seen from outside. */
export interface WatchedCell {
  readonly pid: number
  /** Counts what the cell was given to do; odd while it is at work. */
  readonly work: number
  /** When it was given the work that it is at. */
  readonly workSince: number
  readonly maxResidentBytes: number
  readonly maxCpuMs: number
  readonly maxWallMs: number
  /** Ends the cell. */
  end(fault: CellFault): void
}

const EVERY_MS = 25
const MB = 1_048_576

interface Seen {
  work: number
  cpuMs: number
}

/**
 * Looks at the cells that are at work, from outside: what an isolate does not count, or does not stop for, is seen here.
 * While none is at work nothing runs.
 */
export class Watchdog {
  readonly #clock: Clock
  readonly #probe: UsageProbe
  readonly #cells = new Map<WatchedCell, Seen>()
  #cancel: CancelTimer | undefined

  constructor(clock: Clock, probe: UsageProbe) {
    this.#clock = clock
    this.#probe = probe
  }

  add(cell: WatchedCell): void {
    this.#cells.set(cell, { work: -1, cpuMs: 0 })
  }

  remove(cell: WatchedCell): void {
    this.#cells.delete(cell)
  }

  /** A cell has been given work. */
  wake(): void {
    this.#cancel ??= this.#clock.setTimer(EVERY_MS, () => this.#look())
  }

  stop(): void {
    this.#cancel?.()
    this.#cancel = undefined
    this.#cells.clear()
  }

  #look(): void {
    this.#cancel = undefined
    let atWork = false
    for (const [cell, seen] of this.#cells) {
      if (cell.work % 2 === 0) continue
      atWork = true
      const fault = this.#judge(cell, seen)
      if (fault !== undefined) cell.end(fault)
    }
    if (atWork) this.wake()
  }

  #judge(cell: WatchedCell, seen: Seen): CellFault | undefined {
    const wall = this.#clock.monotonic() - cell.workSince
    if (wall > cell.maxWallMs) return { code: 'turn-time', text: `no answer in ${cell.maxWallMs} ms` }
    // What is done within one look is small: neither time nor memory can have run away.
    if (seen.work !== cell.work && wall < EVERY_MS) return undefined
    const usage = this.#probe(cell.pid)
    if (usage === undefined) return undefined
    if (usage.residentBytes > cell.maxResidentBytes) {
      const [has, may] = [usage.residentBytes, cell.maxResidentBytes].map((bytes) => Math.round(bytes / MB))
      return { code: 'memory-limit', text: `the cell's process took ${has} MB, ${may} MB are allowed` }
    }
    if (seen.work !== cell.work) {
      seen.work = cell.work
      seen.cpuMs = usage.cpuMs
    } else if (usage.cpuMs - seen.cpuMs > cell.maxCpuMs) {
      return { code: 'turn-time', text: `a turn took more than ${cell.maxCpuMs} ms of processor time` }
    }
    return undefined
  }
}
