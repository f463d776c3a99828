import type { CancelTimer, Clock } from '../lib/clock.ts'
import type { Result } from '../lib/result.ts'
import type { Rng } from '../lib/rng.ts'
import type { FrameError } from './frame-codec.ts'

/** One operation of an actor. A reply that can fail in an expected way is itself a `Result`. */
interface Operation {
  readonly request: unknown
  readonly reply: unknown
}

/**
 * What an actor understands: operation name to request and reply. Written as a `type`, not an `interface`:
 * `type Counter = { add: { request: { by: number }; reply: number } }`.
 */
export type Protocol = Readonly<Record<string, Operation>>

type Name<P extends Protocol> = keyof P & string

/** Why something is asked, and under which key. Plain data: it crosses transports with the request. */
export interface Meta {
  readonly reason?: { readonly code: string; readonly text?: string }
  /** Ids or cursors of what led to this message, nearest last. */
  readonly causes?: readonly string[]
  /** The idempotency key of a command that spends. */
  readonly key?: string
}

export interface AskOptions {
  /** On the system's clock; 30,000 if absent. */
  readonly timeoutMs?: number
  readonly meta?: Meta
}

/**
 * Why an ask got no reply. With `mailbox-full` and `unknown-command` the request was not handled; with any other code it may have been, or
 * may still be.
 */
export type AskFailure =
  | { readonly code: 'mailbox-full'; readonly path: string }
  | { readonly code: 'unknown-command'; readonly path: string; readonly command: string }
  | { readonly code: 'actor-stopped'; readonly path: string }
  | { readonly code: 'ask-timeout'; readonly path: string; readonly timeoutMs: number }
  /**
   * The handler threw; the error goes to the supervisor and to `system.reports`, never to the asker. Or the request or the reply is not
   * data that the transport can carry, which is a bug and is reported too.
   */
  | { readonly code: 'handler-failed'; readonly path: string }

/** How an actor, or the link to it, ended. */
export interface EndReason {
  readonly code: 'stopped' | 'failed' | 'link-lost'
}

/**
 * The address of an actor, wherever it runs. It is a value: it may be sent in messages. Delivery is at most once, in
 * order for one sender and one lane.
 */
export interface ActorRef<P extends Protocol> {
  /** `/channels/<id>`: the names from the root down. */
  readonly path: string
  /** Delivers if it can, and is silent if it cannot (dropped messages are on `system.reports`). Never throws. */
  tell<C extends Name<P>>(command: C, request: P[C]['request'], meta?: Meta): void
  /** Never rejects, and always settles: by its deadline at the latest. */
  ask<C extends Name<P>>(
    command: C,
    request: P[C]['request'],
    options?: AskOptions,
  ): Promise<Result<P[C]['reply'], AskFailure>>
  /** Calls `onEnd` once when the actor or the link to it has ended: at once (before `watch` returns) if it already has. */
  watch(onEnd: (reason: EndReason) => void): () => void
}

/** What can be done with an actor of any protocol. */
export type AnyActorRef = Pick<ActorRef<Protocol>, 'path' | 'watch'>

/**
 * Where a message waits. `priority` (chain events, settlements, deadlines) is never refused and is handled first; `peer`
 * is never refused either but reports pressure past its high-water mark; `command` is bounded. Each is first in, first
 * out. While both `peer` and `command` wait, one command is handled after every 16 peer messages, so that neither starves.
 */
export type Lane = 'priority' | 'peer' | 'command'

/** What a handler is told about its message. */
export interface MessageContext {
  readonly meta: Meta
}

type Handler<O extends Operation> = (request: O['request'], context: MessageContext) => O['reply'] | Promise<O['reply']>

/**
 * How an actor behaves: the result of its factory, made anew at every restart.
 *
 * Messages are handled one at a time, and a handler runs to its end before the next begins. A handler that returns a promise does NOT hold
 * the mailbox: the next message is handled at once, and the reply is sent when the promise resolves. So the code after an `await` in a
 * handler interleaves with other messages; state that must not be seen half-way changes before the first `await`, or in a message that the
 * actor sends itself.
 */
export interface Behaviour<P extends Protocol> {
  readonly handlers: { readonly [C in keyof P]: Handler<P[C]> }
  /**
   * The mailbox has become empty after at least one message. Runnable actors that were queued before run first, so that what they send in
   * that turn is in the same batch. Must be quick; a throw counts like a handler's.
   */
  drained?(): void
  /** Before a restart: the mailbox waits until the promise settles (pending writes, say), then the factory is called. */
  restarting?(): void | Promise<void>
  /** The actor has ended, after its children. `system.stop()` waits for the promise. */
  stopped?(): void | Promise<void>
}

