import { type ChildProcess, spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type AskOptions, ConnectionLost, FollowRefused, NodeClient } from '@fulgurite/plugin-sdk/client'
import type {
  ActorName,
  ContractError,
  EventEnvelope,
  KnownEvent,
  OperationName,
  ReplyOf,
  RequestOf,
} from '@fulgurite/plugin-sdk/contract'
import { encodeJson, parseEvent } from '@fulgurite/plugin-sdk/contract'
import { readAccess } from '../../core/src/api/access.ts'
import { followNode, type NodeChild } from '../../core/src/app/node-child.ts'
import type { Result } from '../../core/src/lib/result.ts'
import { freePort } from './free-port.ts'
import { LAUNCHER, NODE_FLAGS, nodeEnvironment } from './launcher.ts'
import { PATIENCE_MS } from './patience.ts'
import { pause, waitFor } from './wait-for.ts'

/** The bitcoind, or what answers like one, that a node is started on. */
export interface NodeChain {
  readonly rpcUrl: string
  readonly cookiePath: string
  readonly zmqUrl?: string
}

export interface NodeProcessOptions {
  readonly name: string
  readonly chain: NodeChain
  /** How many files, sockets among them, the process may have open; what this process may if absent. */
  readonly maxFiles?: number
  readonly env?: Readonly<Record<string, string>>
}

/** Every event of a node of this version is known. */
export const knownEvent = (event: EventEnvelope): KnownEvent => {
  const read = parseEvent(event)
  if (!read.ok || read.value === undefined) throw new Error(`${event.type} is not of the contract`)
  return read.value
}

const LOG_TAIL_LINES = 60

/** A node in a process of its own, on a sqlite file, spoken to over HTTP. It never outlives this process. */
export class NodeProcess {
  readonly name: string
  readonly dataDir: string
  readonly listen: string
  /** Every durable event in order, told once across restarts of the node. */
  readonly events: KnownEvent[] = []
  /** How often the process was started. */
  starts = 0
  #chain: NodeChain
  readonly #options: NodeProcessOptions
  #running: { readonly child: ChildProcess; readonly node: NodeChild } | undefined
  #client: NodeClient | undefined
  #following: Promise<void> | undefined
  #cursor: string | undefined
  #id = ''
  #output = ''
  #keys = 0

  private constructor(options: NodeProcessOptions, port: number) {
    const { name, chain } = options
    this.name = name
    this.#chain = chain
    this.#options = options
    this.dataDir = mkdtempSync(join(tmpdir(), `fulgurite-${name}-`))
    this.listen = `127.0.0.1:${port}`
  }

  /** Starts a node in a new folder. It keeps its port over restarts. */
  static async start(options: NodeProcessOptions): Promise<NodeProcess> {
    const node = new NodeProcess(options, await freePort())
    await node.start()
    return node
  }

  /** One that is not started yet, over what is put into its folder. */
  static async over(options: NodeProcessOptions, fill: (dataDir: string) => void): Promise<NodeProcess> {
    const node = new NodeProcess(options, await freePort())
    fill(node.dataDir)
    return node
  }

  get id(): string {
    return this.#id
  }

  /** The process's id. */
  get pid(): number {
    const pid = this.#running?.child.pid
    if (pid === undefined) throw new Error(`${this.name} is not running`)
    return pid
  }

  get isRunning(): boolean {
    return this.#client !== undefined
  }

  /** What the process wrote, and the last lines of its log: for a test that failed. */
  get diagnosis(): string {
    let log = ''
    try {
      log = readFileSync(join(this.dataDir, 'node.log'), 'utf8').trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n')
    } catch {
      // It never got so far.
    }
    const told = this.events.filter(({ type }) => type === 'channel.errored' || type === 'channel.closing')
    const events = told.map((event) => encodeJson(event)).join('\n')
    return `--- ${this.name}: output\n${this.#output}\n--- ${this.name}: log\n${log}\n--- ${this.name}: events\n${events}`
  }

