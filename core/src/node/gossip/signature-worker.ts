import { constants, setPriority } from 'node:os'
import { type MessagePort, workerData } from 'node:worker_threads'
import { createActorSystem } from '../../actor/actor-system.ts'
import { workerTransport } from '../../actor/worker-transport.ts'
import { checkPacked } from '../../graph/packed-checks.ts'
import { SIGNATURES, type SignatureProtocol } from './signature-protocol.ts'

// A thread's program: it checks signatures, and nothing else. Nobody waits for it: on Linux, where threads have priorities of their own, it
// leaves the processors to whoever else wants them.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_BELOW_NORMAL)

const system = createActorSystem<never>()
system.spawn<SignatureProtocol>(SIGNATURES.slice(1), () => ({ handlers: { check: checkPacked } }))
workerTransport(workerData as MessagePort, { system, expose: (path) => system.find(path) })
