/**
 * The frames between the core and a cell, told apart by their first character. To the cell: `I` make an isolate (then
 * `CellLimits`), `L` load a plugin into it (then its code), `T` a turn (then the inbox), `P` are you there. From it: `R`
 * ready, `I` the isolate is made, `L` loaded, `O` a turn's outbox (then an `OutboxHeader`, a line feed and the outbox), `F`
 * the plugin is ended (then a `CellFault`), `P` I am here. A cell speaks only when it is spoken to, once each time: anything
 * more ends it.
 */
export interface CellLimits {
  /** The isolate's heap. */
  readonly memoryMb: number
  readonly outboxBytes: number
  /**
   * How long a turn may take, where nothing else ends a cell at work whose node is gone. The core looks at that from outside; to
   * have it done inside takes a thread for each call, and nearly doubles the time of an ask.
   */
  readonly wallMs?: number
}

export interface OutboxHeader {
  readonly cpuMicros: number
  /** A rejection that nobody handled. */
  readonly fault?: string
}

/** Why a plugin was ended. `code` is one that the host's log explains. */
export interface CellFault {
  readonly code: string
  readonly text: string
}
