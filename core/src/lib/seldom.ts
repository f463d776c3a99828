import type { Clock } from './clock.ts'

/** Does `act` when called, but not again for this many milliseconds: for messages that would come thousands of times. */
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
