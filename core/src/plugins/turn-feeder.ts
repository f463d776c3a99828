import type { CancelTimer, Clock } from '../lib/clock.ts'
import type { Rng } from '../lib/rng.ts'
import { beginWork } from '../lib/thread-time.ts'
import type { CellProcess } from './cell-process.ts'
import { EventPace } from './event-pace.ts'
import type { Inbox, TurnHead } from './inbox.ts'
import type { ProcessorShare } from './processor-share.ts'
import type { Questions } from './questions.ts'
import type { Subscriptions } from './subscriptions.ts'
import type { WriteQueue } from './write-queue.ts'

interface TurnFeederOptions {
  readonly clock: Clock
  readonly rng: Rng
  readonly cell: CellProcess
  readonly inbox: Inbox
  readonly queue: WriteQueue
  readonly share: ProcessorShare
  readonly subscriptions: Subscriptions
  readonly questions: Questions
  /** Told before the core does anything for the plugin. */
  readonly serving: () => void
  /** How many events may wait in memory, as the manifest says. */
  readonly queueEvents: number
  readonly isRunning: () => boolean
  /** An exception in the step ends the run. */
  readonly guarded: (step: () => void) => void
}

const BATCH_EVENTS = 512
const HOOK_BATCH_MICROS = 2_000
const SHORTEST_WAKE_MS = 5

/** Hands a cell everything that waits for its plugin, a turn at a time. */
export class TurnFeeder {
  readonly #options: TurnFeederOptions
  readonly #pace: EventPace
  #cancelWake: CancelTimer | undefined
  #isScheduled = false
  #microsPerEvent = 10
  #sentEvents = 0

  constructor(options: TurnFeederOptions) {
    this.#options = options
    this.#pace = new EventPace({
      clock: options.clock,
      // If only few events may wait, live ones must not be dropped because of this.
      batch: Math.min(BATCH_EVENTS, Math.ceil(options.queueEvents / 2)),
      resume: () => options.guarded(() => this.feed()),
    })
  }

  /** Everything that arrives together leaves in one turn. */
  schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    process.nextTick(() => {
      this.#isScheduled = false
      this.#options.guarded(() => this.feed())
    })
  }

  feed(): void {
    const { cell, inbox, queue, share, subscriptions, serving, isRunning } = this.#options
    if (!isRunning() || cell.phase !== 'idle') return
    // The plugin's writes come first: a turn would only add to them.
    if (queue.full || share.mustWait(inbox.urgent)) return
    const { liveEvents } = inbox
    const events = liveEvents + subscriptions.waiting
    if (!inbox.pressing && this.#pace.mustWait(events)) return
    const worked = beginWork()
    const text = inbox.take(this.head(), (chars) => this.#takeEvents(chars))
    if (text === undefined) return
    if (events > 0) this.#pace.given(this.#sentEvents + liveEvents - inbox.liveEvents, events)
    serving()
    cell.turn(text)
    share.charge(worked())
  }

  /** What every turn begins with. */
  head(): TurnHead {
    const { clock, rng } = this.#options
    return { now: clock.now(), uptime: Math.ceil(clock.monotonic()), seed: rng.below(0x100000000) }
  }

  /** Charges the time that a turn has taken. */
  took(cpuMicros: number): void {
    if (this.#sentEvents === 0) return
    this.#microsPerEvent = 0.8 * this.#microsPerEvent + 0.2 * (cpuMicros / this.#sentEvents)
    this.#sentEvents = 0
  }

  /** When the plugin wants a turn although nothing waits for it, on the monotonic clock. The last value counts. */
  wake(at: number | undefined): void {
    this.#cancelWake?.()
    this.#cancelWake = undefined
    if (at === undefined) return
    const { clock, inbox, guarded } = this.#options
    this.#cancelWake = clock.setTimer(Math.max(at - clock.monotonic(), SHORTEST_WAKE_MS), () => {
      // A timer may fire a moment before its time: the turn takes place all the same.
      inbox.wake()
      guarded(() => this.feed())
    })
  }

  stop(): void {
    this.#pace.stop()
    this.#cancelWake?.()
  }

  #takeEvents(maxChars: number): string {
    const { questions, subscriptions } = this.#options
    let count = BATCH_EVENTS
    // A question must not wait long behind events.
    if (questions.held) count = Math.max(1, Math.min(count, Math.floor(HOOK_BATCH_MICROS / this.#microsPerEvent)))
    const batch = subscriptions.take(count, maxChars)
    this.#sentEvents = batch.count
    return batch.text
  }
}
