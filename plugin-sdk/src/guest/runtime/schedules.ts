import { RunContext } from './durable-events.ts'
import { fault, send } from './outgoing.ts'
import { turnTime } from './prelude.ts'
import { after } from './timers.ts'

const SHORTEST_MS = 100

export type ScheduledHandler = (context: RunContext) => unknown

export interface Scheduled {
  readonly label: string
  readonly everyMs: number
  readonly handler: ScheduledHandler
}

/** Checks and keeps what the author asked for. */
export const scheduled = (label: string, everyMs: number, handler: ScheduledHandler): Scheduled => {
  if (!(everyMs >= SHORTEST_MS)) throw new RangeError(`a schedule runs every ${SHORTEST_MS} ms at most`)
  return { label, everyMs, handler }
}

/**
 * Starts a schedule that last ran at `lastAt`, if ever. A run that is still going when the next is due delays it. However the
 * clock on the wall was set meanwhile, a run follows the one before it within the interval.
 */
export const startSchedule = ({ label, everyMs, handler }: Scheduled, lastAt: number | undefined): void => {
  const runAt = (dueAt: number): void => after(Math.min(Math.max(dueAt - turnTime(), 1), everyMs), () => run(dueAt))
  const run = (dueAt: number): void => {
    const at = turnTime()
    const context = new RunContext(`${label}/${dueAt}`, [])
    const finish = (succeeded: boolean): void => {
      send('ran', [label, at, succeeded ? RunContext.writesOf(context) : []])
      runAt(Math.max(dueAt + everyMs, turnTime()))
    }
    const fail = (thrown: unknown): void => {
      fault(thrown, `schedule('${label}')`)
      finish(false)
    }
    try {
      Promise.resolve(handler(context)).then(() => finish(true), fail)
    } catch (thrown) {
      fail(thrown)
    }
  }
  runAt(lastAt === undefined ? turnTime() : lastAt + everyMs)
}
