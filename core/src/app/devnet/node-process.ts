import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import { FailureError } from '../../lib/errors.ts'
import { makeFolder } from '../../lib/make-folder.ts'
import { OWN_PACKAGE } from '../../lib/own-package.ts'
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
  const ended = endOf(child)
  const places = await readyLine(child, ended, name, join(data, 'node.log'))
  const client = devnetClient(data)
  return {
    name,
    nodeId: places.nodeId,
    listen: places.listen,
    client,
    pid: child.pid ?? 0,
    places,
    ended,
    async stop() {
      client.close()
      child.stdin?.destroy()
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS)
      await ended
      clearTimeout(timer)
    },
  }
}

// The environment that our own node was started with is not meant for its peers.
const cleanEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(env).filter(([name]) => !name.startsWith('FULGURITE_')))

const endOf = (child: ChildProcess): Promise<string> =>
  new Promise((resolve) => {
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) => resolve(signal === null ? `exit code ${code}` : `signal ${signal}`))
    // The process may be gone when it is told to stop.
    child.stdin?.on('error', () => {})
  })

const readyLine = (child: ChildProcess, ended: Promise<string>, name: string, log: string): Promise<NodePlaces> =>
  new Promise((resolve, reject) => {
    let out = ''
    let complaints = ''
    const fail = (reason: string): void => {
      clearTimeout(timer)
      child.kill('SIGKILL')
      reject(new FailureError({ code: 'peer-did-not-start', name, reason, log }))
    }
    const timer = setTimeout(() => fail(`not ready within ${START_TIMEOUT_MS / 1000} s`), START_TIMEOUT_MS)
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      complaints = (complaints + chunk).slice(-2_000)
    })
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk
      const end = out.indexOf('\n')
      if (end === -1) return
      const line = parseLine(out.slice(0, end))
      out = ''
      if (line === undefined || 'error' in line) return fail(line?.error.message ?? 'it said something else')
      clearTimeout(timer)
      resolve(line)
    })
    void ended.then((how) => fail(complaints.trim() === '' ? how : complaints.trim()))
  })

const parseLine = (text: string): NodePlaces | { readonly error: { readonly message: string } } | undefined => {
  try {
    return JSON.parse(text) as NodePlaces
  } catch {
    return undefined
  }
}
