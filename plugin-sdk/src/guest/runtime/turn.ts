/** What the core and a plugin say to each other in a turn. The core checks what it is told; the guest trusts the core. */

export interface WireError {
  readonly code: string
  readonly message: string
  readonly field?: string
  readonly details?: Readonly<Record<string, unknown>>
}

/** An event as it comes: its amounts are still decimal strings. */
export interface WireEvent {
  readonly cursor: string
  readonly at: number
  readonly type: string
  readonly version: number
  payload: unknown
}

/** Everything that waits for the plugin. */
export interface Inbox {
  /** The turn's time: it does not move within the turn. */
  readonly now: number
  /** The same in milliseconds on a clock that nobody can set: timers are measured by it. */
  readonly uptime: number
  /** Where the turn's randomness comes from. */
  readonly seed: number
  /** In the first turn only. */
  readonly start?: {
    readonly plugin: { readonly name: string; readonly version: string }
    readonly config: Readonly<Record<string, unknown>>
    /** When each schedule last ran. */
    readonly schedules: Readonly<Record<string, number>>
  }
  /** Subscriptions of which nothing is kept that was acknowledged in the last turn, and why. */
  readonly unkept?: readonly (readonly [label: string, WireError])[]
  readonly replies?: readonly (readonly [id: number, ok: 1, value: unknown] | readonly [id: number, ok: 0, WireError])[]
  readonly hooks?: readonly (readonly [id: number, name: string, request: unknown])[]
  readonly live?: readonly WireEvent[]
  readonly each?: readonly (readonly [label: string, events: readonly WireEvent[]])[]
}

export type StoreWrite = readonly [key: string, value: string | null]

/** Everything that the plugin wants. Members without content are left out. */
export interface Outbox {
  asks?: (readonly [
    id: number,
    actor: string,
    operation: string,
    request: unknown,
    options: Readonly<Record<string, unknown>>,
  ])[]
  /** A list goes on behind the key `after`. */
  reads?: (readonly [id: number, kind: 'get' | 'list', key: string, after?: string])[]
  writes?: (readonly [id: number, writes: readonly StoreWrite[]])[]
  /**
   * In order: how many more events of a subscription are done, and what their handlers stored; or that its next event is
   * set aside, and why.
   */
  acks?: (
    | readonly [label: string, count: number, writes: readonly StoreWrite[]]
    | readonly [label: string, count: 1, writes: readonly StoreWrite[], error: string]
  )[]
  ran?: (readonly [label: string, at: number, writes: readonly StoreWrite[]])[]
  verdicts?: (readonly [id: number, ok: 1, verdict: unknown] | readonly [id: number, ok: 0, error: string])[]
  logs?: (readonly [level: string, text: string])[]
  faults?: string[]
  /** When, by `uptime`, the plugin wants its next turn, if nothing else comes. */
  wake?: number
  /** In answer to `start`. */
  registered?: {
    readonly live: readonly string[]
    readonly each: readonly (readonly [label: string, name: string, from: string])[]
    readonly hooks: readonly string[]
    readonly schedules: readonly string[]
  }
}
