import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { FailureError } from '../../lib/errors.ts'
import { makeFolder } from '../../lib/make-folder.ts'
import { OWN_PACKAGE } from '../../lib/own-package.ts'
import { followNode } from '../node-child.ts'
import type { NodePlaces } from '../running-node.ts'
import { ENDS_WITH_STDIN } from '../stop-request.ts'
import type { DevChain } from './dev-chain.ts'
import { type DevnetClient, devnetClient } from './devnet-client.ts'

/** A node that we can reach, in whatever process it runs. */
export interface KnownNode {
  readonly name: string
  readonly nodeId: string
  /** `host:port` for peers. */
  readonly listen: string
  readonly client: DevnetClient
}

/** A node in a process of its own, on the bitcoind adapter. */
export interface NodeProcess extends KnownNode {
  readonly pid: number
  readonly places: NodePlaces
  /** Resolves when the process has ended, for whatever reason. */
  readonly ended: Promise<string>
  /** Asks the process to stop in order, and kills it if it does not. */
  stop(): Promise<void>
}

export interface NodeProcessOptions {
  readonly name: string
  readonly data: string
  readonly chain: Pick<DevChain, 'rpcUrl' | 'cookiePath'>
  readonly logLevel?: string
}

const LAUNCHER = join(OWN_PACKAGE, 'bin/fulgurite.js')
const START_TIMEOUT_MS = 30_000
const STOP_TIMEOUT_MS = 5_000

/** Starts `fulgurite start` and waits until the node is ready. Throws a `FailureError`. */
export const startNodeProcess = async (options: NodeProcessOptions): Promise<NodeProcess> => {
  const { name, data, chain, logLevel = 'info' } = options
  makeFolder(data, 0o700)
  const child = spawn(
    process.execPath,
    [
      ...process.execArgv,
      LAUNCHER,
      ...['start', '--json', '--network', 'regtest', '--data', data, '--log-level', logLevel],
      ...['--listen', '127.0.0.1:0', '--api', '127.0.0.1:0'],
      ...['--bitcoind-url', chain.rpcUrl, '--bitcoind-cookie', chain.cookiePath],
    ],
    // A process group of its own: Ctrl-C is for us, and we end the node in order. If we die, its standard input ends.
    {
      detached: true,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { ...cleanEnvironment(process.env), [ENDS_WITH_STDIN]: '1' },
    },
  )
  const node = followNode(child, { readyWithinMs: START_TIMEOUT_MS, endWithinMs: STOP_TIMEOUT_MS })
  const ready = await node.ready
  if (!ready.ok) {
    throw new FailureError({ code: 'peer-did-not-start', name, reason: ready.error, log: join(data, 'node.log') })
  }
  const places = ready.value
  const client = devnetClient(data)
  return {
    name,
    nodeId: places.nodeId,
    listen: places.listen,
    client,
    pid: child.pid ?? 0,
    places,
    ended: node.ended.then(({ how }) => how),
    async stop() {
      client.close()
      await node.end(() => child.stdin?.destroy())
    },
  }
}

// The environment that our own node was started with is not meant for its peers.
const cleanEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('FULGURITE_')))
