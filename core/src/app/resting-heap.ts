import type { Clock } from '../lib/clock.ts'

const LOOK_MS = 1_000
/** The most of a second that a node is at work in which it rests. */
const RESTING_SHARE = 0.05
/** What is worth a collection, in bytes. */
const WORTH_BYTES = 6_000_000
/** A collection stops the node for as long as what lives takes to be marked: what has more is left to the engine. In bytes. */
const MOST_LIVING_BYTES = 64_000_000
/** Of all time, what collections may take is one part in so many. */
const PARTS_OF_TIME = 100

/** What a heap says and does of itself: see `heapOfProcess`. */
export interface Heap {
  /** How long the event loop has been at work, in milliseconds. */
  activeMs(): number
  /** Bytes in use, garbage among them. */
  usedBytes(): number
  /** Collects all garbage at once. */
  collect(): void
}

/**
 * Collects garbage while the node rests. The engine does it when its heap grows, and a node that has worked and then rests
 * would hold for hours twice of what it needs. Returns how it is ended.
 */
export const collectAtRest = (heap: Heap, clock: Clock): (() => void) => {
  let living: number | undefined
  let active = heap.activeMs()
  let lookedAt = clock.monotonic()
  let notBefore = 0

  const look = (): void => {
    const [now, nowActive] = [clock.monotonic(), heap.activeMs()]
    const share = (nowActive - active) / (now - lookedAt)
    lookedAt = now
    active = nowActive
    const used = heap.usedBytes()
    const isWorthIt = used >= (living ?? 0) + WORTH_BYTES && (living ?? used) <= MOST_LIVING_BYTES
    if (share <= RESTING_SHARE && isWorthIt && now >= notBefore) {
      heap.collect()
      living = heap.usedBytes()
      const end = clock.monotonic()
      notBefore = end + (end - now) * PARTS_OF_TIME
    }
    cancel = clock.setTimer(LOOK_MS, look)
  }
  let cancel = clock.setTimer(LOOK_MS, look)
  return () => cancel()
}

/** This process's heap. Absent where Node was started without `--expose-gc`. */
export const heapOfProcess = (): Heap | undefined => {
  const collect = globalThis.gc
  if (collect === undefined) return undefined
  return {
    activeMs: () => performance.eventLoopUtilization().active,
    usedBytes: () => process.memoryUsage().heapUsed,
    collect: () => void collect(),
  }
}
