import { type Clock, systemClock } from '../../../core/src/lib/clock.ts'

export interface SkippingClock extends Clock {
  /**
   * As if so much time had gone by: what is due by then fires now. Nothing is left out while something is due at once: who is
   * at work, and watched over, has not been at it any longer.
   */
  skip(ms: number): void
}

/** Cells at work are looked at more often than that. */
const SOON_MS = 50

interface Timer {
  readonly dueAt: number
  fire(): void
}

/** The system's clock, of which a test leaves out some time. */
export const skippingClock = (): SkippingClock => {
  let skipped = 0
  const timers = new Set<Timer>()
  const monotonic = (): number => systemClock.monotonic() + skipped
  return {
    now: () => systemClock.now() + skipped,
    monotonic,
    setTimer(delayMs, fire) {
      const cancel = (): void => {
        cancelReal()
        timers.delete(timer)
      }
      const timer: Timer = {
        dueAt: monotonic() + delayMs,
        fire() {
          cancel()
          fire()
        },
      }
      const cancelReal = systemClock.setTimer(delayMs, timer.fire)
      timers.add(timer)
      return cancel
    },
    skip(ms) {
      const soon = monotonic() + SOON_MS
      if ([...timers].some(({ dueAt }) => dueAt <= soon)) return
      skipped += ms
      for (const timer of [...timers]) if (timers.has(timer) && timer.dueAt <= monotonic()) timer.fire()
    },
  }
}
