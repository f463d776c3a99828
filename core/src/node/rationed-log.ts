import type { Clock } from '../lib/clock.ts'
import { Ration } from '../lib/ration.ts'
import type { LogFields, NodeLog } from './node-log.ts'

/** How many lines a peer may cause. */
const LINES = { perSecond: 1 / 3, burst: 20 }

/** Lines that a peer can cause at no cost: only some are written, and the next one tells how many were left out. */
export class RationedLog {
  readonly #log: NodeLog
  readonly #ration: Ration

  constructor(log: NodeLog, clock: Pick<Clock, 'monotonic'>) {
    this.#log = log
    this.#ration = new Ration(clock, LINES)
  }

  /** The fields are made only for a line that is written. */
  write(level: keyof NodeLog, event: string, fields: () => LogFields): void {
    const unsaid = this.#ration.take()
    if (unsaid === undefined) return
    this.#log[level](event, { ...fields(), ...(unsaid === 0 ? {} : { unsaid }) })
  }
}
