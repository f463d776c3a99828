import { toHex } from '../../lib/bytes.ts'
import type { CancelTimer } from '../../lib/clock.ts'
import { type Gathered, gather } from '../../payment/trampoline/gather.ts'
import type { TrampolineEnv, TrampolinePart } from '../../payment/trampoline/trampoline-protocol.ts'
import { htlcName } from './upstream.ts'

/** Parts that wait for the others of their payment. Nothing of them is stored: their channels hand them on again. */
export class WaitingParts {
  readonly #startTimer: (set: string) => CancelTimer
  /** By what joins them. */
  readonly #sets = new Map<string, { readonly parts: readonly TrampolinePart[]; readonly stopTimer: CancelTimer }>()

  /** `startTimer` has `take` called when parts of a set have waited for long enough. */
  constructor(startTimer: (set: string) => CancelTimer) {
    this.#startTimer = startTimer
  }

  add(part: TrampolinePart, env: TrampolineEnv): Gathered {
    const { paymentHash, outer } = part
    const set = `${toHex(paymentHash)}:${outer.paymentSecret === undefined ? htlcName(part) : toHex(outer.paymentSecret)}`
    const before = this.#sets.get(set)
    const gathered = gather(before?.parts ?? [], part, env)
    const { parts } = gathered
    if (parts.length === 0) this.take(set)
    else this.#sets.set(set, { parts, stopTimer: before?.stopTimer ?? this.#startTimer(set) })
    return gathered
  }

  /** They wait no longer. */
  take(set: string): readonly TrampolinePart[] {
    const waiting = this.#sets.get(set)
    this.#sets.delete(set)
    waiting?.stopTimer()
    return waiting?.parts ?? []
  }

  all(): readonly TrampolinePart[] {
    return [...this.#sets.values()].flatMap(({ parts }) => parts)
  }
}
