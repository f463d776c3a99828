import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { type RpcAuth, rpcClient } from '../../../core/src/chain/bitcoind/rpc-client.ts'
import { freePort } from '../../support/free-port.ts'
import { PATIENCE_MS } from '../../support/patience.ts'

export interface BitcoindOptions {
  /** Loads a wallet named `test`. */
  readonly wallet?: boolean
  /** Further options, such as `-prune=550`. */
  readonly args?: readonly string[]
  /** The folder of an earlier one that was stopped with `keepData`. */
  readonly dataDir?: string
  /** Those of an earlier one, whose place it takes. */
  readonly ports?: BitcoindPorts
  /** No file of it grows beyond so many kilobytes: writes fail then, as on a disk that is full. */
  readonly fileLimitKb?: number
  /** Takes connections of other nodes, at the third of its ports. */
  readonly listens?: boolean
}

/** For RPC, for ZMQ, for other nodes, and for ZMQ's transactions. */
type BitcoindPorts = readonly [rpc: number, zmq: number, peers: number, zmqTxs: number]

export interface RunningBitcoind {
  /** Such as `http://127.0.0.1:18443`. */
  readonly rpcUrl: string
  readonly cookiePath: string
  readonly auth: RpcAuth
  /** Where `rawblock` and `hashblock` are published. */
  readonly zmqUrl: string
  /** Where `rawtx` is published. */
  readonly zmqTxUrl: string
  readonly dataDir: string
  readonly ports: BitcoindPorts
  /** It is Bitcoin Knots, which has a few rules of its own. */
  readonly isKnots: boolean
  /** Calls a method and gives its result; throws when bitcoind answers with an error. */
  rpc<T = unknown>(method: string, params?: readonly unknown[]): Promise<T>
  /** Has it answer nothing more, connections open, until it is resumed. */
  hang(): void
  resume(): void
  /** Ends the process and removes its folder, unless told to keep it. */
  stop(options?: { readonly keepData?: boolean }): Promise<void>
}

const POLL_MS = 50

/** Where bitcoind is: `BITCOIND`, else on the `PATH`; `undefined` when there is none. */
const findBitcoind = (): string | undefined => {
  const named = process.env.BITCOIND
  if (named !== undefined && named !== '') return existsSync(named) ? named : undefined
  const folders = (process.env.PATH ?? '').split(delimiter)
  return folders.map((folder) => join(folder, 'bitcoind')).find((path) => existsSync(path))
}

/** Why the tests of the real chain cannot run here; `undefined` when they can. */
export const whyNoBitcoind = (): string | undefined =>
  findBitcoind() === undefined
    ? 'no bitcoind: set BITCOIND to the path of one (version 28 or later) or put it on the PATH'
    : undefined

/** Starts a regtest bitcoind of its own on loopback, in a temporary folder. */
export const startBitcoind = async (options: BitcoindOptions = {}): Promise<RunningBitcoind> => {
  const binary = findBitcoind()
  if (binary === undefined) throw new Error(whyNoBitcoind())
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'fulgurite-bitcoind-')))
  const ports = options.ports ?? [await freePort(), await freePort(), await freePort(), await freePort()]
  const [rpcPort, zmqPort, peerPort, zmqTxPort] = ports
  const zmqUrl = `tcp://127.0.0.1:${zmqPort}`
  const zmqTxUrl = `tcp://127.0.0.1:${zmqTxPort}`
  const { fileLimitKb } = options
  // A shell counts in blocks of 512 bytes.
  const limited = `trap '' XFSZ; ulimit -f ${2 * (fileLimitKb ?? 0)}; exec "$0" "$@"`
  const child = spawn(
    fileLimitKb === undefined ? binary : 'sh',
    [
      ...(fileLimitKb === undefined ? [] : ['-c', limited, binary]),
      '-regtest',
      `-datadir=${dataDir}`,
      ...(options.listens === true ? ['-listen=1', `-bind=127.0.0.1:${peerPort}`] : ['-listen=0']),
      '-dnsseed=0',
      '-fixedseeds=0',
      '-txindex=0',
      '-fallbackfee=0.0001',
      '-rpcbind=127.0.0.1',
      '-rpcallowip=127.0.0.1',
      `-rpcport=${rpcPort}`,
      `-zmqpubrawblock=${zmqUrl}`,
      `-zmqpubhashblock=${zmqUrl}`,
      `-zmqpubrawtx=${zmqTxUrl}`,
      '-printtoconsole=0',
      ...(options.wallet === true ? [] : ['-disablewallet']),
      // Knots has stricter defaults of its own; the chain at large relays by Core's.
      ...(isKnots(binary) ? ['-corepolicy=1'] : []),
      ...(options.args ?? []),
    ],
    { stdio: 'ignore' },
  )
  const rpcUrl = `http://127.0.0.1:${rpcPort}`
  const cookiePath = join(dataDir, 'regtest', '.cookie')
  const auth: RpcAuth = { type: 'cookie', path: cookiePath }
  // Programs on this bitcoind may have wallets of their own beside it.
  const client = rpcClient({ url: options.wallet === true ? `${rpcUrl}/wallet/test` : rpcUrl, auth })

  const rpc = async <T>(method: string, params: readonly unknown[] = []): Promise<T> => {
    const reply = await client.call(method, params)
    if (reply.ok) return reply.value as T
    throw new Error(`${method}: ${JSON.stringify(reply.error)}`)
  }
  const hang = (): void => void child.kill('SIGSTOP')
  const resume = (): void => void child.kill('SIGCONT')
  const stop = async ({ keepData = false } = {}): Promise<void> => {
    client.close()
    resume()
    await ended(child)
    if (!keepData) await rm(dataDir, { recursive: true, force: true })
  }

  try {
    await untilReady(child, () => rpc('getblockchaininfo'))
    if (options.wallet === true) await rpc(options.dataDir === undefined ? 'createwallet' : 'loadwallet', ['test'])
  } catch (error) {
    await stop()
    throw error
  }
  return {
    rpcUrl,
    cookiePath,
    auth,
    zmqUrl,
    zmqTxUrl,
    dataDir,
    ports,
    isKnots: isKnots(binary),
    rpc,
    hang,
    resume,
    stop,
  }
}

const isKnots = (binary: string): boolean => execFileSync(binary, ['-version'], { encoding: 'utf8' }).includes('Knots')

const untilReady = async (child: ChildProcess, ask: () => Promise<unknown>): Promise<void> => {
  const deadline = Date.now() + PATIENCE_MS
  for (;;) {
    try {
      await ask()
      return
    } catch (error) {
      if (child.exitCode !== null) throw new Error(`bitcoind ended with code ${child.exitCode}`)
      if (Date.now() > deadline) throw error
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}

const ended = async (child: ChildProcess): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exit = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const force = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  await exit
  clearTimeout(force)
}
