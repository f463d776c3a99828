import type { Clock } from '../lib/clock.ts'
import { err, type Result } from '../lib/result.ts'
import type { Envelope, Reply } from './mailbox.ts'
import { RefBase } from './ref.ts'
import type { ActorRef, AskFailure, AskOptions, EndReason, Meta, Protocol } from './types.ts'

export const ASK_TIMEOUT_MS = 30_000
export const NO_META: Meta = Object.freeze({})

/** Where a local ref delivers. */
interface Target {
  readonly path: string
  deliver(envelope: Envelope): void
  watch(onEnd: (reason: EndReason) => void): () => void
}

/** A ref to an actor of this process: nothing is copied. */
export class LocalRef extends RefBase implements ActorRef<Protocol> {
  readonly path: string
  readonly #target: Target
  readonly #clock: Clock

  constructor(target: Target, clock: Clock) {
    super()
    this.path = target.path
    this.#target = target
    this.#clock = clock
  }

  tell(command: string, request: unknown, meta: Meta = NO_META): void {
    this.#target.deliver({ command, request, meta, reply: undefined })
  }

  ask(command: string, request: unknown, options?: AskOptions): Promise<Result<unknown, AskFailure>> {
    const timeoutMs = options?.timeoutMs ?? ASK_TIMEOUT_MS
    return new Promise((resolve) => {
      const cancel = this.#clock.setTimer(timeoutMs, () =>
        resolve(err({ code: 'ask-timeout', path: this.path, timeoutMs })),
      )
      const reply: Reply = (result) => {
        cancel()
        resolve(result)
      }
      this.#target.deliver({ command, request, meta: options?.meta ?? NO_META, reply })
    })
  }

  watch(onEnd: (reason: EndReason) => void): () => void {
    return this.#target.watch(onEnd)
  }
}
