import type { ActorRef } from '../../actor/types.ts'
import { startThread, type ThreadSystem, type WorkerThread } from '../../actor/worker-thread.ts'
import type { LiquidityEntry } from '../../graph/paths/liquidity.ts'
import type { PathAnswer, PathQuestion } from '../../graph/paths/path-question.ts'
import type { EdgeWeight } from '../../graph/paths/weights.ts'
import type { GraphSnapshot } from '../../graph/snapshot.ts'
import { PATHS, type PathsProtocol } from './paths-protocol.ts'

interface Running {
  readonly thread: WorkerThread
  readonly ref: ActorRef<PathsProtocol>
  shown: GraphSnapshot | undefined
  weighed: readonly EdgeWeight[] | undefined
}

/** What a thread is shown when it begins, and what it searches in. */
export interface PathSources {
  snapshot(): GraphSnapshot
  /** Another array whenever they change. */
  weights(): readonly EdgeWeight[]
  liquidity(): readonly LiquidityEntry[]
}

/** More than any search takes: whoever asks has a shorter patience of its own. */
const ANSWER_MS = 60_000

/**
 * Finds paths in a thread of its own, so that no search keeps a channel waiting. The thread begins with the first question, and again after
 * it has ended.
 */
export class PathThread {
  readonly #system: ThreadSystem
  readonly #sources: PathSources
  #running: Running | undefined
  #closed = false

  constructor(system: ThreadSystem, sources: PathSources) {
    this.#system = system
    this.#sources = sources
  }

  /** Rejects if the thread has ended, or does not answer. */
  async find(question: PathQuestion): Promise<PathAnswer> {
    const running = this.#started()
    const snapshot = this.#sources.snapshot()
    if (running.shown !== snapshot) {
      running.shown = snapshot
      running.ref.tell('graph', snapshot)
    }
    const weights = this.#sources.weights()
    if (running.weighed !== weights) {
      running.weighed = weights
      running.ref.tell('weights', weights)
    }
    const answer = await running.ref.ask('find', question, { timeoutMs: ANSWER_MS })
    if (!answer.ok) {
      // A thread that hangs never ends by itself: the next question gets another one.
      if (answer.error.code === 'ask-timeout') void running.thread.end()
      throw new Error(`no paths: ${answer.error.code}`)
    }
    return answer.value
  }

  /** A thread that begins later is told of it with all the rest. */
  learnt(entries: readonly LiquidityEntry[]): void {
    if (entries.length > 0) this.#running?.ref.tell('learnt', entries)
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
    const ref = thread.transport.ref<PathsProtocol>(PATHS)
    const running: Running = { thread, ref, shown: undefined, weighed: undefined }
    this.#running = running
    this.learnt(this.#sources.liquidity())
    return running
  }
}
