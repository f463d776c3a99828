import type { HookAnswer } from '@fulgurite/plugin-sdk/contract'
import type { Clock } from '../../../core/src/lib/clock.ts'

/** How the plugin of a node answers when it is asked whether an HTLC goes on. */
export interface GuardWord {
  readonly says: 'continue' | 'fail' | 'nothing' | 'nothing, and is closed'
  /** After so long; absent: only once it is told to rest. */
  readonly ms?: number
}

type Answers = readonly HookAnswer<'htlc.forward'>[]

const ANSWERS: Readonly<Record<GuardWord['says'], Answers>> = {
  continue: [{ type: 'verdict', plugin: 'guard', verdict: { type: 'continue' } }],
  fail: [{ type: 'verdict', plugin: 'guard', verdict: { type: 'fail', code: 'temporary-node-failure' } }],
  nothing: [{ type: 'no-verdict', plugin: 'guard', code: 'timed-out' }],
  'nothing, and is closed': [{ type: 'no-verdict', plugin: 'guard', code: 'timed-out', onFailure: 'closed' }],
}

/** In place of a node's plugins with the hook `htlc.forward`: answers come late, or as good as never. */
export class ForwardGuard {
  readonly #clock: Clock
  #word: GuardWord | undefined
  /** Whoever waits for an answer. */
  readonly #waiting = new Set<() => void>()
  asked = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isAsked(): boolean {
    return this.#word !== undefined
  }

  /** From now on. */
  tell(word: GuardWord): void {
    this.#word = word
  }

  /** It is not asked any more, and gives every answer that it still owes. */
  rest(): void {
    this.#word = undefined
    for (const answer of [...this.#waiting]) answer()
  }

  answer(): Promise<Answers> {
    const { says, ms } = this.#word ?? { says: 'nothing', ms: 0 }
    this.asked += 1
    return new Promise((resolve) => {
      const answer = (): void => {
        this.#waiting.delete(answer)
        resolve(ANSWERS[says])
      }
      this.#waiting.add(answer)
      if (ms !== undefined) this.#clock.setTimer(ms, answer)
    })
  }
}
