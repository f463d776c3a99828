import { err, ok, type Result } from '../lib/result.ts'
import type { Dispatcher, Runnable } from './dispatcher.ts'
import type { Envelope, Mailbox, Reply } from './mailbox.ts'
import type { ActorReport, AskFailure, Behaviour, Protocol } from './types.ts'

type AnyBehaviour = Behaviour<Protocol>
type AnyHandler = (request: unknown, context: Envelope) => unknown

/** How often an actor is drained later, for the sake of those that may have more for it. Together they have sent it hundreds of messages by then. */
const DRAINS_PUT_OFF = 4

/** What an inbox needs from the actor whose messages it hands over. */
interface InboxOwner {
  readonly path: string
  readonly mailbox: Mailbox
  readonly dispatcher: Dispatcher
  report(report: ActorReport): void
  /** A handler or `drained` threw. */
  fault(error: unknown, command?: string): void
  /** The promise of a handler of this behaviour was rejected; the behaviour may have been replaced since. */
  lateFault(behaviour: AnyBehaviour | undefined, error: unknown, command: string): void
}

/** The messages of one actor: they wait for its turn, are handed to its behaviour, and are answered or refused. */
export class ActorInbox implements Runnable {
  readonly #owner: InboxOwner
  readonly #unanswered = new Set<Reply>()
  #behaviour: AnyBehaviour | undefined
  #handlers: ReadonlyMap<string, AnyHandler> = new Map()
  #phase: 'open' | 'paused' | 'closed' = 'paused'
  #enqueued = false
  #handledSinceDrained = false
  #drainsPutOff = 0

  constructor(owner: InboxOwner) {
    this.#owner = owner
  }

  get isPaused(): boolean {
    return this.#phase === 'paused'
  }

  /** Another behaviour handles the messages from now on. */
  use(behaviour: AnyBehaviour): void {
    this.#handlers = new Map(Object.entries(behaviour.handlers))
    this.#behaviour = behaviour
    this.#handledSinceDrained = false
    this.#drainsPutOff = 0
  }

  /** Hands messages over from now on. */
  open(): void {
    this.#phase = 'open'
    if (!this.#owner.mailbox.empty) this.#wake()
  }

  /** Lets messages wait. */
  pause(): void {
    this.#phase = 'paused'
  }

  /** Refuses messages that wait or still come, and answers those that are being handled. */
  close(): void {
    this.#phase = 'closed'
    const { mailbox, path } = this.#owner
    for (let next = mailbox.next(); next !== undefined; next = mailbox.next()) this.#refuse(next, 'actor-stopped')
    for (const reply of this.#unanswered) reply(err({ code: 'actor-stopped', path }))
    this.#unanswered.clear()
  }

  deliver(envelope: Envelope): void {
    if (this.#phase === 'closed') this.#refuse(envelope, 'actor-stopped')
    else if (!this.#owner.mailbox.push(envelope)) this.#refuse(envelope, 'mailbox-full')
    else this.#wake()
  }

  /** Handles a batch, then signals `drained` if that left nothing. */
  run(batch: number): number {
    const { mailbox, dispatcher } = this.#owner
    let handled = 0
    while (handled < batch && this.#phase === 'open') {
      const envelope = mailbox.next()
      if (envelope === undefined) break
      handled += 1
      this.#handle(envelope)
    }
    this.#handledSinceDrained ||= handled > 0
    this.#enqueued = false
    if (this.#phase !== 'open') return handled
    if (!mailbox.empty) {
      this.#wake()
    } else if (this.#behaviour?.drained !== undefined && this.#handledSinceDrained) {
      // Actors that were runnable before may have more messages for this one, so it is drained after their turn, and after their next one if
      // that brought any. This is done a few times only, or two actors that keep each other busy would never be drained.
      if (handled > 0 && this.#drainsPutOff < DRAINS_PUT_OFF && dispatcher.busy) {
        this.#drainsPutOff += 1
        this.#enqueued = true
        dispatcher.enqueue(this)
      } else {
        this.#drained()
      }
    }
    return handled
  }

  #wake(): void {
    if (this.#enqueued || this.#phase !== 'open') return
    this.#enqueued = true
    this.#owner.dispatcher.enqueue(this)
  }

  #handle(envelope: Envelope): void {
    const { command, reply } = envelope
    const handler = this.#handlers.get(command)
    if (handler === undefined) {
      this.#refuse(envelope, 'unknown-command')
      return
    }
    let value: unknown
    try {
      value = handler(envelope.request, envelope)
    } catch (error) {
      reply?.(err({ code: 'handler-failed', path: this.#owner.path }))
      this.#owner.fault(error, command)
      return
    }
    if (value instanceof Promise) this.#replyLater(value, envelope)
    else reply?.(ok(value))
  }

  #replyLater(value: Promise<unknown>, { command, reply }: Envelope): void {
    const behaviour = this.#behaviour
    if (reply !== undefined) this.#unanswered.add(reply)
    const answer = (result: Result<unknown, AskFailure>): void => {
      if (reply !== undefined && this.#unanswered.delete(reply)) reply(result)
    }
    value.then(
      (resolved) => answer(ok(resolved)),
      (error: unknown) => {
        answer(err({ code: 'handler-failed', path: this.#owner.path }))
        this.#owner.lateFault(behaviour, error, command)
      },
    )
  }

  #drained(): void {
    this.#handledSinceDrained = false
    this.#drainsPutOff = 0
    try {
      this.#behaviour?.drained?.()
    } catch (error) {
      this.#owner.fault(error)
    }
  }

  #refuse({ command, reply }: Envelope, cause: 'actor-stopped' | 'mailbox-full' | 'unknown-command'): void {
    const { path } = this.#owner
    if (reply === undefined) this.#owner.report({ type: 'message-dropped', path, command, cause })
    else reply(err(cause === 'unknown-command' ? { code: cause, path, command } : { code: cause, path }))
  }
}
