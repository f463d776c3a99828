import type { Clock } from '../lib/clock.ts'

const LOOK_MS = 1_000
/** The node counts as resting if it is at work for no more than this part of a second. */
const RESTING_SHARE = 0.05
/** The least garbage that is worth a collection, in bytes. */
const WORTH_BYTES = 6_000_000
/**
 * A collection stops the node for as long as it takes to mark the living objects, so a heap with more of them is left to the engine. In
 * bytes.
 */
const MOST_LIVING_BYTES = 64_000_000
/** A thorough collection stops it twice as long, so it is done up to half as much. In bytes. */
const MOST_LIVING_THOROUGH = 32_000_000
/** The least that was in use in so many looks is about what lives, as long as no collection of ours has shown it. */
const LOOKS = 10
/** Collections may take one part in this many of all time. */
const PARTS_OF_TIME = 100

/** What a heap reports and can do: see `heapOfProcess`. */
export interface Heap {
  /** How long the event loop has been at work, in milliseconds. */
  activeMs(): number
  /** Bytes in use, garbage included. */
  usedBytes(): number
  /** Collects all garbage at once; `thorough`: and gives back the room for young objects, and code that ran once. */
  collect(thorough: boolean): void
}

/**
 * Collects garbage while the node rests. The engine collects only when its heap grows, so a node that has worked and then rests would hold
 * twice the memory it needs for hours. The first collection is thorough, because a start needs more than what comes after it. Returns a
 * function that ends it.
 */
export const collectAtRest = (heap: Heap, clock: Clock): (() => void) => {
  let living: number | undefined
  const seen: number[] = []
  let active = heap.activeMs()
  let lookedAt = clock.monotonic()
  let notBefore = 0

  const look = (): void => {
    const [now, nowActive] = [clock.monotonic(), heap.activeMs()]
    const share = (nowActive - active) / (now - lookedAt)
    lookedAt = now
    active = nowActive
    const used = heap.usedBytes()
    seen.push(used)
    if (seen.length > LOOKS) seen.shift()
    // The engine has collected meanwhile.
    if (living !== undefined && used < living) living = used
    const reckoned = living ?? Math.min(...seen)
    const isWorthIt = used >= (living ?? 0) + WORTH_BYTES && reckoned <= MOST_LIVING_BYTES
    if (share <= RESTING_SHARE && isWorthIt && now >= notBefore) {
      heap.collect(living === undefined && reckoned <= MOST_LIVING_THOROUGH)
      living = heap.usedBytes()
      const end = clock.monotonic()
      notBefore = end + (end - now) * PARTS_OF_TIME
    }
    cancel = clock.setTimer(LOOK_MS, look)
  }
  let cancel = clock.setTimer(LOOK_MS, look)
  return () => cancel()
}

/** This process's heap. Absent if Node was started without `--expose-gc`. */
export const heapOfProcess = (): Heap | undefined => {
  const collect = globalThis.gc
  if (collect === undefined) return undefined
  return {
    activeMs: () => performance.eventLoopUtilization().active,
    usedBytes: () => process.memoryUsage().heapUsed,
    collect: (thorough) => {
      if (thorough) collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
      else collect()
    },
  }
}
