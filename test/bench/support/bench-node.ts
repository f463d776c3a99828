import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { readAccess } from '../../../core/src/api/access.ts'
import { followNode, type NodeChild } from '../../../core/src/app/node-child.ts'
import type { NodePlaces } from '../../../core/src/app/running-node.ts'
import { LAUNCHER, NODE_FLAGS, nodeEnvironment } from '../../support/launcher.ts'
import { PATIENCE_MS } from '../../support/patience.ts'
import { ApiConnection } from './api-client.ts'
import type { Watched, WorkCounts } from './work-counters.ts'

const COUNTERS = fileURLToPath(new URL('work-counters.ts', import.meta.url))

interface BenchNodeOptions {
  /** Its data folder. */
  readonly data: string
  readonly bitcoindUrl: string
  readonly bitcoindCookie: string
  /** Whether it counts its work: `counts` can be asked then. */
  readonly counted?: boolean
  /** Whether its event loop is watched from its first moment on; it has to be counted, too. */
  readonly watched?: boolean
  /** What `start` is told besides. */
  readonly told?: readonly string[]
}

/** `fulgurite start` in a process of its own. */
export class BenchNode {
  readonly id: string
  readonly address: string
  readonly pid: number
  /** Its data folder. */
  readonly data: string
  readonly #url: string
  readonly #token: string
  readonly #process: ChildProcess
  readonly #node: NodeChild
  readonly #operator: ApiConnection

  private constructor(
    child: ChildProcess,
    node: NodeChild,
    data: string,
    places: NodePlaces,
    token: string,
    operator: ApiConnection,
  ) {
    this.id = places.nodeId
    this.address = places.listen
    this.pid = child.pid as number
    this.data = data
    this.#url = places.api
    this.#token = token
    this.#process = child
    this.#node = node
    this.#operator = operator
  }

  static async start(options: BenchNodeOptions): Promise<BenchNode> {
    const { data, bitcoindUrl, bitcoindCookie, counted = false, watched = false, told = [] } = options
    const profile = process.env.FULGURITE_BENCH_PROFILE
    const child = spawn(
      process.execPath,
      [
        // As the launcher starts Node.
        ...NODE_FLAGS,
        ...(counted ? ['--import', COUNTERS] : []),
        ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`]),
        LAUNCHER,
        ...['--data', data, 'start', '--network', 'regtest', '--listen', '127.0.0.1:0', '--log-level', 'error'],
        ...['--bitcoind-url', bitcoindUrl, '--bitcoind-cookie', bitcoindCookie, '--json', ...told],
      ],
      {
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
        env: { ...nodeEnvironment(process.env), ...(watched ? { FULGURITE_BENCH_WATCHED: '1' } : {}) },
      },
    )
    const node = followNode(child, { readyWithinMs: PATIENCE_MS, endWithinMs: PATIENCE_MS })
    const [ready, access] = [await node.ready, readAccess(data)]
    if (!ready.ok) throw new Error(`the node did not start: ${ready.error}`)
    if (!access.ok) throw new Error(access.error.code)
    const { token } = access.value
    return new BenchNode(child, node, data, ready.value, token, await ApiConnection.open(ready.value.api, token))
  }

  /** A connection of its own, for questions that wait beside each other. */
  connection(): Promise<ApiConnection> {
    return ApiConnection.open(this.#url, this.#token)
  }

  ask(path: string, body: object = {}, key?: string): Promise<Record<string, unknown>> {
    return this.#operator.ask(path, body, key)
  }

  /** Asks again and again until it holds. */
  async until(holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + 30_000
    while (!(await holds())) {
      if (performance.now() > deadline) throw new Error('a node did not get there in 30 s')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  counts(): Promise<WorkCounts> {
    return this.#tell('counts')
  }

  /** Begins to watch its event loop and memory. */
  watch(): Promise<unknown> {
    return this.#tell('watch')
  }

  /** What was seen since `watch`. */
  watched(): Promise<Watched> {
    return this.#tell('watched')
  }

  /** Where its API is. */
  get api(): string {
    return this.#url
  }

  /** The bytes that its process holds on to once garbage is collected. */
  held(): Promise<number> {
    return this.#tell('held')
  }

  #tell<Answer>(what: string): Promise<Answer> {
    return new Promise((resolve) => {
      this.#process.once('message', (answer) => resolve(answer as Answer))
      this.#process.send(what)
    })
  }

  async stop(): Promise<void> {
    this.#operator.close()
    await this.#node.end(() => this.#process.kill('SIGTERM'))
  }
}
