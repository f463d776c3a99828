import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import type { ActorSystem } from '../../actor/actor-system.ts'
import type { ActorRef, Transport } from '../../actor/types.ts'
import { workerTransport } from '../../actor/worker-transport.ts'
import { checkPacked, packChecks } from '../../graph/packed-checks.ts'
import type { SignatureCheck } from '../../graph/rules/signature-checks.ts'
import { OWN_PACKAGE } from '../../lib/own-package.ts'
import { SIGNATURES, type SignatureProtocol } from './signature-protocol.ts'

/** For each check 1 if the signature is valid, else 0. Never rejects. */
export type CheckSignatures = (checks: readonly SignatureCheck[]) => Promise<Uint8Array>

interface Checker {
  readonly worker: Worker
  readonly transport: Transport
  readonly ref: ActorRef<SignatureProtocol>
  /** Checks that it has been asked for and has not answered. */
  asked: number
}

// A program that was bundled has its threads beside it.
const isSource = import.meta.url.endsWith('.ts')
const PROGRAM = isSource
  ? fileURLToPath(new URL('signature-worker.ts', import.meta.url))
  : join(OWN_PACKAGE, 'dist/node/gossip/signature-worker.js')

/** Checks signatures in threads of their own, so that nothing else waits for it. */
export class SignatureCheckers {
  readonly #system: Pick<ActorSystem<never>, 'clock' | 'find' | 'report'>
  readonly #checkers: Checker[] = []

  constructor(system: Pick<ActorSystem<never>, 'clock' | 'find' | 'report'>, threads: number) {
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
    // A thread that ended or is overdue has told us nothing: the signatures are as valid as before.
    return answer.ok ? answer.value : checkPacked(packed)
  }

  async close(): Promise<void> {
    const checkers = this.#checkers.splice(0)
    for (const { transport } of checkers) transport.close()
    await Promise.all(checkers.map(({ worker }) => worker.terminate()))
  }

  #start(): void {
    const { port1, port2 } = new MessageChannel()
    const worker = new Worker(PROGRAM, { workerData: port2, transferList: [port2] })
    // A thread that waits for work is no reason for the process to go on.
    worker.unref()
    port1.unref()
    const transport = workerTransport(port1, { system: this.#system })
    const checker = { worker, transport, ref: transport.ref<SignatureProtocol>(SIGNATURES), asked: 0 }
    this.#checkers.push(checker)
    worker.on('error', () => this.#lost(checker))
    worker.on('exit', () => this.#lost(checker))
  }

  /** The other threads, or this one, do its work from now on. */
  #lost(checker: Checker): void {
    const at = this.#checkers.indexOf(checker)
    if (at >= 0) this.#checkers.splice(at, 1)
  }
}
