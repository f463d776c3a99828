import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { ActorSystem } from '../../actor/actor-system.ts'
import type { ActorRef, Transport } from '../../actor/types.ts'
import { workerTransport } from '../../actor/worker-transport.ts'
import type { Observation } from '../../graph/paths/liquidity.ts'
import type { PathAnswer, PathQuestion } from '../../graph/paths/path-question.ts'
import type { GraphSnapshot } from '../../graph/snapshot.ts'
import { OWN_PACKAGE } from '../../lib/own-package.ts'
import type { TimestampMs } from '../../lib/units.ts'
import { PATHS, type PathsProtocol } from './paths-protocol.ts'

interface Running {
  readonly worker: Worker
  readonly transport: Transport
  readonly ref: ActorRef<PathsProtocol>
  shown: GraphSnapshot | undefined
}

// A program that was bundled has its threads beside it.
const isSource = import.meta.url.endsWith('.ts')
const PROGRAM = isSource
  ? fileURLToPath(new URL('paths-worker.ts', import.meta.url))
  : join(OWN_PACKAGE, 'dist/node/routing/paths-worker.js')

/** More than any search takes: whoever asks has a shorter patience of its own. */
const ANSWER_MS = 60_000

/**
 * Finds paths in a thread of its own, so that no search keeps a channel waiting. The thread begins with the first question, and again after
 * it has ended: what it had learnt is lost then.
 */
export class PathThread {
  readonly #system: Pick<ActorSystem<never>, 'clock' | 'find' | 'report'>
  readonly #snapshot: () => GraphSnapshot
  #running: Running | undefined
  #closed = false

  constructor(system: Pick<ActorSystem<never>, 'clock' | 'find' | 'report'>, snapshot: () => GraphSnapshot) {
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
      if (answer.error.code === 'ask-timeout') void running.worker.terminate()
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
    running?.transport.close()
    await running?.worker.terminate()
  }

  #started(): Running {
    if (this.#closed) throw new Error('no paths are found any more')
    if (this.#running !== undefined) return this.#running
    const { port1, port2 } = new MessageChannel()
    const worker = new Worker(PROGRAM, { workerData: port2, transferList: [port2] })
    // A thread that waits for questions is no reason for the process to go on.
    worker.unref()
    port1.unref()
    const transport = workerTransport(port1, { system: this.#system })
    const running: Running = { worker, transport, ref: transport.ref<PathsProtocol>(PATHS), shown: undefined }
    const lost = (): void => {
      transport.close()
      if (this.#running === running) this.#running = undefined
    }
    worker.on('error', lost)
    worker.on('exit', lost)
    this.#running = running
    return running
  }
}
