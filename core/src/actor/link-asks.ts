import type { CancelTimer, Clock } from '../lib/clock.ts'
import { err, type Result } from '../lib/result.ts'
import type { FailureCode } from './packet.ts'
import type { AskFailure } from './types.ts'

/** One of our asks. */
interface Asking {
  readonly path: string
  readonly command: string
  readonly timeoutMs: number
  readonly settle: (result: Result<unknown, AskFailure>) => void
}

/** Our asks in flight over a link. */
export class LinkAsks {
  readonly #clock: Pick<Clock, 'setTimer'>
  readonly #max: number
  readonly #asking = new Map<number, Asking>()
  #nextId = 0

  constructor(clock: Pick<Clock, 'setTimer'>, max: number) {
    this.#clock = clock
    this.#max = max
  }

  get full(): boolean {
    return this.#asking.size >= this.#max
  }

  /** Sends an ask under an id of its own, and settles it by its deadline. If `send` returns an error, the ask is settled with that. */
  begin(asking: Asking, send: (id: number) => AskFailure | undefined): void {
    const { path, timeoutMs } = asking
    const id = this.#nextId
    this.#nextId += 1
    let cancel: CancelTimer | undefined
    const settle: Asking['settle'] = (result) => {
      cancel?.()
      this.#asking.delete(id)
      asking.settle(result)
    }
    this.#asking.set(id, { ...asking, settle })
    const failure = send(id)
    if (failure === undefined) {
      cancel = this.#clock.setTimer(timeoutMs, () => settle(err({ code: 'ask-timeout', path, timeoutMs })))
    } else {
      settle(err(failure))
    }
  }

  /** An answer past its deadline finds nobody waiting. */
  answered(id: number, result: () => Result<unknown, AskFailure>): void {
    this.#asking.get(id)?.settle(result())
  }

  failed(id: number, code: FailureCode): void {
    const asking = this.#asking.get(id)
    asking?.settle(err(failureOf(code, asking)))
  }

  /** The link has ended. */
  end(): void {
    for (const { path, settle } of [...this.#asking.values()]) settle(err({ code: 'actor-stopped', path }))
  }
}

const failureOf = (code: FailureCode, { path, command, timeoutMs }: Asking): AskFailure => {
  if (code === 'unknown-command') return { code, path, command }
  return code === 'ask-timeout' ? { code, path, timeoutMs } : { code, path }
}
