import type { Result } from './result.ts'

/** Something with a place in a log; the place is 0 for events that are only told live. */
interface Logged<Cursor> {
  readonly sequence: number
  readonly cursor: Cursor
}

export interface FollowerOptions<Event extends Logged<Cursor>, Cursor, Failure> {
  /** The last event that was taken; `undefined` begins with the oldest kept. */
  readonly cursor: Cursor | undefined
  /** What is stored after the cursor (nothing only at the end of the log), and a cursor from which to go on. */
  readonly read: (
    cursor: Cursor | undefined,
  ) => Promise<Result<{ readonly events: readonly Event[]; readonly next: Cursor }, Failure>>
  /** Takes an event. False if there is no room for it: it is read again later. */
  readonly take: (event: Event) => boolean
  /** Called with the work of taking a page, which it does; the page is taken in one step. */
  readonly aroundPage?: (work: () => boolean) => boolean
  /** Whether more can be had after what was taken; always, if absent. */
  readonly hasRoom?: () => boolean
  /** Called after a page was taken, as far as there was room. */
  readonly tookPage?: () => void
  /** The log could not be read from the cursor. Returns where to go on; `undefined` stops. */
  readonly failed: (failure: Failure) => { readonly from: Cursor | undefined } | undefined
  /** Reading threw, which is a bug. */
  readonly threw: (thrown: unknown) => void
}

/**
 * Follows a log from a cursor: first what is stored, then what happens, without a gap and nothing twice. While its owner has no room, it
 * holds nothing: it only notes that there are live events, and reads them from the log once there is room again (`readOn`).
 */
export class Follower<Event extends Logged<Cursor>, Cursor, Failure> {
  readonly #options: FollowerOptions<Event, Cursor, Failure>
  #cursor: Cursor | undefined
  #sequence = -1
  /** Caught up: events come as they happen. Otherwise the log is read. */
  #live = false
  #missed = false
  #reading = false
  #stopped = false

  constructor(options: FollowerOptions<Event, Cursor, Failure>) {
    this.#options = options
    this.#cursor = options.cursor
  }

  get live(): boolean {
    return this.#live
  }

  /** An event has happened. False if it was left in the log. */
  heard(event: Event): boolean {
    if (this.#stopped) return false
    if (this.#live && this.#take(event)) {
      this.#live = this.#hasRoom()
      return true
    }
    this.#live = false
    this.#missed = true
    return false
  }

  /** Reads on, for as long as there is room. */
  readOn(): void {
    if (!this.#reading && !this.#stopped) this.#catchUp().catch(this.#options.threw)
  }

  stop(): void {
    this.#stopped = true
  }

  async #catchUp(): Promise<void> {
    const { read, aroundPage = atOnce, tookPage, failed } = this.#options
    let room = true
    this.#reading = true
    try {
      while (room && !this.#live && !this.#stopped) {
        this.#missed = false
        const page = await read(this.#cursor)
        if (this.#stopped) return
        if (!page.ok) {
          const on = failed(page.error)
          if (on === undefined || this.#cursor === undefined) return
          this.#cursor = on.from
          continue
        }
        const { events, next } = page.value
        room = aroundPage(() => events.every((event) => this.#take(event)))
        if (room) this.#cursor = next
        tookPage?.()
        room &&= this.#hasRoom()
        // Nothing came while the log was read to its end: from here on every event is heard.
        if (room && events.length === 0 && !this.#missed) this.#live = true
      }
    } finally {
      // Set in the same step that found no room, so that the owner can read on as soon as it makes room.
      this.#reading = false
    }
  }

  #take(event: Event): boolean {
    const isStored = event.sequence > 0
    if (isStored && event.sequence <= this.#sequence) return true
    if (!this.#options.take(event)) return false
    if (isStored) {
      this.#cursor = event.cursor
      this.#sequence = event.sequence
    }
    return true
  }

  #hasRoom(): boolean {
    return this.#options.hasRoom?.() ?? true
  }
}

const atOnce = (work: () => boolean): boolean => work()
