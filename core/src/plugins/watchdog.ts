import type { CancelTimer, Clock } from '../lib/clock.ts'
import type { CellFault } from './cell-protocol.ts'
import type { UsageProbe } from './process-usage.ts'

/** A cell as it is seen from outside. */
export interface WatchedCell {
  readonly pid: number
  /** Counts what the cell was given to do and has done; odd while it is at work. */
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
  /** The work in which it was last looked at. */
  work: number
  /** Processor time when that work was first looked at. */
  cpuMs: number
}

/**
 * Looks at cells from outside: what an isolate does not count, or does not stop for, is seen here. It looks at every cell that
 * is at work, and once more at one that has come to rest: however short a cell's turns are, it is looked at after them. When
 * all rest and have been looked at nothing runs; a heartbeat is work.
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
      const working = cell.work % 2 === 1
      if (!working && seen.work === cell.work) continue
      const fault = this.#judge(cell, seen, working)
      if (fault !== undefined) cell.end(fault)
      else if (working) atWork = true
    }
    if (atWork) this.wake()
  }

  #judge(cell: WatchedCell, seen: Seen, working: boolean): CellFault | undefined {
    if (working && this.#clock.monotonic() - cell.workSince > cell.maxWallMs) {
      return { code: 'turn-time', text: `the plugin has not answered within ${cell.maxWallMs} ms` }
    }
    const usage = this.#probe(cell.pid)
    if (usage === undefined) return undefined
    if (seen.work !== cell.work) {
      seen.work = cell.work
      seen.cpuMs = usage.cpuMs
    }
    if (usage.residentBytes > cell.maxResidentBytes) {
      const [has, may] = [usage.residentBytes, cell.maxResidentBytes].map((bytes) => Math.round(bytes / MB))
      return { code: 'memory-limit', text: `the cell's process took ${has} MB and may take ${may} MB` }
    }
    if (working && usage.cpuMs - seen.cpuMs > cell.maxCpuMs) {
      return { code: 'turn-time', text: `a turn took more than ${cell.maxCpuMs} ms of processor time` }
    }
    return undefined
  }
}
