import type {
  ContractError,
  Cursor,
  EventName,
  HookAnswer,
  HookName,
  HookRequest,
  Reason,
  TimestampMs,
} from '@fulgurite/plugin-sdk/contract'
import type { Result } from '../lib/result.ts'

/** Who asks. The core sets it; nothing that comes from outside ever names its sender. */
type Caller =
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
  /** Where to go on: after the last event returned, or after the last one looked at when none matched. */
  readonly next: Cursor
}

/** The event log as readers see it. */
export interface EventLogPort {
  /**
   * Durable events after the cursor (from the oldest kept if there is none), oldest first, `limit` at most; none only when
   * the end of the log was reached. Errors: `cursor-expired`, `cursor-invalid`. Never rejects.
   */
  replay(cursor: Cursor | undefined, filter: EventFilter, limit: number): Promise<Result<ReplayedEvents, ContractError>>
  /**
   * Calls the listener for each event from now on, durable and ephemeral, in order, once it is durable.
   * A listener must not throw and must be quick. Returns how to end it.
   */
  subscribe(filter: EventFilter, listener: (event: EncodedEvent) => void): () => void
  /** The cursor of the newest durable event: `replay` from it returns what comes later. */
  head(): Cursor
}

/** Who answers the core's questions. */
export interface HookResponder {
  /**
   * Asks every plugin that registered for the hook, in parallel, with the hook's deadline for all together. Answers come
   * in the operator's order, one for each plugin asked: none means that no plugin holds this hook. Never rejects.
   */
  ask<Name extends HookName>(name: Name, request: HookRequest<Name>): Promise<readonly HookAnswer<Name>[]>
}

/** Where the plugin host joins itself to the core. Without a responder every question has no answers. */
interface HookRegistry {
  /** At most one responder at a time: the plugin host. Returns how to take it away. */
  register(responder: HookResponder): () => void
}

/** All that the API and the plugin host know of the node. */
export interface ContractGateway {
  /**
   * Asks an operation. The request comes as it arrived and is checked here, once; amounts may be decimal strings, integers
   * or `bigint`. The reply is plain data with `bigint` amounts: `encodeReply` makes it text. Never rejects.
   */
  ask(actor: string, operation: string, request: unknown, context: CallContext): Promise<Result<unknown, ContractError>>
  readonly events: EventLogPort
  readonly hooks: HookRegistry
}
