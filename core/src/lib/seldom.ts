import type { Clock } from './clock.ts'

/** Does `act` when it is called, but not again for so many milliseconds: for what would be said thousands of times. */
export const seldom = <Args extends readonly unknown[]>(
  clock: Clock,
  pauseMs: number,
  act: (...args: Args) => void,
): ((...args: Args) => void) => {
  let last: number | undefined
  return (...args) => {
    const now = clock.monotonic()
    if (last !== undefined && now - last < pauseMs) return
    last = now
    act(...args)
  }
}
