import { fault } from './outgoing.ts'
import { turnUptime } from './prelude.ts'

interface Timer {
  readonly id: number
  readonly run: () => void
  readonly everyMs: number | undefined
  dueAt: number
}

const timers = new Map<number, Timer>()
let lastId = 0

const add = (run: unknown, delay: unknown, repeat: boolean, args: unknown[]): number => {
  if (typeof run !== 'function') throw new TypeError('a timer needs a function')
  const delayMs = Math.max(Number(delay) || 0, 1)
  lastId += 1
  timers.set(lastId, {
    id: lastId,
    run: () => run(...args),
    everyMs: repeat ? delayMs : undefined,
    dueAt: turnUptime() + delayMs,
  })
  return lastId
}

/** Runs, in order of time, what is due in this turn. What a timer sets anew waits for a later turn. */
export const runDueTimers = (): void => {
  const now = turnUptime()
  const due = [...timers.values()].filter(({ dueAt }) => dueAt <= now).sort((a, b) => a.dueAt - b.dueAt || a.id - b.id)
  for (const timer of due) {
    if (!timers.has(timer.id)) continue
    if (timer.everyMs === undefined) timers.delete(timer.id)
    else timer.dueAt = now + timer.everyMs
    try {
      timer.run()
    } catch (thrown) {
      fault(thrown, timer.everyMs === undefined ? 'setTimeout' : 'setInterval')
    }
  }
}

/** When the next timer is due. */
export const nextWake = (): number | undefined => {
  let earliest: number | undefined
  for (const { dueAt } of timers.values()) if (earliest === undefined || dueAt < earliest) earliest = dueAt
  return earliest
}

export const after = (delayMs: number, run: () => void): void => {
  add(run, delayMs, false, [])
}

const clear = (id: unknown): void => {
  timers.delete(id as number)
}

/** Gives the plugin, and RxJS, timers that keep the time of turns. */
export const installTimers = (): void => {
  Object.assign(globalThis, {
    setTimeout: (run: unknown, delay?: unknown, ...args: unknown[]) => add(run, delay, false, args),
    setInterval: (run: unknown, delay?: unknown, ...args: unknown[]) => add(run, delay, true, args),
    clearTimeout: clear,
    clearInterval: clear,
    queueMicrotask: (run: () => void) => {
      Promise.resolve()
        .then(run)
        .catch((thrown: unknown) => fault(thrown, 'queueMicrotask'))
    },
  })
}
