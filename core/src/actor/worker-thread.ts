import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MessageChannel, Worker } from 'node:worker_threads'
import { OWN_PACKAGE } from '../lib/own-package.ts'
import type { ActorSystem } from './actor-system.ts'
import type { Transport } from './types.ts'
import { workerTransport } from './worker-transport.ts'

export type ThreadSystem = Pick<ActorSystem<never>, 'clock' | 'find' | 'report'>

export interface WorkerThread {
  /** The way to the actors in it. */
  readonly transport: Transport
  end(): Promise<void>
}

// A program that was bundled has its threads beside it.
const isSource = import.meta.url.endsWith('.ts')

/** Starts a thread whose program is an actor system of its own, by the place of its module among the sources. `onLost` is told once it has ended, however that came. */
export const startThread = (program: string, system: ThreadSystem, onLost: () => void): WorkerThread => {
  const { port1, port2 } = new MessageChannel()
  const path = isSource
    ? fileURLToPath(new URL(`../${program}.ts`, import.meta.url))
    : join(OWN_PACKAGE, `dist/${program}.js`)
  const worker = new Worker(path, { workerData: port2, transferList: [port2] })
  // A thread that waits for work is no reason for the process to go on.
  worker.unref()
  port1.unref()
  const transport = workerTransport(port1, { system })
  const lost = (): void => {
    transport.close()
    onLost()
  }
  worker.on('error', lost)
  worker.on('exit', lost)
  return {
    transport,
    async end() {
      transport.close()
      await worker.terminate()
    },
  }
}
