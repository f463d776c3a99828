import type {
  ContractError,
  Cursor,
  EventName,
  HookAnswer,
  HookName,
  HookRequest,
  Msat,
  Operation,
  Reason,
  Sat,
  TimestampMs,
} from '@fulgurite/plugin-sdk/contract'
import type { Result } from '../lib/result.ts'

/** The asker. The core sets it; no data from outside ever names its sender. */
export type Caller =
  | { readonly kind: 'operator' }
  | { readonly kind: 'plugin'; readonly name: string; readonly version: string }

/** What travels beside a request. */
export interface CallContext {
  readonly caller: Caller
  readonly reason?: Reason
  readonly causes?: readonly Cursor[]
  readonly key?: string
  /** Past it the answer is `timed-out` for a query, `outcome-unknown` for a command. */
  readonly timeoutMs?: number
}

/** An event with its text, made once at its commit. */
export interface EncodedEvent {
  readonly cursor: Cursor
  /** Grows by one with each event of the log; 0 for an ephemeral event, which has no place in it. */
  readonly sequence: number
  readonly name: EventName
  readonly version: number
  readonly at: TimestampMs
  /** The whole envelope: `{ cursor, at, type, version, payload }`. */
  readonly text: string
}

export interface EventFilter {
  /** All where it is not given. */
  readonly names?: readonly EventName[]
}

export interface ReplayedEvents {
  readonly events: readonly EncodedEvent[]
  /** Where to go on: after the last event returned, or after the last one looked at if none matched. */
  readonly next: Cursor
}

/** A refusal with one of these codes. The compiler ensures that an operation returns only codes that it declares. */
export type Refusal<Code extends string> = ContractError & { readonly code: Code }

/** The event log as readers see it. */
export interface EventLogPort {
  /**
   * Durable events after the cursor (from the oldest kept if there is none), oldest first, `limit` at most; none only when
   * the end of the log was reached. Errors: `cursor-expired`, `cursor-invalid`. Never rejects.
   */
  replay(
    cursor: Cursor | undefined,
    filter: EventFilter,
    limit: number,
  ): Promise<Result<ReplayedEvents, Refusal<'cursor-expired' | 'cursor-invalid'>>>
  /**
   * Calls the listener for each event from now on, durable and ephemeral, in order, once it is durable. A listener must be quick and must
   * not throw. Returns a function that ends it.
   */
  subscribe(filter: EventFilter, listener: (event: EncodedEvent) => void): () => void
  /** The cursor of the newest durable event: `replay` from it returns what comes later. */
  head(): Cursor
}

/** Answers the core's questions. */
export interface HookResponder {
  /** Whether any plugin is to be asked: where none is, nothing has to wait. The request is made only for a plugin that holds the hook. */
  wants<Name extends HookName>(name: Name, request: () => HookRequest<Name>): boolean
  /**
   * Asks every plugin that registered for the hook, in parallel, with the hook's deadline for all together. Answers come
   * in the operator's order, one for each plugin asked: none means that no plugin holds this hook. Never rejects.
   */
  ask<Name extends HookName>(name: Name, request: HookRequest<Name>): Promise<readonly HookAnswer<Name>[]>
}

/** The plugin host connects itself to the core here. Without a responder every question has no answers. */
interface HookRegistry {
  /** At most one responder at a time: the plugin host. Returns a function that removes it. */
  register(responder: HookResponder): () => void
}

/** What something costs, or could cost at most, by purse. */
export interface Cost {
  /** Principal that leaves the node, by any rail. */
  readonly paysOutMsat: Msat
  readonly feesMsat: Msat
  /** Tied up for a while, and ours all the same. */
  readonly locksSat: Sat
}

/** The result of a command's own run, whether or not its asker still waits. */
export interface Outcome {
  readonly result: Result<unknown, ContractError>
  /** The answer was stored under the key: nothing was done this time. */
  readonly isStored: boolean
  /** What a successful command has cost, if its reply tells; else the worst case stands. */
  readonly cost?: Cost
}

/** A request that is checked and resolved. Exactly what was checked is what runs. */
export interface Prepared {
  readonly operation: Operation
  /** The request as it was asked, after the check: what the key stands for. */
  readonly asked: object
  /** The request with every default that affects money or prices filled in. Exactly this is run. */
  readonly request: object
  /** The most that running it costs, computed from the whole request and what the node knows now. Nothing beyond it is signed or sent. */
  readonly worstCase: Cost
  /** Runs it: `answer` comes within the asker's time, `outcome` when it is known. Neither rejects. */
  run(context: CallContext): {
    readonly answer: Promise<Result<unknown, ContractError>>
    readonly outcome: Promise<Outcome>
  }
}

/** What became of a command that was asked under a key, possibly in an earlier life of the node. */
export type Recalled =
  /** It was never begun, and will not be unless it is asked again. */
  | { readonly type: 'never-begun' }
  | { readonly type: 'known'; readonly outcome: Outcome }
  /** It goes on by itself. */
  | { readonly type: 'under-way'; readonly outcome: Promise<Outcome> }
  /** The node ended while it ran, and its effects cannot be told apart from other things. */
  | { readonly type: 'unknown' }

/** All that the plugin host knows of the node. */
export interface PluginGateway extends ContractGateway {
  readonly plugins: {
    /** A run of the plugin begins: until then it asks nothing. Returns what is called when it has ended. */
    begin(name: string): () => void
  }
  /**
   * Checks a request and returns what it would do and cost, without doing anything. The request is unparsed; amounts may be decimal
   * strings, integers or `bigint`.
   */
  prepare(actor: string, operation: string, request: unknown): Result<Prepared, ContractError>
  /** What became of a command with that key and request: looked up, not waited for. It starts nothing. */
  recall(actor: string, operation: string, asked: unknown, key: string): Promise<Recalled>
}

/** All that the API knows of the node. */
export interface ContractGateway {
  /**
   * Asks an operation. The request is unparsed and is checked here, once; amounts may be decimal strings, integers or `bigint`. The reply
   * is plain data with `bigint` amounts: `encodeReply` makes it text. Never rejects.
   */
  ask(actor: string, operation: string, request: unknown, context: CallContext): Promise<Result<unknown, ContractError>>
  readonly events: EventLogPort
  readonly hooks: HookRegistry
}