  /** Starts the process and waits until it answers. */
  async start(): Promise<void> {
    const child = spawnNode(startArgs(this.dataDir, this.#chain, this.listen), this.#chain, this.#options)
    this.starts += 1
    const node = followNode(child, {
      readyWithinMs: PATIENCE_MS,
      endWithinMs: PATIENCE_MS,
      onOutput: (text) => {
        this.#output += text
      },
    })
    this.#running = { child, node }
    void node.ended.then(({ how }) => {
      this.#output += `(ended: ${how})\n`
      if (this.#running?.node !== node) return
      this.#running = undefined
      this.#client?.close()
      this.#client = undefined
    })
    const ready = await node.ready
    if (!ready.ok) throw new Error(`${this.name} did not start: ${ready.error}\n${this.diagnosis}`)
    const access = readAccess(this.dataDir)
    if (!access.ok) throw new Error(`${this.name}: ${access.error.code}`)
    this.#id = ready.value.nodeId
    const client = new NodeClient(access.value)
    this.#client = client
    this.#following = this.#follow(client)
  }

  /** An orderly stop. Resolves to the exit code. */
  stop(): Promise<number | null> {
    return this.#end('SIGTERM')
  }

  /** SIGKILL, at once. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL')
  }

  /** Ends it, and removes its folder. */
  async dispose(): Promise<void> {
    if (this.#running !== undefined) await this.stop()
    if (process.env.FULGURITE_KEEP === undefined) rmSync(this.dataDir, { recursive: true, force: true })
  }

  tryAsk<A extends ActorName, O extends OperationName<A>>(
    actor: A,
    operation: O,
    request: object,
    options: AskOptions = {},
  ): Promise<Result<ReplyOf<A, O>, ContractError>> {
    const client = this.#client
    if (client === undefined) return Promise.reject(new ConnectionLost(`${this.name} is not running`))
    return client.ask(actor, operation, request as RequestOf<A, O>, { key: `${this.name}-${this.#keys++}`, ...options })
  }

  /** Throws on a refusal. */
  async ask<A extends ActorName, O extends OperationName<A>>(
    actor: A,
    operation: O,
    request: object,
    options?: AskOptions,
  ): Promise<ReplyOf<A, O>> {
    const answer = await this.tryAsk(actor, operation, request, options)
    if (!answer.ok) throw new Error(`${this.name} ${actor}.${operation}: ${JSON.stringify(answer.error)}`)
    return answer.value
  }

  /** Asks until an answer comes, over restarts of the node if need be: for what is safe to ask again. */
  async askUntilAnswered<A extends ActorName, O extends OperationName<A>>(
    actor: A,
    operation: O,
    request: object,
    options: AskOptions,
  ): Promise<Result<ReplyOf<A, O>, ContractError>> {
    for (;;) {
      await this.untilRunning()
      try {
        const answer = await this.tryAsk(actor, operation, request, options)
        if (answer.ok || answer.error.code !== 'not-ready') return answer
      } catch (error) {
        if (!(error instanceof ConnectionLost)) throw error
      }
      await pause()
    }
  }

  untilRunning(): Promise<void> {
    return waitFor(`${this.name} runs`, () => this.isRunning)
  }

  /** Looks again and again until it holds; while the node does not answer it does not hold. */
  until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = PATIENCE_MS): Promise<void> {
    return waitFor(
      `${this.name}: ${what}`,
      async () => {
        try {
          return await holds()
        } catch (error) {
          if (error instanceof ConnectionLost) return false
          throw error
        }
      },
      timeoutMs,
    )
  }

  /** The payloads of the durable events of one name. */
  payloads(name: string): Record<string, unknown>[] {
    return this.events.filter(({ type }) => type === name).map(({ payload }) => payload as Record<string, unknown>)
  }

  /** A new connection goes on where the last one ended. */
  async #follow(client: NodeClient): Promise<void> {
    try {
      if (this.#cursor === undefined) {
        const oldest = await client.ask('events', 'list', { limit: 500 })
        if (!oldest.ok) throw new Error(`${this.name} events.list: ${oldest.error.code}`)
        this.events.push(...oldest.value.items.map(knownEvent))
        this.#cursor = oldest.value.next
      }
      for await (const { isDurable, ...event } of client.follow({ from: this.#cursor })) {
        if (!isDurable) continue
        this.events.push(event)
        this.#cursor = event.cursor
      }
    } catch (error) {
      const isStopping = error instanceof FollowRefused && error.error.code === 'not-ready'
      if (!isStopping && !(error instanceof ConnectionLost)) throw error
    }
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const running = this.#running
    if (running === undefined) throw new Error(`${this.name} is not running`)
    const { code } = await running.node.end(() => running.child.kill(signal))
    await this.#following
    return code
  }
}

/** The arguments of `fulgurite start` on regtest. */
export const startArgs = (dataDir: string, chain: NodeChain, listen = '127.0.0.1:0'): string[] => [
  ...['start', '--data', dataDir, '--network', 'regtest', '--json'],
  ...['--bitcoind-url', chain.rpcUrl, '--bitcoind-cookie', chain.cookiePath],
  ...['--listen', listen, '--api', '127.0.0.1:0'],
]

// The node ends when its standard input does: however this process ends, none is left behind.
const spawnNode = (
  args: readonly string[],
  { zmqUrl }: NodeChain,
  { maxFiles, env = {} }: NodeProcessOptions,
): ChildProcess => {
  const command = [process.execPath, ...NODE_FLAGS, LAUNCHER, ...args]
  const [program, ...rest] =
    maxFiles === undefined ? command : ['/bin/sh', '-c', `ulimit -n ${maxFiles}; exec "$@"`, 'sh', ...command]
  return spawn(program as string, rest, {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: nodeEnvironment({
      ...process.env,
      FULGURITE_ENDS_WITH_STDIN: '1',
      ...(zmqUrl === undefined ? {} : { FULGURITE_BITCOIND_ZMQ: zmqUrl }),
      ...env,
    }),
  })
}