/** What a factory gets to build a behaviour with; valid until that behaviour ends. */
export interface ActorContext<P extends Protocol> {
  readonly self: ActorRef<P>
  readonly clock: Clock
  readonly rng: Rng
  /** How many times this actor has been restarted: 0 for the first behaviour. */
  readonly restarts: number
  /** What ended the behaviour before this one; absent the first time. */
  readonly lastFailure?: unknown
  /** Children stop with their parent, before it, and when it restarts. */
  spawn<C extends Protocol>(name: string, factory: BehaviourFactory<C>, options?: SpawnOptions<C>): ActorRef<C>
  /** Ends this actor after the current message. Queued messages are answered `actor-stopped`. */
  stop(): void
  /** Tells this actor `command` after `delayMs`; cancelled when the behaviour ends. */
  schedule<C extends Name<P>>(delayMs: number, command: C, request: P[C]['request']): CancelTimer
}

export type BehaviourFactory<P extends Protocol> = (context: ActorContext<P>) => Behaviour<P>

/** What happens to an actor whose handler (or factory, or `drained`) threw. */
export type Supervision =
  /** Goes on with the next message and the same state. */
  | { readonly type: 'resume' }
  /** A new behaviour after a pause that doubles from `minBackoffMs` up to `maxBackoffMs`; queued messages wait. */
  | {
      readonly type: 'restart'
      readonly minBackoffMs: number
      readonly maxBackoffMs: number
      /** After this long without a throw the pause is `minBackoffMs` again. */
      readonly resetAfterMs: number
    }
  | { readonly type: 'stop' }
  /** As if the parent had thrown; the root's answer is to stop the system. */
  | { readonly type: 'escalate' }

/** A throw, as seen by whoever decides about it. `command` is absent when a factory or `drained` threw. */
export interface ActorFault {
  readonly path: string
  readonly command?: string
  readonly error: unknown
  /** Restarts so far. */
  readonly restarts: number
}

export interface SpawnOptions<P extends Protocol> {
  /** The lane of each command; `command` for those that are not named. */
  readonly lanes?: { readonly [C in keyof P]?: Lane }
  /** Messages that the `command` lane holds before it refuses; 1,000 if absent. */
  readonly commandCapacity?: number
  /** Messages in the `peer` lane at which pressure is reported; 256 if absent. It is lifted at half of that. */
  readonly peerHighWater?: number
  /** Called with `true` when the `peer` lane passes its high-water mark, and with `false` when it is down to half again. */
  readonly onPressure?: (lane: Lane, full: boolean) => void
  /** `resume` if absent. A function decides case by case. */
  readonly supervision?: Supervision | ((fault: ActorFault) => Supervision)
}

/** What the operator should be able to see about the kernel's work. */
export type ActorReport =
  | (ActorFault & { readonly type: 'actor-faulted'; readonly decision: Supervision['type'] })
  | {
      readonly type: 'message-dropped'
      readonly path: string
      readonly command: string
      readonly cause: 'mailbox-full' | 'unknown-command' | 'actor-stopped' | 'link-lost' | 'not-encodable'
    }
  /** A callback that is not a handler threw: a watcher, `onPressure`, `stopped`, an event's subscriber. */
  | { readonly type: 'callback-threw'; readonly callback: string; readonly path?: string; readonly error: unknown }

/** Why a link has ended. All reasons but `closed` (by this side) come from the other side. */
export type LinkEnd =
  | { readonly code: 'closed' }
  | { readonly code: 'link-lost' }
  | { readonly code: 'not-json' }
  | { readonly code: 'too-deep'; readonly maxDepth: number }
  | { readonly code: 'packet-malformed' }
  | FrameError

/**
 * Gives refs to actors elsewhere. A transport's ref stands for a path: it reaches the actor that lives there when the message arrives.
 * Plain data (objects, arrays, strings, finite numbers, bigints, booleans, null, `Uint8Array`) crosses, and refs of any kind, which arrive
 * as refs that lead back.
 */
export interface Transport {
  /** A ref to the actor at `path` on the other side. If nobody lives there, asks are answered `actor-stopped`. */
  ref<P extends Protocol>(path: string): ActorRef<P>
  /** Ends the link: every ask in flight is answered `actor-stopped`, every watch fires `link-lost`. */
  close(): void
  /** Resolves when the link has ended, for whatever reason. */
  readonly ended: Promise<LinkEnd>
}
