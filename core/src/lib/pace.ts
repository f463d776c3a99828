import type { Clock } from './clock.ts'

/** How long work goes on before sockets, files and timers get their turn. */
const TURN_MS = 10

/** Breaks long work into turns of the event loop: `await pace()` between its pieces. */
export const pacer = (clock: Pick<Clock, 'monotonic'>): (() => Promise<void> | undefined) => {
  let startedAt = clock.monotonic()
  return () => {
    if (clock.monotonic() - startedAt < TURN_MS) return undefined
    return new Promise((resolve) =>
      setImmediate(() => {
        startedAt = clock.monotonic()
        resolve()
      }),
    )
  }
}
