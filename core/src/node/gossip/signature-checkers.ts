import type { ActorRef } from '../../actor/types.ts'
import { startThread, type ThreadSystem, type WorkerThread } from '../../actor/worker-thread.ts'
import { checkPacked, packChecks } from '../../graph/packed-checks.ts'
import type { SignatureCheck } from '../../graph/rules/signature-checks.ts'
import { SIGNATURES, type SignatureProtocol } from './signature-protocol.ts'

/** For each check 1 if the signature is valid, else 0. Never rejects. */
export type CheckSignatures = (checks: readonly SignatureCheck[]) => Promise<Uint8Array>

interface Checker {
  readonly thread: WorkerThread
  readonly ref: ActorRef<SignatureProtocol>
  /** Checks that it has been asked for and has not answered. */
  asked: number
}

/** Checks signatures in threads of their own, so that nothing else waits for it. */
export class SignatureCheckers {
  readonly #system: ThreadSystem
  readonly #checkers: Checker[] = []

  constructor(system: ThreadSystem, threads: number) {
    this.#system = system
    for (let i = 0; i < threads; i++) this.#start()
  }

  readonly check: CheckSignatures = async (checks) => {
    const packed = packChecks(checks)
    const [checker] = this.#checkers.toSorted((a, b) => a.asked - b.asked)
    if (checker === undefined) return checkPacked(packed)
    checker.asked += checks.length
    const answer = await checker.ref.ask('check', packed)
    checker.asked -= checks.length
    // A thread that hangs never ends by itself.
    if (!answer.ok && answer.error.code === 'ask-timeout') void checker.thread.end()
    // One that ended or is overdue has told us nothing: the signatures are as valid as before.
    return answer.ok ? answer.value : checkPacked(packed)
  }

  async close(): Promise<void> {
    const checkers = this.#checkers.splice(0)
    await Promise.all(checkers.map(({ thread }) => thread.end()))
  }

  #start(): void {
    const thread = startThread('node/gossip/signature-worker', this.#system, () => this.#lost(checker))
    const checker = { thread, ref: thread.transport.ref<SignatureProtocol>(SIGNATURES), asked: 0 }
    this.#checkers.push(checker)
  }

  /** The other threads, or this one, do its work from now on. */
  #lost(checker: Checker): void {
    const at = this.#checkers.indexOf(checker)
    if (at >= 0) this.#checkers.splice(at, 1)
  }
}
