import { performance } from 'node:perf_hooks'

/** Over how long the work of this thread is looked at, at least. */
const WINDOW_MS = 100
/** Of that time. */
const BUSY_SHARE = 0.5

/** Whether this thread has been at work for more than half of the time lately. */
export const busyThread = (utilization = performance.eventLoopUtilization): (() => boolean) => {
  let since = utilization()
  let isBusy = false
  return () => {
    const now = utilization()
    const active = now.active - since.active
    const whole = active + now.idle - since.idle
    if (whole < WINDOW_MS) return isBusy
    since = now
    isBusy = active > whole * BUSY_SHARE
    return isBusy
  }
}
