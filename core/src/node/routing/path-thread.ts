import type { ActorRef } from '../../actor/types.ts'
import { startThread, type ThreadSystem, type WorkerThread } from '../../actor/worker-thread.ts'
import type { Observation } from '../../graph/paths/liquidity.ts'
import type { PathAnswer, PathQuestion } from '../../graph/paths/path-question.ts'
import type { GraphSnapshot } from '../../graph/snapshot.ts'
import type { TimestampMs } from '../../lib/units.ts'
import { PATHS, type PathsProtocol } from './paths-protocol.ts'

interface Running {
  readonly thread: WorkerThread
  readonly ref: ActorRef<PathsProtocol>
  shown: GraphSnapshot | undefined
}

/** More than any search takes: whoever asks has a shorter patience of its own. */
const ANSWER_MS = 60_000

/**
 * Finds paths in a thread of its own, so that no search keeps a channel waiting. The thread begins with the first question, and again after
 * it has ended: what it had learnt is lost then.
 */
export class PathThread {
  readonly #system: ThreadSystem
  readonly #snapshot: () => GraphSnapshot
  #running: Running | undefined
  #closed = false

  constructor(system: ThreadSystem, snapshot: () => GraphSnapshot) {
    this.#system = system
    this.#snapshot = snapshot
  }

  /** Rejects if the thread has ended, or does not answer. */
  async find(question: PathQuestion): Promise<PathAnswer> {
    const running = this.#started()
    const snapshot = this.#snapshot()
    if (running.shown !== snapshot) {
      running.shown = snapshot
      running.ref.tell('graph', snapshot)
    }
    const answer = await running.ref.ask('find', question, { timeoutMs: ANSWER_MS })
    if (!answer.ok) {
      // A thread that hangs never ends by itself: the next question gets another one.
      if (answer.error.code === 'ask-timeout') void running.thread.end()
      throw new Error(`no paths: ${answer.error.code}`)
    }
    return answer.value
  }

  /** Nothing is kept of it before the first question. */
  learn(observations: readonly Observation[], now: TimestampMs): void {
    if (observations.length > 0) this.#running?.ref.tell('learn', { observations, now })
  }

  async close(): Promise<void> {
    this.#closed = true
    const running = this.#running
    this.#running = undefined
    await running?.thread.end()
  }

  #started(): Running {
    if (this.#closed) throw new Error('no paths are found any more')
    if (this.#running !== undefined) return this.#running
    const thread = startThread('node/routing/paths-worker', this.#system, () => {
      if (this.#running === running) this.#running = undefined
    })
    const running: Running = { thread, ref: thread.transport.ref<PathsProtocol>(PATHS), shown: undefined }
    this.#running = running
    return running
  }
}
