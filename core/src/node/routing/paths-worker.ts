import { type MessagePort, workerData } from 'node:worker_threads'
import { createActorSystem } from '../../actor/actor-system.ts'
import { workerTransport } from '../../actor/worker-transport.ts'
import { PathFinder } from '../../graph/paths/find-paths.ts'
import { LiquidityBook } from '../../graph/paths/liquidity.ts'
import { EdgeWeights } from '../../graph/paths/weights.ts'
import type { GraphSnapshot } from '../../graph/snapshot.ts'
import { err } from '../../lib/result.ts'
import { PATHS, type PathsProtocol } from './paths-protocol.ts'

// A thread's program: it finds paths, by what it is shown of the graph and told of its channels.
const system = createActorSystem<never>()
system.spawn<PathsProtocol>(PATHS.slice(1), () => {
  const finder = new PathFinder()
  const liquidity = new LiquidityBook()
  let weights = new EdgeWeights([])
  let snapshot: GraphSnapshot | undefined
  return {
    handlers: {
      graph: (shown) => {
        snapshot = shown
      },
      learnt: (entries) => {
        for (const entry of entries) liquidity.put(entry)
      },
      weights: (pushed) => {
        weights = new EdgeWeights(pushed)
      },
      find: (question) =>
        snapshot === undefined ? err({ code: 'no-route' }) : finder.find(question, { snapshot, liquidity, weights }),
    },
  }
})
workerTransport(workerData as MessagePort, { system, expose: (path) => system.find(path) })
