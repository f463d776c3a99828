import { err, type Result } from '../lib/result.ts'
import { RefBase } from './ref.ts'
import type { ActorRef, ActorReport, AskFailure, EndReason, Protocol } from './types.ts'

/** A ref to nobody. */
export class DeadRef extends RefBase implements ActorRef<Protocol> {
  readonly path: string
  readonly #report: (report: ActorReport) => void

  constructor(path: string, report: (report: ActorReport) => void) {
    super()
    this.path = path
    this.#report = report
  }

  tell(command: string): void {
    this.#report({ type: 'message-dropped', path: this.path, command, cause: 'actor-stopped' })
  }

  ask(): Promise<Result<unknown, AskFailure>> {
    return Promise.resolve(err({ code: 'actor-stopped', path: this.path }))
  }

  watch(onEnd: (reason: EndReason) => void): () => void {
    try {
      onEnd({ code: 'stopped' })
    } catch (error) {
      this.#report({ type: 'callback-threw', callback: 'watch', path: this.path, error })
    }
    return () => {}
  }
}
